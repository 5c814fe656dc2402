// SPDX-License-Identifier: Apache-2.0
/// Finds out how a writer ended when the next inspection finds its files gone, or a successor in
/// its place.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "evo/domain.hpp"

namespace evo::tools {

enum class WriterEnd : std::uint8_t {
  Died,
  Closed,
  None,     ///< it is still alive: only its file's name is gone
  Unknown,  ///< its control file is not held: descriptors are short, or it was already gone
};

/// Holds the control files of live writers open: their contents remain readable after unlink.
class WriterEnds {
 public:
  explicit WriterEnds(Domain domain) : domain_(std::move(domain)) {}
  WriterEnds(const WriterEnds&) = delete;
  WriterEnds& operator=(const WriterEnds&) = delete;
  ~WriterEnds();

  /// Holds the file of the segment's live writer, in place of a previous one, if enough descriptors
  /// are free. False if the file is no longer that incarnation's.
  [[nodiscard]] bool hold(const std::string& segment, std::uint64_t incarnation);

  /// How the writer of the held file ended.
  [[nodiscard]] WriterEnd end_of(const std::string& segment) const;

  void release(const std::string& segment) noexcept;

 private:
  struct Held {
    int fd;
    std::uint64_t incarnation;
    std::uint64_t generation;
    std::uint32_t deaths;
  };

  Domain domain_;
  std::map<std::string, Held> held_;
};

}  // namespace evo::tools
