// SPDX-License-Identifier: Apache-2.0
/// A mapped file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "evo/error.hpp"
#include "evo/options.hpp"

namespace evo::detail {

enum class Protection : std::uint8_t { Read, ReadWrite };

/// Appends to the report's note; an empty note adds nothing.
void add_note(MemoryReport& report, std::string_view note);

/// What a forked child gets in place of a mapping.
enum class InChildren : std::uint8_t {
  ZeroPages,  ///< see fork_guard.hpp
  TheSame,
};

/// Touches every page of a mapping, so that later accesses take no page fault.
bool load_pages(std::byte* address, std::size_t size, Protection protection);

/// Owns a shared mapping of the beginning of a file.
class Mapping {
 public:
  Mapping() = default;
  Mapping(Mapping&& other) noexcept
      : address_(std::exchange(other.address_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        guarded_(std::exchange(other.guarded_, false)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(address_, other.address_);
    std::swap(size_, other.size_);
    std::swap(guarded_, other.guarded_);
    return *this;
  }
  ~Mapping();

  static Result<Mapping> map(int fd, std::size_t size, Protection protection,
                             InChildren in_children = InChildren::ZeroPages);

  /// Moves the pages into huge ones, as far as the kernel can. Only for a file that no other
  /// process maps yet.
  void gather_huge_pages() const;

  /// Applies the options and reports what was granted. A failed `lock` is an error; any other
  /// failure is a note.
  Result<MemoryReport> apply(const MemoryOptions& options, Protection protection);

  [[nodiscard]] std::byte* data() const noexcept { return address_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return {address_, size_}; }

 private:
  std::byte* address_ = nullptr;
  std::size_t size_ = 0;
  bool guarded_ = false;  // replaced by zero pages in forked children
};

}  // namespace evo::detail
