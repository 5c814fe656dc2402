// SPDX-License-Identifier: Apache-2.0
#include "stub/stub_writer.hpp"

#include <chrono>

#include "evo/clock.hpp"
#include "evo/format.hpp"

namespace evo::tools {

namespace {

/// How long to wait for a full stream before checking signals and the end again.
constexpr std::chrono::milliseconds kPushTimeout{20};

}  // namespace

Result<StubWriter> StubWriter::create(const OwnedDescription& description, const Domain& domain) {
  const auto wrap = [](auto created) -> Result<StubWriter> {
    if (!created) return tl::unexpected(created.error());
    return StubWriter(std::move(*created));
  };
  const ChannelDescription channel = describe(description);
  return channel.kind == Kind::State ? wrap(RawStateWriter::create(channel, {.domain = domain}))
                                     : wrap(RawStreamWriter::create(channel, {.domain = domain}));
}

Result<bool> StubWriter::publish(std::span<const std::byte> value, StopSignals& stop,
                                 std::uint64_t end_ns) {
  while (true) {
    const WriteResult written = std::holds_alternative<RawStateWriter>(writer_)
                                    ? std::get<RawStateWriter>(writer_).write(value)
                                    : std::get<RawStreamWriter>(writer_).push(value, kPushTimeout);
    if (written) return true;
    if (written.error() != WriteError::Timeout) {
      return make_error(ErrorCode::SegmentBusy,
                        "a value was not published: {}; another process took over the segment",
                        to_string(written.error()));
    }
    if (stop.asked() || monotonic_ns() >= end_ns) return false;
  }
}

}  // namespace evo::tools
