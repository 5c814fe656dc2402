// SPDX-License-Identifier: Apache-2.0
#include "evo/raw_state_writer.hpp"

#include <atomic>
#include <cstring>

#include "attachment/writer_attachment.hpp"

namespace evo {

Result<RawStateWriter> RawStateWriter::create(const ChannelDescription& channel,
                                              WriterOptions options) {
  if (channel.kind != Kind::State) return detail::refuse_kind(channel);
  auto attachment = detail::WriterAttachment::make(channel, options);
  if (!attachment) return tl::unexpected(attachment.error());
  return RawStateWriter(detail::Owned(attachment->release()));
}

Result<RawStateWriter> RawStateWriter::create(std::string_view name, std::size_t size,
                                              WriterOptions options) {
  ChannelDescription channel;
  channel.name = name;
  channel.owner = "untyped";
  channel.size = size;
  return create(channel, std::move(options));
}

RawStateWriter::RawStateWriter(detail::Owned<detail::WriterAttachment> attachment) noexcept
    : publisher_(attachment->publisher()),
      geometry_(attachment->layout().geometry),
      attachment_(std::move(attachment)) {}

RawStateWriter::RawStateWriter(RawStateWriter&&) noexcept = default;
RawStateWriter& RawStateWriter::operator=(RawStateWriter&&) noexcept = default;
RawStateWriter::~RawStateWriter() = default;

WriteResult RawStateWriter::write(std::span<const std::byte> value) noexcept {
  if (value.size() > geometry_.payload_size) return tl::unexpected(WriteError::OutOfRange);
  return publisher_.publish(geometry_, [&](std::byte* payload) {
    detail::copy_to_shared(payload, value.data(), value.size());
    detail::clear_shared(payload, value.size(), geometry_.payload_size);
  });
}

WriteResult RawStateWriter::write_at(std::size_t offset,
                                     std::span<const std::byte> bytes) noexcept {
  if (offset > geometry_.payload_size || bytes.size() > geometry_.payload_size - offset) {
    return tl::unexpected(WriteError::OutOfRange);
  }
  const std::byte* last = publisher_.last_payload(geometry_);
  return publisher_.publish(geometry_, [&](std::byte* payload) {
    detail::copy_to_shared(payload, last, geometry_.payload_size);
    detail::patch_shared(payload, offset, bytes);
  });
}

void RawStateWriter::flush() noexcept {
  // seq_cst: the fence is the whole purpose of this function; it pairs with any later operation of
  // the caller.
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

std::uint64_t RawStateWriter::incarnation() const noexcept {
  return attachment_->incarnation();
}

const MemoryReport& RawStateWriter::memory() const noexcept {
  return attachment_->memory();
}

}  // namespace evo
