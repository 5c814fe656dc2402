// SPDX-License-Identifier: Apache-2.0
/// The segments of the fuzzer, and one interface to the raw and the generated endpoints.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "evo/cleanup.hpp"
#include "evo/options.hpp"
#include "evo/raw_state_reader.hpp"
#include "evo/raw_state_writer.hpp"
#include "step.hpp"

namespace evo::test::lifecycle {

class WriterEnd {
 public:
  WriterEnd() = default;
  WriterEnd(const WriterEnd&) = delete;
  WriterEnd& operator=(const WriterEnd&) = delete;
  virtual ~WriterEnd() = default;

  /// Publishes `value` in one of the ways that the endpoint offers; way 0 copies from `value`
  /// while the slot is being filled.
  virtual WriteResult write(std::span<const std::byte> value, unsigned way) = 0;
  [[nodiscard]] virtual std::size_t size() const = 0;
  /// Number of the last publish.
  [[nodiscard]] virtual std::uint64_t sequence() const = 0;
};

class ReaderEnd {
 public:
  ReaderEnd() = default;
  ReaderEnd(const ReaderEnd&) = delete;
  ReaderEnd& operator=(const ReaderEnd&) = delete;
  virtual ~ReaderEnd() = default;

  /// Reads the last value, or takes the next. Sets `outcome`, `sequence` and `lost`. A stream
  /// without a next value: "Nothing", or "Detached" if none will come.
  virtual void read(std::span<std::byte> value, Reply& reply) = 0;
  virtual bool wait(std::chrono::nanoseconds timeout) = 0;
  /// Streams only: to the newest value (0), the oldest (1), or the one with this number.
  virtual void seek(unsigned way, std::uint64_t sequence) = 0;
  virtual Result<void> reattach(std::chrono::nanoseconds wait) = 0;
  [[nodiscard]] virtual std::size_t size() const = 0;
  [[nodiscard]] virtual WriterState writer_state() const = 0;
};

/// How the endpoints of one segment are made.
struct SegmentKind {
  ChannelDescription channel;
  ChannelDescription other;  ///< another layout under the same name; typed ends do not have it
  Result<std::unique_ptr<WriterEnd>> (*create)(const ChannelDescription&, const WriterOptions&);
  Result<std::unique_ptr<ReaderEnd>> (*attach)(const ChannelDescription&, const ReaderOptions&);
  /// Whatever the layout.
  Result<std::unique_ptr<ReaderEnd>> (*attach_any)(std::string_view, const ReaderOptions&);
  bool has_other = true;

  [[nodiscard]] bool is_stream() const { return channel.kind == Kind::Stream; }
  [[nodiscard]] const ChannelDescription& layout(unsigned index) const {
    return index == 0 ? channel : other;
  }
};

/// In the order in which steps number them.
std::span<const SegmentKind> segments();

}  // namespace evo::test::lifecycle
