// SPDX-License-Identifier: Apache-2.0
#include "evo/passive_reader.hpp"

#include <fcntl.h>

#include <algorithm>
#include <vector>

#include "attachment/control.hpp"
#include "attachment/self_description.hpp"
#include "evo/format.hpp"
#include "evo/segment_info.hpp"
#include "evo/segment_paths.hpp"
#include "maintenance/segment_inspection.hpp"
#include "protocol/range_copy.hpp"
#include "system/domain_checks.hpp"
#include "system/mapping.hpp"

namespace evo {

namespace {

/// Number of lookups of the files while a writer replaces them.
constexpr int kLookups = 100;
/// Like ReaderOptions::retries.
constexpr std::uint32_t kRetries = 128;

tl::unexpected<Error> refuse(const SegmentInfo& info, const Domain& domain) {
  switch (info.condition) {
    case SegmentCondition::Unfinished:
    case SegmentCondition::Closed:
    case SegmentCondition::Removed:
      return make_error(
          info.writer_state == WriterState::Alive ? ErrorCode::NotReady : ErrorCode::NotFound,
          "segment '{}' has no data: {}", info.name, info.fault);
    case SegmentCondition::Stale:
      return make_error(ErrorCode::NotFound, "segment '{}' is gone: {}", info.name, info.fault);
    case SegmentCondition::Unreadable:
      return make_error(ErrorCode::PermissionDenied, "segment '{}': {}", info.name, info.fault);
    case SegmentCondition::Incompatible:
      return make_error(ErrorCode::FormatMismatch, "segment '{}': {}", info.name, info.fault);
    default:
      return make_error(ErrorCode::Corrupt, "segment '{}' in '{}': {}", info.name, domain.path(),
                        info.fault);
  }
}

}  // namespace

struct PassiveReader::Files {
  detail::Mapping control;
  detail::Mapping data;
  SegmentLayout layout;
  std::vector<std::uint8_t> bfbs;
  std::vector<CompatibleEntry> compatible;

  /// Maps the present files of a segment; false if they are being replaced.
  Result<bool> map(const detail::Inspector& inspector, const SegmentInfo& info) {
    auto control_file =
        inspector.open(control_file_name(info.name), detail::control_mode(Access::Group));
    if (!control_file || control_file->size < sizeof(ControlFile)) return false;
    auto data_file = inspector.open(info.data_file, detail::kWidestDataMode, control_file->uid);
    if (!data_file || data_file->size != info.layout.file_size) return false;
    auto found =
        detail::read_self_description(data_file->fd.get(), data_file->size, info.data_file);
    if (!found) return tl::unexpected(found.error());
    if (found->layout.generation != info.layout.generation) return false;
    if (found->layout.kind == Kind::Link) {
      return make_error(ErrorCode::Unsupported, "segment '{}' is a link, which has no values",
                        info.name);
    }
    auto mapped_control =
        detail::Mapping::map(control_file->fd.get(), control_file->size, detail::Protection::Read,
                             detail::InChildren::TheSame);
    if (!mapped_control) return tl::unexpected(mapped_control.error());
    auto mapped = detail::Mapping::map(data_file->fd.get(), data_file->size,
                                       detail::Protection::Read, detail::InChildren::TheSame);
    if (!mapped) return tl::unexpected(mapped.error());
    control = std::move(*mapped_control);
    data = std::move(*mapped);
    layout = found->layout;
    bfbs = std::move(found->bfbs);
    compatible = std::move(found->compatible);
    return true;
  }
};

Result<PassiveReader> PassiveReader::open(const Domain& domain, std::string_view name) {
  if (auto valid = detail::validate(domain); !valid) return tl::unexpected(valid.error());
  if (auto valid = validate_segment_name(name); !valid) {
    return tl::unexpected(valid.error());
  }
  const detail::Inspector inspector(domain);
  for (int lookup = 0; lookup < kLookups; ++lookup) {
    const auto info = inspector.inspect(name);
    if (!info) {
      return detail::segment_not_found(domain, name);
    }
    if (info->condition != SegmentCondition::Sound) return refuse(*info, domain);
    auto files = std::make_unique<Files>();
    const auto mapped = files->map(inspector, *info);
    if (!mapped) return tl::unexpected(mapped.error());
    if (*mapped) return PassiveReader(std::move(files));
  }
  return make_error(ErrorCode::NotReady, "segment '{}' keeps being recreated; try again", name);
}

PassiveReader::PassiveReader(std::unique_ptr<Files> files) noexcept
    : files_(std::move(files)),
      observer_(reinterpret_cast<const SegmentHeader*>(files_->data.data()),
                reinterpret_cast<const ControlFile*>(files_->control.data()),
                files_->data.data() + files_->layout.slots_offset, files_->layout.geometry,
                files_->layout.generation, kRetries) {}
PassiveReader::PassiveReader(PassiveReader&&) noexcept = default;
PassiveReader& PassiveReader::operator=(PassiveReader&&) noexcept = default;
PassiveReader::~PassiveReader() = default;

ReadResult<SampleInfo> PassiveReader::read(std::span<std::byte> value) noexcept {
  detail::RangeCopy copy{.bytes = value.first(std::min<std::size_t>(value.size(), size()))};
  const auto n =
      observer_.read([&](const detail::ReaderSlot& slot) { copy(slot, observer_.geometry()); });
  if (!n) return tl::unexpected(n.error());
  return copy.result(*n, files_->layout.max_age_ns);
}

ReadResult<SampleInfo> PassiveReader::read_at(std::uint64_t sequence,
                                              std::span<std::byte> value) noexcept {
  if (is_detached()) return tl::unexpected(ReadError::Detached);
  const SlotGeometry& geometry = observer_.geometry();
  if (sequence >= geometry.sequence_limit()) return tl::unexpected(ReadError::NeverWritten);
  detail::RangeCopy copy{.bytes = value.first(std::min<std::size_t>(value.size(), size()))};
  const detail::ReaderSlot slot = slot_of(geometry.index_of(sequence));
  if (!slot.try_read(sequence, [&](const detail::ReaderSlot& s) { copy(s, geometry); })) {
    return tl::unexpected(ReadError::NeverWritten);
  }
  return copy.result(sequence, files_->layout.max_age_ns);
}

std::uint64_t PassiveReader::slot_version(std::uint32_t index) const noexcept {
  const SlotGeometry& geometry = observer_.geometry();
  return slot_of(index % geometry.count).version();
}

detail::ReaderSlot PassiveReader::slot_of(std::uint32_t index) const noexcept {
  const SlotGeometry& geometry = observer_.geometry();
  const std::byte* slots = files_->data.data() + files_->layout.slots_offset;
  return {slots + index * geometry.stride, geometry};
}

const SegmentLayout& PassiveReader::layout() const noexcept {
  return files_->layout;
}

std::span<const std::uint8_t> PassiveReader::bfbs() const noexcept {
  return files_->bfbs;
}

std::span<const CompatibleEntry> PassiveReader::compatible() const noexcept {
  return files_->compatible;
}

}  // namespace evo
