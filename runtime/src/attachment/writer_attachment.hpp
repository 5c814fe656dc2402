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

class WriterAttachment {
 public:
  static Result<std::unique_ptr<WriterAttachment>> make(const ChannelDescription& channel,
                                                        const WriterOptions& options);
  WriterAttachment(Domain domain, const ChannelDescription& channel, Control locked);
  WriterAttachment(const WriterAttachment&) = delete;
  WriterAttachment& operator=(const WriterAttachment&) = delete;
  /// Closes the segment: marks it, removes its files, wakes sleepers, frees the lock.
  ~WriterAttachment();

  [[nodiscard]] StatePublisher publisher() noexcept;
  [[nodiscard]] StreamPublisher stream_publisher() noexcept;
  [[nodiscard]] const Domain& domain() const noexcept { return domain_; }
  [[nodiscard]] const Control& control() const noexcept { return control_; }
  [[nodiscard]] const SegmentLayout& layout() const noexcept { return layout_; }
  [[nodiscard]] const MemoryReport& memory() const noexcept { return memory_; }
  [[nodiscard]] std::uint64_t incarnation() const noexcept { return incarnation_; }
  /// Links only: the data file, whose connections this object does not map.
  [[nodiscard]] int data_fd() const noexcept { return data_fd_.get(); }

 private:
  [[nodiscard]] SegmentHeader& header() const noexcept {
    return *reinterpret_cast<SegmentHeader*>(data_.data());
  }
  [[nodiscard]] std::byte* slots() const noexcept { return data_.data() + layout_.slots_offset; }
  Result<void> open_or_make(const ChannelDescription& channel, OnOrphan on_orphan);
  bool find_in_place(const ChannelDescription& channel, const std::string& path);
  void take_over();
  Result<void> make_data_file(const ChannelDescription& channel);
  Result<void> make_room_for_connections(const UnnamedFile& file);
  Result<void> name_data_file(UnnamedFile file, const ChannelDescription& channel);
  Result<void> write_meta(const ChannelDescription& channel);
  void forget_earlier_boot();
  /// Takes the next incarnation, counts the death of the one before, and names this process.
  void begin_incarnation();

  WriterQuota quota_;
  ResourceLimits limits_;
  Domain domain_;
  std::string name_;
  Control control_;  // holds the writer's lock through its descriptor
  Mapping data_;
  GuardedDescriptor data_fd_;  // of a link
  SegmentLayout layout_;
  MemoryReport memory_;
  std::optional<DeadlineRecorder> watch_;
  std::uint64_t incarnation_ = 0;
  Sequence last_ = 0;
  std::string warning_;  // about the memory of the domain
  bool wants_huge_pages_ = false;
  WakeProtocol wake_protocol_ = WakeProtocol::Fence;
  bool taken_over_ = false;
  bool open_ = false;  // the segment exists and is ours: close it at the end
};

/// Unsupported: says which class creates segments of this kind.
tl::unexpected<Error> refuse_kind(const ChannelDescription& channel);

/// A JSON string. A path may contain any byte: bytes that are not a UTF-8 character become U+FFFD.
std::string json_string(std::string_view text);

/// The text of `evo_{name}.meta`.
std::string meta_text(const WriterAttachment& writer, const ChannelDescription& channel);

}  // namespace evo::detail
