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

/// Appends to the report's note, unless there is nothing to say.
void add_note(MemoryReport& report, std::string_view note);

/// What forked children get of a mapping.
enum class InChildren : std::uint8_t {
  ZeroPages,  ///< see fork_guard.hpp
  TheSame,
};

/// Owns a shared mapping of a whole file.
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

  /// Moves the pages of a file that nobody else maps yet into huge ones, as far as the kernel can.
  void gather_huge_pages() const;

  /// Applies the options and says what was obtained; `lock` that cannot be had is an
  /// error, everything else a note.
  Result<MemoryReport> apply(const MemoryOptions& options, Protection protection);

  [[nodiscard]] std::byte* data() const noexcept { return address_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return {address_, size_}; }

 private:
  std::byte* address_ = nullptr;
  std::size_t size_ = 0;
  bool guarded_ = false;  // in forked children
};

}  // namespace evo::detail
