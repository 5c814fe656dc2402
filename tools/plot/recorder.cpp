// SPDX-License-Identifier: Apache-2.0
#include "plot/recorder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "evo/clock.hpp"
#include "evo/format.hpp"

namespace evo::tools {

namespace {

constexpr std::size_t kMostLines = 24;

/// The names of a field's values. Flags can be combined, so they are plotted as numbers.
std::vector<ValueName> value_names(const Fields& fields, const Field& field) {
  if (field.scalar == Scalar::Bool) return {{0, "false"}, {1, "true"}};
  const auto* enumerators = fields.enumerators(field);
  if (enumerators == nullptr || enumerators->empty() || enumerators->front().is_flag) return {};
  std::vector<ValueName> names;
  for (const LayoutEnumValue& each : *enumerators) {
    names.push_back({static_cast<double>(each.value), each.name});
  }
  return names;
}

Result<std::vector<Element>> lines_of(const Fields& fields, const std::vector<std::string>& paths,
                                      const std::string& prefix, std::size_t most) {
  std::vector<Field> chosen;
  for (const std::string& path : paths) {
    const auto found = fields.find(path);
    if (!found) return tl::unexpected(found.error());
    chosen.insert(chosen.end(), found->begin(), found->end());
  }
  return elements_of(chosen, prefix, most);
}

}  // namespace

std::optional<StreamedValue> PlotSource::next() {
  auto value = values_.next();
  if (!value) return value;
  ++seen_;
  // The sequence of a recreated segment starts from one again.
  const bool goes_on = seen_ > 1 && value->info.sequence > last_sequence_;
  published_ += goes_on ? value->info.sequence - last_sequence_ : 1;
  last_sequence_ = value->info.sequence;
  return value;
}

Result<PlotSources> plot_sources(const Domain& domain, const std::vector<Selection>& selections) {
  PlotSources sources;
  std::size_t left = kMostLines;
  for (const Selection& selection : selections) {
    if (selection.paths.empty()) {
      return make_error(ErrorCode::InvalidName,
                        "no field of segment '{}' is named; add --field {}:PATH", selection.segment,
                        selection.segment);
    }
    auto inspected = InspectedSegment::at(domain, selection.segment);
    if (!inspected) return tl::unexpected(inspected.error());
    if (!inspected->fields()) return tl::unexpected(*inspected->fault());
    const std::string prefix = selections.size() == 1 ? "" : selection.segment + ':';
    auto lines = lines_of(*inspected->fields(), selection.paths, prefix, left);
    if (!lines) return tl::unexpected(lines.error());
    left -= lines->size();
    sources.push_back(std::make_unique<PlotSource>(std::move(*inspected), std::move(*lines)));
  }
  return sources;
}

Recorder::Recorder(PlotSources sources, double window_s)
    : sources_(std::move(sources)), window_s_(window_s) {
  plot_.start_ns = monotonic_ns();
  for (const auto& source : sources_) {
    plot_.title += (plot_.title.empty() ? "" : ", ") + source->inspected().info().name;
    for (const Element& line : source->lines()) {
      plot_.series.emplace_back(line.label, line.field.declared->unit, window_s,
                                value_names(*source->inspected().fields(), line.field));
    }
  }
}

void Recorder::take(std::uint64_t longest_ns, const Callback& callback) {
  std::size_t first_series = 0;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    take_from(i, first_series, longest_ns / sources_.size(), callback);
    first_series += sources_[i]->lines().size();
  }
}

void Recorder::take_from(std::size_t index, std::size_t first_series, std::uint64_t longest_ns,
                         const Callback& callback) {
  PlotSource& source = *sources_[index];
  const std::uint64_t begin = monotonic_ns();
  while (monotonic_ns() - begin < longest_ns) {
    const auto value = source.next();
    if (!value) return;
    // The first value may be old; it is the one in effect when the plot began. A stamp in the
    // future comes from another clock, and is as useless for timing as no stamp.
    const std::uint64_t now = monotonic_ns();
    const std::uint64_t stamp = value->info.stamp_ns;
    const std::uint64_t ns = stamp != 0 && !is_in_future(stamp, now) ? stamp : now;
    const double seconds = static_cast<double>(std::max(ns, plot_.start_ns) - plot_.start_ns) / 1e9;
    if (!plot_.first_s) plot_.first_s = seconds;
    for (std::size_t i = 0; i < source.lines().size(); ++i) {
      const Element& line = source.lines()[i];
      plot_.series[first_series + i].add(seconds,
                                         Fields::number(line.field, value->bytes, line.index));
    }
    if (callback) callback(index, *value, ns);
  }
}

Result<void> Recorder::keep() {
  for (const auto& source : sources_) {
    if (auto kept = source->keep(); !kept) return kept;
  }
  return {};
}

std::uint64_t Recorder::seen_count() const {
  std::uint64_t count = 0;
  for (const auto& source : sources_) count += source->seen();
  return count;
}

std::uint64_t Recorder::published_count() const {
  std::uint64_t count = 0;
  for (const auto& source : sources_) count += source->published();
  return count;
}

std::string Recorder::seen() const {
  std::string text = fmt::format("{} of {} publishes seen", seen_count(), published_count());
  const bool misses_some = std::any_of(sources_.begin(), sources_.end(), [](const auto& source) {
    return source->inspected().readable() && !source->is_stream() &&
           source->seen() < source->published();
  });
  if (misses_some) text += "; a shorter --interval sees more";
  return text;
}

Plot& Recorder::plot_until(std::uint64_t now_ns) {
  plot_.to_s = static_cast<double>(now_ns - plot_.start_ns) / 1e9;
  plot_.from_s = plot_.to_s - window_s_;
  for (Series& series : plot_.series) series.forget_before(plot_.from_s);
  plot_.seen = seen();
  return plot_;
}

}  // namespace evo::tools
