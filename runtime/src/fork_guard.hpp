/// Keeps a forked child from being a second writer or reader.
///
/// Open-file-description locks are shared with children, so a child that outlives its
/// parent would keep a dead writer "alive". A pthread_atfork handler therefore closes
/// the registered descriptors in the child, and puts zero pages where the mappings were
/// (they are not inherited): an inherited writer finds another incarnation there and
/// reports Fenced, an inherited reader another generation and reports Detached.
/// Children made by vfork or posix_spawn run no handler; O_CLOEXEC covers them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "mapping.hpp"

namespace evo::detail {

/// Registration of one end's descriptor and mappings, for as long as it lives.
class ForkGuard {
 public:
  ForkGuard() = default;
  ForkGuard(int fd, const Mapping& control, const Mapping& data);
  ForkGuard(ForkGuard&& other) noexcept : id_(std::exchange(other.id_, 0)), life_(other.life_) {}
  ForkGuard& operator=(ForkGuard&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(life_, other.life_);
    return *this;
  }
  ~ForkGuard();

  /// Whether this is a forked child's copy, which owns nothing.
  [[nodiscard]] bool in_forked_child() const noexcept;

 private:
  std::uint64_t id_ = 0;
  std::uint64_t life_ = 0;
};

}  // namespace evo::detail
