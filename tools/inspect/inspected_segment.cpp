// SPDX-License-Identifier: Apache-2.0
#include "inspect/inspected_segment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "decode/suggestion.hpp"
#include "evo/clock.hpp"
#include "evo/format.hpp"
#include "evo/schema_layout.hpp"
#include "evo/segment_info.hpp"
#include "inspect/labels.hpp"

namespace evo::tools {

InspectedSegment::InspectedSegment(Domain domain, SegmentInfo info)
    : domain_(std::move(domain)), info_(std::move(info)) {}

Error with_suggestion(Error error, const Domain& domain, std::string_view name) {
  if (error.code != ErrorCode::NotFound) return error;
  const auto names = list_segment_names(domain);
  if (!names) return error;
  const std::string meant = suggestion(name, *names, "");
  if (meant.size() > 2) error.message += meant;
  return error;
}

Result<InspectedSegment> InspectedSegment::at(const Domain& domain, std::string_view name) {
  auto info = inspect_segment(domain, name);
  if (!info) return tl::unexpected(with_suggestion(std::move(info.error()), domain, name));
  InspectedSegment inspected(domain, std::move(*info));
  inspected.open();
  return inspected;
}

void InspectedSegment::open() {
  fault_.reset();
  auto reader = PassiveReader::open(domain_, info_.name);
  if (!reader) {
    reader_.reset();
    fault_ = std::move(reader.error());
    return;
  }
  reader_.emplace(std::move(*reader));
  if (fields_ && std::ranges::equal(bfbs_, reader_->bfbs())) return;
  auto fields = decode_schema();
  if (fields) {
    fields_.emplace(std::move(*fields));
    bfbs_.assign(reader_->bfbs().begin(), reader_->bfbs().end());
  } else {
    fields_.reset();
    fault_ = std::move(fields.error());
  }
}

Result<Fields> InspectedSegment::decode_schema() const {
  if (reader_->bfbs().empty()) {
    return make_error(ErrorCode::InvalidSchema,
                      "segment '{}' carries no schema: its writer is untyped", info_.name);
  }
  auto layout = read_schema(reader_->bfbs(), info_.name);
  if (!layout) return tl::unexpected(layout.error());
  if (layout->size != reader_->size()) {
    return make_error(ErrorCode::InvalidSchema,
                      "the schema embedded in segment '{}' describes {} bytes, but its slots "
                      "hold {}; restart its writer",
                      info_.name, layout->size, reader_->size());
  }
  return Fields::of(std::move(*layout));
}

Result<void> InspectedSegment::refresh() {
  auto info = inspect_segment(domain_, info_.name);
  if (!info) return tl::unexpected(info.error());
  const bool other = info->layout.generation != info_.layout.generation ||
                     info->condition != info_.condition || info->module != info_.module;
  info_ = std::move(*info);
  if (other || !reader_ || reader_->is_detached()) open();
  return {};
}

InspectedValue InspectedSegment::value() {
  InspectedValue inspected;
  inspected.bytes.resize(reader_->size());
  const auto read = reader_->read(inspected.bytes);
  if (read) {
    inspected.info = *read;
  } else {
    inspected.error = read.error();
  }
  return inspected;
}

Error reason_of(const Domain& domain, const SegmentInfo& info) {
  const bool unreadable = info.condition == SegmentCondition::Unreadable;
  if (unreadable) {
    // If a value is requested, the error is the one that prevented reading it.
    if (auto reader = PassiveReader::open(domain, info.name); !reader) return reader.error();
  }
  ErrorCode code = unreadable ? ErrorCode::Io : ErrorCode::Corrupt;
  if (info.condition == SegmentCondition::Incompatible) code = ErrorCode::FormatMismatch;
  return {code, fmt::format("segment '{}' is {}: {}", info.name, state_of(info), info.fault)};
}

double measure_rate(const InspectedSegment& inspected, std::chrono::nanoseconds wait) {
  const std::uint64_t first = inspected.sequence();
  const std::uint64_t start = monotonic_ns();
  std::this_thread::sleep_for(wait);
  const std::uint64_t last = inspected.sequence();
  const auto seconds = static_cast<double>(monotonic_ns() - start) / 1e9;
  return last >= first ? static_cast<double>(last - first) / seconds : 0;
}

}  // namespace evo::tools
