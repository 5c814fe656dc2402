#include "stub/stub_writer.hpp"

#include <chrono>

#include "evo/clock.hpp"

namespace evo::tools {

namespace {

/// How long to wait for a full stream before checking signals and the end again.
constexpr std::chrono::milliseconds kPushTimeout{20};

}  // namespace

Result<StubWriter> StubWriter::create(const Blueprint& blueprint, const Domain& domain) {
  const auto wrap = [](auto created) -> Result<StubWriter> {
    if (!created) return tl::unexpected(created.error());
    return StubWriter(std::move(*created));
  };
  const ChannelDescription channel = describe(blueprint);
  return channel.kind == Kind::State
             ? wrap(SegmentWriter::create(channel, {.domain = domain}))
             : wrap(StreamSegmentWriter::create(channel, {.domain = domain}));
}

Result<bool> StubWriter::publish(std::span<const std::byte> value, StopSignals& stop,
                                 std::uint64_t end_ns) {
  while (true) {
    const WriteResult written =
        std::holds_alternative<SegmentWriter>(writer_)
            ? std::get<SegmentWriter>(writer_).write(value)
            : std::get<StreamSegmentWriter>(writer_).push(value, kPushTimeout);
    if (written) return true;
    if (written.error() != WriteError::Timeout) {
      return detail::fail(ErrorCode::SegmentBusy,
                          "a value was not published: {}; another process took over the segment",
                          to_string(written.error()));
    }
    if (stop.asked() || monotonic_ns() >= end_ns) return false;
  }
}

}  // namespace evo::tools
