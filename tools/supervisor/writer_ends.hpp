/// How writers ended that were gone at the next look, with their files or with a successor.
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
  None,     ///< it goes on: only the name of its file is gone
  Unknown,  ///< its control file is not held: descriptors are short, or it was already gone
};

/// Holds the control files of live writers open: they keep what they say when they lose their name.
class WriterEnds {
 public:
  explicit WriterEnds(Domain domain) : domain_(std::move(domain)) {}
  WriterEnds(const WriterEnds&) = delete;
  WriterEnds& operator=(const WriterEnds&) = delete;
  ~WriterEnds();

  /// Holds the file of the segment's live writer, instead of a former one, if there are descriptors
  /// to spare. False if the file is not that incarnation's any more.
  [[nodiscard]] bool hold(const std::string& segment, std::uint64_t incarnation);

  /// How the writer ended whose file is held.
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
