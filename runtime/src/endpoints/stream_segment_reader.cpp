#include "evo/stream_segment_reader.hpp"

#include <algorithm>

#include "attachment/reader_attachment.hpp"
#include "evo/detail/crc32c.hpp"

namespace evo {

Result<StreamSegmentReader> StreamSegmentReader::attach(std::string_view name,
                                                        ReaderOptions options) {
  return attach(name, nullptr, options);
}

Result<StreamSegmentReader> StreamSegmentReader::attach(const ChannelDescription& channel,
                                                        ReaderOptions options) {
  return attach(channel.name, &channel, options);
}

Result<StreamSegmentReader> StreamSegmentReader::attach(std::string_view name,
                                                        const ChannelDescription* channel,
                                                        const ReaderOptions& options) {
  auto attachment = detail::ReaderAttachment::await({name, channel, Kind::Stream}, options);
  if (!attachment) return tl::unexpected(attachment.error());
  StreamSegmentReader reader(std::move(*attachment));
  reader.observer_.attach();
  return reader;
}

StreamSegmentReader::StreamSegmentReader(
    std::unique_ptr<detail::ReaderAttachment> attachment) noexcept
    : observer_(&attachment->header(), attachment->control.operator->(), &attachment->entry(),
                attachment->slots(), attachment->layout.geometry, attachment->layout.generation,
                attachment->options.retries, attachment->layout.overflow),
      attachment_(std::move(attachment)) {
  observer_.watch_by(&*attachment_->watch);
}

Result<void> StreamSegmentReader::reattach(std::chrono::nanoseconds wait) {
  auto attachment = detail::ReaderAttachment::renew(*attachment_, wait);
  if (!attachment) return tl::unexpected(attachment.error());
  *this = StreamSegmentReader(std::move(*attachment));
  observer_.attach();
  return {};
}

StreamSegmentReader::StreamSegmentReader(StreamSegmentReader&&) noexcept = default;
StreamSegmentReader& StreamSegmentReader::operator=(StreamSegmentReader&&) noexcept = default;
StreamSegmentReader::~StreamSegmentReader() = default;

std::optional<ItemInfo> StreamSegmentReader::next(std::span<std::byte> value) noexcept {
  const SlotGeometry& geometry = observer_.geometry();
  const std::size_t count = std::min<std::size_t>(value.size(), geometry.payload_size);
  ItemInfo info;
  bool intact = true;
  while (observer_.look([&](const detail::ReaderSlot& slot) {
    if (count != 0) detail::copy_from_shared(value.data(), slot.payload(), count);
    if (geometry.stamped) info.stamp_ns = slot.stamp_ns();
    if (geometry.checksummed) {
      intact = detail::crc32c_of_shared(slot.payload(), geometry.payload_size) == slot.checksum();
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

bool StreamSegmentReader::wait_for_next(std::chrono::nanoseconds timeout) noexcept {
  return attachment_->sleep_until([this] { return observer_.has_next(); }, timeout);
}

WriterState StreamSegmentReader::writer_state() const noexcept {
  return attachment_->writer_state();
}

const SegmentLayout& StreamSegmentReader::layout() const noexcept {
  return attachment_->layout;
}

std::span<const std::uint8_t> StreamSegmentReader::bfbs() const noexcept {
  return attachment_->bfbs;
}

std::uint32_t StreamSegmentReader::field_count() const noexcept {
  return attachment_->field_count;
}

const MemoryReport& StreamSegmentReader::memory() const noexcept {
  return attachment_->memory;
}

}  // namespace evo
