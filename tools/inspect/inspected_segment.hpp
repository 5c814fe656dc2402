// SPDX-License-Identifier: Apache-2.0
/// One segment and its last value, inspected from outside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "decode/fields.hpp"
#include "evo/domain.hpp"
#include "evo/passive_reader.hpp"
#include "evo/segment_info.hpp"

namespace evo::tools {

/// Result of reading a value.
struct InspectedValue {
  std::vector<std::byte> bytes;
  SampleInfo info;
  std::optional<ReadError> error;  ///< with ChecksumMismatch `bytes` is still filled

  [[nodiscard]] bool has_bytes() const { return !error || *error == ReadError::ChecksumMismatch; }
};

/// A segment that is open for inspection, whatever its condition.
class InspectedSegment {
 public:
  /// NotFound: no such segment in the domain; the message suggests similar names.
  static Result<InspectedSegment> at(const Domain& domain, std::string_view name);

  /// As of the last inspection.
  [[nodiscard]] const SegmentInfo& info() const { return info_; }

  /// Inspects again: live processes and the last publish. Reopens the segment if it was recreated;
  /// the fields stay the same object while the schema is the same.
  Result<void> refresh();

  /// Whether values can be read. Otherwise `fault()` says why not.
  [[nodiscard]] bool readable() const { return reader_.has_value(); }
  [[nodiscard]] const PassiveReader& reader() const { return *reader_; }

  /// The fields, if the embedded schema is usable; otherwise `fault()` says why not.
  [[nodiscard]] const std::optional<Fields>& fields() const { return fields_; }

  /// Why it cannot be read or decoded; nothing if it can.
  [[nodiscard]] const std::optional<Error>& fault() const { return fault_; }

  /// The last value. Must be readable. Detached: recreated, call `refresh`.
  [[nodiscard]] InspectedValue value();

  /// The publish with this number, if it is still in its slot. Must be readable.
  [[nodiscard]] ReadResult<SampleInfo> read_at(std::uint64_t sequence, std::span<std::byte> value) {
    return reader_->read_at(sequence, value);
  }

  /// Number of the last publish at this moment. Must be readable.
  [[nodiscard]] std::uint64_t sequence() const { return reader_->sequence(); }

  [[nodiscard]] const Domain& domain() const { return domain_; }

 private:
  InspectedSegment(Domain domain, SegmentInfo info);
  void open();
  [[nodiscard]] Result<Fields> decode_schema() const;

  Domain domain_;
  SegmentInfo info_;
  std::optional<PassiveReader> reader_;
  std::optional<Fields> fields_;
  std::vector<std::uint8_t> bfbs_;  // source of the fields
  std::optional<Error> fault_;
};

/// Adds the names of similar segments in the domain to NotFound; returns any other error unchanged.
[[nodiscard]] Error with_suggestion(Error error, const Domain& domain, std::string_view name);

/// Why nothing is known about a segment that is unreadable, foreign or corrupt.
[[nodiscard]] Error reason_of(const Domain& domain, const SegmentInfo& info);

/// Publishes per second, measured over `wait`. Must be readable.
double measure_rate(const InspectedSegment& inspected, std::chrono::nanoseconds wait);

}  // namespace evo::tools
