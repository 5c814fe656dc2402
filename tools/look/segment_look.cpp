#include "look/segment_look.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "evo/clock.hpp"
#include "evo/schema_layout.hpp"
#include "evo_shm/command.hpp"
#include "look/words.hpp"

namespace evo::tools {

SegmentLook::SegmentLook(Domain domain, SegmentInfo info)
    : domain_(std::move(domain)), info_(std::move(info)) {}

Result<SegmentLook> SegmentLook::at(const Domain& domain, std::string_view name) {
  auto info = inspect_segment(domain, name);
  if (!info) return tl::unexpected(with_suggestion(std::move(info.error()), domain, name));
  SegmentLook look(domain, std::move(*info));
  look.open();
  return look;
}

void SegmentLook::open() {
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

Result<Fields> SegmentLook::decode_schema() const {
  if (reader_->bfbs().empty()) {
    return detail::fail(ErrorCode::InvalidSchema,
                        "segment '{}' carries no schema: its writer is untyped", info_.name);
  }
  auto layout = read_schema(reader_->bfbs(), info_.name);
  if (!layout) return tl::unexpected(layout.error());
  if (layout->size != reader_->size()) {
    return detail::fail(ErrorCode::InvalidSchema,
                        "the schema embedded in segment '{}' describes {} bytes, but its slots "
                        "hold {}; restart its writer",
                        info_.name, layout->size, reader_->size());
  }
  return Fields::of(std::move(*layout));
}

Result<void> SegmentLook::refresh() {
  auto info = inspect_segment(domain_, info_.name);
  if (!info) return tl::unexpected(info.error());
  const bool other = info->layout.generation != info_.layout.generation ||
                     info->condition != info_.condition || info->module != info_.module;
  info_ = std::move(*info);
  if (other || !reader_ || reader_->detached()) open();
  return {};
}

ValueLook SegmentLook::value() {
  ValueLook look;
  look.bytes.resize(reader_->size());
  const auto read = reader_->read(look.bytes);
  if (read) {
    look.info = *read;
  } else {
    look.error = read.error();
  }
  return look;
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

double measure_rate(const SegmentLook& look, std::chrono::nanoseconds wait) {
  const std::uint64_t first = look.sequence();
  const std::uint64_t start = monotonic_ns();
  std::this_thread::sleep_for(wait);
  const std::uint64_t last = look.sequence();
  const auto seconds = static_cast<double>(monotonic_ns() - start) / 1e9;
  return last >= first ? static_cast<double>(last - first) / seconds : 0;
}

}  // namespace evo::tools
