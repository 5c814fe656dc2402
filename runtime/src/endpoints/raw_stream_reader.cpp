// SPDX-License-Identifier: Apache-2.0
#include "evo/raw_stream_reader.hpp"

#include <algorithm>

#include "attachment/reader_attachment.hpp"
#include "evo/format/crc32c.hpp"

namespace evo {

Result<RawStreamReader> RawStreamReader::attach(std::string_view name, ReaderOptions options) {
  return attach(name, nullptr, options);
}

Result<RawStreamReader> RawStreamReader::attach(const ChannelDescription& channel,
                                                ReaderOptions options) {
  return attach(channel.name, &channel, options);
}

Result<RawStreamReader> RawStreamReader::attach(std::string_view name,
                                                const ChannelDescription* channel,
                                                const ReaderOptions& options) {
  auto attachment = detail::ReaderAttachment::await({name, channel, Kind::Stream}, options);
  if (!attachment) return tl::unexpected(attachment.error());
  RawStreamReader reader(detail::Owned(attachment->release()));
  reader.observer_.attach();
  return reader;
}

RawStreamReader::RawStreamReader(detail::Owned<detail::ReaderAttachment> attachment) noexcept
    : observer_(&attachment->header(), attachment->control.operator->(), &attachment->entry(),
                attachment->slots(), attachment->layout.geometry, attachment->layout.generation,
                attachment->options.retries, attachment->layout.overflow),
      attachment_(std::move(attachment)) {
  observer_.record_with(&*attachment_->watch);
}

Result<void> RawStreamReader::reattach(std::chrono::nanoseconds wait) {
  auto attachment = detail::ReaderAttachment::renew(*attachment_, wait);
  if (!attachment) return tl::unexpected(attachment.error());
  *this = RawStreamReader(detail::Owned(attachment->release()));
  observer_.attach();
  return {};
}

RawStreamReader::RawStreamReader(RawStreamReader&&) noexcept = default;
RawStreamReader& RawStreamReader::operator=(RawStreamReader&&) noexcept = default;
RawStreamReader::~RawStreamReader() = default;

std::optional<ItemInfo> RawStreamReader::next(std::span<std::byte> value) noexcept {
  const SlotGeometry& geometry = observer_.geometry();
  const std::size_t count = std::min<std::size_t>(value.size(), geometry.payload_size);
  ItemInfo info;
  bool intact = true;
  while (observer_.look([&](const detail::ReaderSlot& slot) {
    if (count != 0) detail::copy_from_shared(value.data(), slot.payload(), count);
    if (geometry.stamped) info.stamp_ns = slot.stamp_ns();
    if (geometry.checksummed) {
      intact = crc32c_of_shared(slot.payload(), geometry.payload_size) == slot.checksum();
    }
  })) {
    if (!intact) {
      observer_.skip();
      continue;
    }
    info.sequence = observer_.next();
    info.lost = observer_.take_lost();
    observer_.advance();
    observer_.store_cursor();
    return info;
  }
  return std::nullopt;
}

bool RawStreamReader::wait_for_next(std::chrono::nanoseconds timeout) noexcept {
  return attachment_->sleep_until([this] { return observer_.has_next(); }, timeout);
}

bool RawStreamReader::poll_for_next(std::chrono::nanoseconds timeout) noexcept {
  return attachment_->poll_until([this] { return observer_.has_next(); }, timeout);
}

WriterState RawStreamReader::writer_state() const noexcept {
  return attachment_->writer_state();
}

const SegmentLayout& RawStreamReader::layout() const noexcept {
  return attachment_->layout;
}

std::span<const std::uint8_t> RawStreamReader::bfbs() const noexcept {
  return attachment_->bfbs;
}

std::uint32_t RawStreamReader::field_count() const noexcept {
  return attachment_->field_count;
}

const MemoryReport& RawStreamReader::memory() const noexcept {
  return attachment_->memory;
}

}  // namespace evo
