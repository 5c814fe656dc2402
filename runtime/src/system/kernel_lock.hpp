// SPDX-License-Identifier: Apache-2.0
/// Open-file-description locks: the open file owns them. The kernel frees them as soon as the open
/// file is closed or its process dies in any way, and they mean the same in every PID namespace.
#pragma once

#include <cstdint>
#include <optional>

#include "evo/error.hpp"

namespace evo::detail {

/// Tries to take the write lock on one byte; false if another open file holds it.
Result<bool> try_lock(int fd, std::uint64_t byte);

/// Tries to lock all bytes in [byte, byte + count), or none. Returns false on any failure, so it
/// allocates nothing.
bool lock_quietly(int fd, std::uint64_t byte, std::uint64_t count) noexcept;

void unlock(int fd, std::uint64_t byte, std::uint64_t count = 1) noexcept;
/// Frees every lock of this open file.
void unlock_all(int fd) noexcept;

/// Whether another open file holds a lock in [byte, byte + count). No side effects.
bool is_locked(int fd, std::uint64_t byte, std::uint64_t count = 1) noexcept;

/// The bytes [first, end) of a lock.
struct HeldLock {
  std::uint64_t first;
  std::uint64_t end;
};

/// A lock of another open file that overlaps [byte, byte + count), not necessarily the first one.
std::optional<HeldLock> find_lock(int fd, std::uint64_t byte, std::uint64_t count) noexcept;

}  // namespace evo::detail
