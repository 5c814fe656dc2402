// SPDX-License-Identifier: Apache-2.0
#include "evo/raw_stream_writer.hpp"

#include "attachment/writer_attachment.hpp"

namespace evo {

Result<RawStreamWriter> RawStreamWriter::create(const ChannelDescription& channel,
                                                WriterOptions options) {
  if (channel.kind != Kind::Stream) return detail::refuse_kind(channel);
  auto attachment = detail::WriterAttachment::make(channel, options);
  if (!attachment) return tl::unexpected(attachment.error());
  return RawStreamWriter(detail::Owned(attachment->release()));
}

RawStreamWriter::RawStreamWriter(detail::Owned<detail::WriterAttachment> attachment) noexcept
    : publisher_(attachment->stream_publisher()),
      geometry_(attachment->layout().geometry),
      attachment_(std::move(attachment)) {}

RawStreamWriter::RawStreamWriter(RawStreamWriter&&) noexcept = default;
RawStreamWriter& RawStreamWriter::operator=(RawStreamWriter&&) noexcept = default;
RawStreamWriter::~RawStreamWriter() = default;

WriteResult RawStreamWriter::push(std::span<const std::byte> value,
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

std::optional<SlowReader> RawStreamWriter::slowest_reader() const {
  const auto place = publisher_.slowest_reader();
  if (!place) return std::nullopt;
  const auto& name = attachment_->control()->readers()[place->index].process_name;
  return SlowReader{place->unread, place->pid,
                    printable(detail::load_text(name.data(), name.size()))};
}

std::uint64_t RawStreamWriter::incarnation() const noexcept {
  return attachment_->incarnation();
}

const MemoryReport& RawStreamWriter::memory() const noexcept {
  return attachment_->memory();
}

}  // namespace evo
