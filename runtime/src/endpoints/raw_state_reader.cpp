// SPDX-License-Identifier: Apache-2.0
#include "evo/raw_state_reader.hpp"

#include <algorithm>

#include "attachment/reader_attachment.hpp"
#include "protocol/range_copy.hpp"

namespace evo {

Result<RawStateReader> RawStateReader::attach(std::string_view name, ReaderOptions options) {
  return attach(name, nullptr, options);
}

Result<RawStateReader> RawStateReader::attach(const ChannelDescription& channel,
                                              ReaderOptions options) {
  return attach(channel.name, &channel, options);
}

Result<RawStateReader> RawStateReader::attach(std::string_view name,
                                              const ChannelDescription* channel,
                                              const ReaderOptions& options) {
  auto attachment = detail::ReaderAttachment::await({name, channel}, options);
  if (!attachment) return tl::unexpected(attachment.error());
  return RawStateReader(detail::Owned(attachment->release()), options.retries);
}

RawStateReader::RawStateReader(detail::Owned<detail::ReaderAttachment> attachment,
                               std::uint32_t retries) noexcept
    : observer_(&attachment->header(), attachment->control.operator->(), attachment->slots(),
                attachment->layout.geometry, attachment->layout.generation, retries),
      attachment_(std::move(attachment)) {
  observer_.record_with(&*attachment_->watch);
}

Result<void> RawStateReader::reattach(std::chrono::nanoseconds wait) {
  auto attachment = detail::ReaderAttachment::renew(*attachment_, wait);
  if (!attachment) return tl::unexpected(attachment.error());
  const std::uint32_t retries = attachment_->options.retries;
  *this = RawStateReader(detail::Owned(attachment->release()), retries);
  return {};
}

RawStateReader::RawStateReader(RawStateReader&&) noexcept = default;
RawStateReader& RawStateReader::operator=(RawStateReader&&) noexcept = default;
RawStateReader::~RawStateReader() = default;

ReadResult<SampleInfo> RawStateReader::read(std::span<std::byte> value) noexcept {
  const std::size_t count = std::min<std::size_t>(value.size(), size());
  auto result = read_range(0, value.first(count));
  if (result) mark_seen(result->sequence);
  return result;
}

ReadResult<SampleInfo> RawStateReader::read_range(std::size_t offset,
                                                  std::span<std::byte> bytes) noexcept {
  if (offset > size() || bytes.size() > size() - offset) {
    return tl::unexpected(ReadError::OutOfRange);
  }
  detail::RangeCopy copy{.offset = offset, .bytes = bytes};
  const auto n =
      observer_.read([&](const detail::ReaderSlot& slot) { copy(slot, observer_.geometry()); });
  if (!n) return tl::unexpected(n.error());
  return copy.result(*n, attachment_->layout.max_age_ns);
}

bool RawStateReader::wait_for_change(std::chrono::nanoseconds timeout) noexcept {
  return attachment_->sleep_until([this] { return has_changed(); }, timeout);
}

bool RawStateReader::poll_for_change(std::chrono::nanoseconds timeout) noexcept {
  return attachment_->poll_until([this] { return has_changed(); }, timeout);
}

WriterState RawStateReader::writer_state() const noexcept {
  return attachment_->writer_state();
}

const SegmentLayout& RawStateReader::layout() const noexcept {
  return attachment_->layout;
}

std::span<const std::uint8_t> RawStateReader::bfbs() const noexcept {
  return attachment_->bfbs;
}

std::uint32_t RawStateReader::field_count() const noexcept {
  return attachment_->field_count;
}

const MemoryReport& RawStateReader::memory() const noexcept {
  return attachment_->memory;
}

}  // namespace evo
