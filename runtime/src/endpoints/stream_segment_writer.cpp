#include "evo/stream_segment_writer.hpp"

#include "attachment/writer_attachment.hpp"

namespace evo {

Result<StreamSegmentWriter> StreamSegmentWriter::create(const ChannelDescription& channel,
                                                        WriterOptions options) {
  if (channel.kind != Kind::Stream) {
    return detail::fail(ErrorCode::Unsupported,
                        "segment '{}' is a state; create it with a SegmentWriter", channel.name);
  }
  auto attachment = detail::WriterAttachment::make(channel, options);
  if (!attachment) return tl::unexpected(attachment.error());
  return StreamSegmentWriter(std::move(*attachment));
}

StreamSegmentWriter::StreamSegmentWriter(
    std::unique_ptr<detail::WriterAttachment> attachment) noexcept
    : publisher_(attachment->stream_publisher()),
      geometry_(attachment->layout.geometry),
      attachment_(std::move(attachment)) {}

StreamSegmentWriter::StreamSegmentWriter(StreamSegmentWriter&&) noexcept = default;
StreamSegmentWriter& StreamSegmentWriter::operator=(StreamSegmentWriter&&) noexcept = default;
StreamSegmentWriter::~StreamSegmentWriter() = default;

WriteResult StreamSegmentWriter::push(std::span<const std::byte> value,
                                      std::chrono::nanoseconds timeout) noexcept {
  if (value.size() > geometry_.payload_size) return tl::unexpected(WriteError::OutOfRange);
  return publisher_.push(
      geometry_,
      [&](std::byte* payload) {
        detail::copy_to_shared(payload, value.data(), value.size());
        detail::clear_shared(payload, value.size(), geometry_.payload_size);
      },
      timeout);
}

std::optional<SlowReader> StreamSegmentWriter::slowest_reader() const {
  const auto place = publisher_.slowest_reader();
  if (!place) return std::nullopt;
  const auto& name = attachment_->control->readers()[place->index].process_name;
  return SlowReader{place->unread, place->pid,
                    detail::printable(detail::load_text(name.data(), name.size()))};
}

std::uint64_t StreamSegmentWriter::incarnation() const noexcept {
  return attachment_->incarnation;
}

const MemoryReport& StreamSegmentWriter::memory() const noexcept {
  return attachment_->memory;
}

}  // namespace evo
