// SPDX-License-Identifier: Apache-2.0
/// A private copy of bytes that other processes may be changing in a file.
#pragma once

#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace evo::detail {

/// The start of a file, copied by the kernel, so that it can be inspected without a mapping.
template <class T>
struct Copy {
  alignas(8) std::array<std::byte, sizeof(T)> bytes{};

  bool read(int fd, std::uint64_t offset = 0) {
    return ::pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)) ==
           static_cast<ssize_t>(bytes.size());
  }
  const T* operator->() const { return &**this; }
  const T& operator*() const { return *reinterpret_cast<const T*>(bytes.data()); }
};

}  // namespace evo::detail
