/// The end of a segment: who goes last takes everything along.
///
/// A closing writer, and a reader that leaves a closed segment, both look whether the other
/// is still there. I1: a reader frees its lock before it looks at the state; whoever clears up
/// looks at the readers once more after freeing the writer's lock. So nobody relies on one who
/// has looked before and is gone.
#pragma once

#include <optional>
#include <utility>

#include "attachment/control.hpp"

namespace evo::detail {

/// The writer's lock and that of the names, held for a moment to tidy up: a creator waits for its
/// end.
class TidyHold {
 public:
  /// Nothing if another process holds the writer's lock, or fences its holder off.
  static std::optional<TidyHold> take(const Control& control);
  TidyHold(TidyHold&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  TidyHold& operator=(TidyHold&&) = delete;
  ~TidyHold();

 private:
  explicit TidyHold(int fd) noexcept : fd_(fd) {}

  int fd_;
};

/// With the writer's lock and that of the names held, of a segment that is not Open: removes
/// whatever the last writer has left, wherever it died, and the control file unless a reader is
/// attached; lets go of the locks. False if some file of the segment could not be removed.
bool clear_up(const Domain& domain, std::string_view name, const Control& control);

}  // namespace evo::detail
