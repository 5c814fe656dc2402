// SPDX-License-Identifier: Apache-2.0
#include "endpoints.hpp"

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "alarm.evo.hpp"
#include "counter.evo.hpp"
#include "evo/raw_stream_reader.hpp"
#include "evo/raw_stream_writer.hpp"

namespace evo::test::lifecycle {

namespace {

using namespace std::chrono_literals;

/// Long enough to run the code that waits; no test depends on what happens in that time.
constexpr auto kShortWait = 200us;

class RawStateWriterEnd : public WriterEnd {
 public:
  explicit RawStateWriterEnd(RawStateWriter writer) : writer_(std::move(writer)) {}
  WriteResult write(std::span<const std::byte> value, unsigned way) override {
    return way % 2 == 0 ? writer_.write(value) : writer_.write_at(0, value);
  }
  [[nodiscard]] std::size_t size() const override { return writer_.size(); }
  [[nodiscard]] std::uint64_t sequence() const override { return writer_.current_version() / 2; }

 private:
  RawStateWriter writer_;
};

class RawStreamWriterEnd : public WriterEnd {
 public:
  explicit RawStreamWriterEnd(RawStreamWriter writer) : writer_(std::move(writer)) {}
  WriteResult write(std::span<const std::byte> value, unsigned way) override {
    return way % 4 == 1 ? writer_.push(value, kShortWait) : writer_.push(value);
  }
  [[nodiscard]] std::size_t size() const override { return writer_.size(); }
  [[nodiscard]] std::uint64_t sequence() const override { return writer_.current_version() / 2; }

 private:
  RawStreamWriter writer_;
};

/// The value that these bytes are, in place, so that the endpoint copies from there.
template <class Value>
const Value& as_value(std::span<const std::byte> bytes) {
  return *reinterpret_cast<const Value*>(bytes.data());
}

class CounterWriterEnd : public WriterEnd {
 public:
  explicit CounterWriterEnd(probe::CounterWriter writer) : writer_(std::move(writer)) {}
  WriteResult write(std::span<const std::byte> bytes, unsigned way) override {
    const auto& value = as_value<probe::Counter>(bytes);
    if (way % 3 == 0) return writer_.write(value);
    if (way % 3 == 1) return writer_.update([&](probe::Counter& last) { last = value; });
    auto loan = writer_.loan();
    *loan = value;
    return loan.publish();
  }
  [[nodiscard]] std::size_t size() const override { return sizeof(probe::Counter); }
  [[nodiscard]] std::uint64_t sequence() const override { return writer_.current_version() / 2; }

 private:
  probe::CounterWriter writer_;
};

class TraceWriterEnd : public WriterEnd {
 public:
  explicit TraceWriterEnd(TraceWriter writer) : writer_(std::move(writer)) {}
  WriteResult write(std::span<const std::byte> bytes, unsigned way) override {
    const auto& value = as_value<Trace>(bytes);
    if (way % 3 == 0) return writer_.push(value);
    if (way % 3 == 1) return writer_.with_write([&](Trace& next) { next = value; });
    { const auto dropped = writer_.loan(); }
    return writer_.push(value);
  }
  [[nodiscard]] std::size_t size() const override { return sizeof(Trace); }
  [[nodiscard]] std::uint64_t sequence() const override { return writer_.current_version() / 2; }

 private:
  TraceWriter writer_;
};

template <class Reader>
class StateReaderEnd : public ReaderEnd {
 public:
  explicit StateReaderEnd(Reader reader) : reader_(std::move(reader)) {}
  void read(std::span<std::byte> value, Reply& reply) override {
    const auto info = read_into(value);
    reply.outcome = info ? "ok" : to_string(info.error());
    if (info) reply.sequence = info->sequence;
  }
  bool wait(std::chrono::nanoseconds timeout) override { return reader_.wait_for_change(timeout); }
  void seek(unsigned /*way*/, std::uint64_t /*sequence*/) override {}
  Result<void> reattach(std::chrono::nanoseconds wait) override { return reader_.reattach(wait); }
  [[nodiscard]] std::size_t size() const override {
    if constexpr (std::is_same_v<Reader, RawStateReader>) return reader_.size();
    return sizeof(probe::Counter);
  }
  [[nodiscard]] WriterState writer_state() const override { return reader_.writer_state(); }

 private:
  auto read_into(std::span<std::byte> value) {
    if constexpr (std::is_same_v<Reader, RawStateReader>) {
      return reader_.read(value);
    } else {
      return reader_.read_into(*reinterpret_cast<probe::Counter*>(value.data()));
    }
  }

  Reader reader_;
};

template <class Reader>
class StreamReaderEnd : public ReaderEnd {
 public:
  explicit StreamReaderEnd(Reader reader) : reader_(std::move(reader)) {}
  void read(std::span<std::byte> value, Reply& reply) override {
    const auto info = next(value);
    reply.outcome = info ? "ok" : reader_.is_detached() ? "Detached" : "Nothing";
    if (!info) return;
    reply.sequence = info->sequence;
    reply.lost = info->lost;
  }
  bool wait(std::chrono::nanoseconds timeout) override { return reader_.wait_for_next(timeout); }
  void seek(unsigned way, std::uint64_t sequence) override {
    if (way == 0) return reader_.seek_latest();
    if (way == 1) return reader_.seek_oldest();
    reader_.seek_to(sequence);
  }
  Result<void> reattach(std::chrono::nanoseconds wait) override { return reader_.reattach(wait); }
  [[nodiscard]] std::size_t size() const override {
    if constexpr (std::is_same_v<Reader, RawStreamReader>) return reader_.size();
    return sizeof(Trace);
  }
  [[nodiscard]] WriterState writer_state() const override { return reader_.writer_state(); }

 private:
  auto next(std::span<std::byte> value) {
    if constexpr (std::is_same_v<Reader, RawStreamReader>) {
      return reader_.next(value);
    } else {
      auto item = reader_.next();
      if (item) std::memcpy(value.data(), &item->value, sizeof(Trace));
      return item;
    }
  }

  Reader reader_;
};

template <class Base, class End, class Made>
Result<std::unique_ptr<Base>> wrap(Result<Made> made) {
  if (!made) return tl::unexpected(made.error());
  return std::make_unique<End>(std::move(*made));
}

template <class Writer, class End>
Result<std::unique_ptr<WriterEnd>> create_raw(const ChannelDescription& channel,
                                              const WriterOptions& options) {
  return wrap<WriterEnd, End>(Writer::create(channel, options));
}

template <class Writer, class End>
Result<std::unique_ptr<WriterEnd>> create_typed(const ChannelDescription& /*channel*/,
                                                const WriterOptions& options) {
  return wrap<WriterEnd, End>(Writer::create(options));
}

template <class Reader, class End, class Wanted>
Result<std::unique_ptr<ReaderEnd>> attach_raw(Wanted wanted, const ReaderOptions& options) {
  return wrap<ReaderEnd, End>(Reader::attach(wanted, options));
}

template <class Reader, class End>
Result<std::unique_ptr<ReaderEnd>> attach_typed(const ChannelDescription& /*channel*/,
                                                const ReaderOptions& options) {
  return wrap<ReaderEnd, End>(Reader::attach(options));
}

/// A channel without a schema. The id only tells its layouts apart.
ChannelDescription raw(std::string_view name, Kind kind, std::size_t size, std::uint32_t slots,
                       std::uint8_t id) {
  ChannelDescription channel;
  channel.name = name;
  channel.owner = "tester";
  channel.kind = kind;
  channel.size = size;
  channel.slots = slots;
  channel.max_readers = 3;
  channel.access = Access::Group;
  channel.schema_id.bytes[0] = id;
  return channel;
}

SegmentKind raw_state(const ChannelDescription& channel, const ChannelDescription& other) {
  using End = StateReaderEnd<RawStateReader>;
  return {channel, other, &create_raw<RawStateWriter, RawStateWriterEnd>,
          &attach_raw<RawStateReader, End, const ChannelDescription&>,
          &attach_raw<RawStateReader, End, std::string_view>};
}

SegmentKind raw_stream(const ChannelDescription& channel, const ChannelDescription& other) {
  using End = StreamReaderEnd<RawStreamReader>;
  return {channel, other, &create_raw<RawStreamWriter, RawStreamWriterEnd>,
          &attach_raw<RawStreamReader, End, const ChannelDescription&>,
          &attach_raw<RawStreamReader, End, std::string_view>};
}

std::vector<SegmentKind> make_segments() {
  std::vector<SegmentKind> all;
  all.push_back(
      raw_state(raw("small", Kind::State, 64, 4, 1), raw("small", Kind::State, 96, 3, 2)));
  // Three pages: the copy can stop in the middle one.
  auto large = raw("large", Kind::State, 12288, 3, 3);
  all.push_back(raw_state(large, raw("large", Kind::State, 12800, 2, 4)));
  auto ring = raw("ring", Kind::Stream, 320, 4, 5);
  ring.checksum = Checksum::Crc32c;
  auto longer_ring = raw("ring", Kind::Stream, 320, 8, 6);
  longer_ring.checksum = Checksum::Crc32c;
  all.push_back(raw_stream(ring, longer_ring));
  auto queue = raw("queue", Kind::Stream, 64, 2, 7);
  queue.overflow = Overflow::Block;
  auto wider_queue = raw("queue", Kind::Stream, 128, 2, 8);
  wider_queue.overflow = Overflow::Block;
  all.push_back(raw_stream(queue, wider_queue));
  const auto counter = describe<ChannelOf<probe::Counter>>();
  all.push_back({counter, counter, &create_typed<probe::CounterWriter, CounterWriterEnd>,
                 &attach_typed<probe::CounterReader, StateReaderEnd<probe::CounterReader>>,
                 &attach_raw<RawStateReader, StateReaderEnd<RawStateReader>, std::string_view>,
                 false});
  const auto trace = describe<ChannelOf<Trace>>();
  all.push_back({trace, trace, &create_typed<TraceWriter, TraceWriterEnd>,
                 &attach_typed<TraceReader, StreamReaderEnd<TraceReader>>,
                 &attach_raw<RawStreamReader, StreamReaderEnd<RawStreamReader>, std::string_view>,
                 false});
  return all;
}

}  // namespace

std::span<const SegmentKind> segments() {
  static const std::vector<SegmentKind> all = make_segments();
  return all;
}

}  // namespace evo::test::lifecycle
