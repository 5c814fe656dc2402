// SPDX-License-Identifier: Apache-2.0
/// The parts of a writer that the data path does not need: files, locks, mappings.
#pragma once

#include <memory>
#include <optional>

#include "attachment/control.hpp"
#include "attachment/quota.hpp"
#include "evo/detail/deadline_recorder.hpp"
#include "evo/detail/state_publisher.hpp"
#include "evo/detail/stream_publisher.hpp"
#include "evo/detail/waiting.hpp"

namespace evo::detail {

struct WriterAttachment {
  static Result<std::unique_ptr<WriterAttachment>> make(const ChannelDescription& channel,
                                                        const WriterOptions& options);
  WriterAttachment(Domain domain, const ChannelDescription& channel, Control locked);
  WriterAttachment(const WriterAttachment&) = delete;
  WriterAttachment& operator=(const WriterAttachment&) = delete;
  /// Closes the segment: marks it, removes its files, wakes sleepers, frees the lock.
  ~WriterAttachment();

  [[nodiscard]] StatePublisher publisher() noexcept;
  [[nodiscard]] StreamPublisher stream_publisher() noexcept;
  [[nodiscard]] SegmentHeader& header() const noexcept {
    return *reinterpret_cast<SegmentHeader*>(data.data());
  }
  [[nodiscard]] std::byte* slots() const noexcept { return data.data() + layout.slots_offset; }

  WriterQuota quota;
  ResourceLimits limits;
  Domain domain;
  std::string name;
  Control control;  // holds the writer's lock through its descriptor
  Mapping data;
  SegmentLayout layout;
  MemoryReport memory;
  std::optional<DeadlineRecorder> watch;
  std::uint64_t incarnation = 0;
  Sequence last = 0;

 private:
  Result<void> open_or_make(const ChannelDescription& channel, OnOrphan on_orphan);
  bool find_in_place(const ChannelDescription& channel, const std::string& path);
  void take_over();
  Result<void> make_data_file(const ChannelDescription& channel);
  Result<void> name_data_file(UnnamedFile file, const ChannelDescription& channel);
  Result<void> write_meta(const ChannelDescription& channel);
  void forget_earlier_boot();
  void announce();

  std::string warning_;  // about the memory of the domain
  bool wants_huge_pages_ = false;
  WakeProtocol wake_protocol_ = WakeProtocol::Fence;
  bool taken_over_ = false;
  bool open_ = false;  // the segment exists and is ours: close it at the end
};

/// A JSON string. A path may contain any byte: bytes that are not a UTF-8 character become U+FFFD.
std::string json_string(std::string_view text);

/// The text of `evo_{name}.meta`.
std::string meta_text(const WriterAttachment& writer, const ChannelDescription& channel);

}  // namespace evo::detail
