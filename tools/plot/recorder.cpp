#include "plot/recorder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "evo/clock.hpp"

namespace evo::tools {

namespace {

constexpr std::size_t kMostChannels = 24;

}  // namespace

Result<std::vector<Channel>> channels_of(const Fields& fields,
                                         const std::vector<std::string>& paths) {
  std::vector<Channel> channels;
  for (const std::string& path : paths) {
    const auto found = fields.find(path);
    if (!found) return tl::unexpected(found.error());
    for (const Field& field : *found) {
      for (std::uint32_t i = 0; i < field.count(); ++i) {
        channels.push_back(
            {field, i, field.length == 0 ? field.path : fmt::format("{}[{}]", field.path, i)});
        if (channels.size() <= kMostChannels) continue;
        return detail::fail(ErrorCode::InvalidSize,
                            "these are more than {} lines; name fewer fields, or single elements "
                            "as in {}[0]",
                            kMostChannels, path);
      }
    }
  }
  return channels;
}

Recorder::Recorder(SegmentLook& look, std::vector<Channel> channels, double window_s)
    : look_(&look),
      values_(look, ValueStream::OfState::AllThereAre),
      channels_(std::move(channels)),
      window_s_(window_s),
      start_ns_(monotonic_ns()) {
  plot_.title = look.info().name;
  for (const Channel& channel : channels_) {
    plot_.series.emplace_back(channel.label, channel.field.declared->unit, window_s);
  }
}

void Recorder::take(std::uint64_t longest_ns, const Callback& callback) {
  const std::uint64_t begin = monotonic_ns();
  while (monotonic_ns() - begin < longest_ns) {
    const auto value = values_.next();
    if (!value) return;
    // The first one may be old; it is what the value was when the plot began. A stamp in the future
    // is of another clock, and says as little about when as none.
    const std::uint64_t now = monotonic_ns();
    const std::uint64_t stamp = value->info.stamp_ns;
    const std::uint64_t ns = stamp != 0 && !is_in_future(stamp, now) ? stamp : now;
    const double seconds = static_cast<double>(std::max(ns, start_ns_) - start_ns_) / 1e9;
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      plot_.series[i].add(seconds,
                          Fields::number(channels_[i].field, value->bytes, channels_[i].element));
    }
    ++seen_;
    // A segment that was made anew counts from one again.
    const bool goes_on = seen_ > 1 && value->info.sequence > last_sequence_;
    published_ += goes_on ? value->info.sequence - last_sequence_ : 1;
    last_sequence_ = value->info.sequence;
    if (callback) callback(*value);
  }
}

std::string Recorder::seen() const {
  std::string text = fmt::format("{} of {} publishes seen", seen_, published_);
  if (look_->readable() && look_->reader().layout().kind == Kind::State && seen_ < published_) {
    text += "; a shorter --interval sees more";
  }
  return text;
}

const Plot& Recorder::plot_until(std::uint64_t now_ns) {
  plot_.to_s = static_cast<double>(now_ns - start_ns_) / 1e9;
  plot_.from_s = plot_.to_s - window_s_;
  for (Series& series : plot_.series) series.forget_before(plot_.from_s);
  plot_.seen = seen();
  return plot_;
}

}  // namespace evo::tools
