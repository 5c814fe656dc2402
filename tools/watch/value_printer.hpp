// SPDX-License-Identifier: Apache-2.0
/// The lines of `watch`: changed values, and the state of the writer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "decode/fields.hpp"
#include "evo/segment_info.hpp"
#include "inspect/time_style.hpp"
#include "inspect/value_columns.hpp"
#include "inspect/value_stream.hpp"
#include "text/wrap.hpp"

namespace evo::tools {

enum class WatchForm : std::uint8_t { Lines, Json, Csv, InPlace };

struct WatchStyle {
  WatchForm form = WatchForm::Lines;
  bool every = false;  ///< even if no field has changed
  bool rate = false;
  bool name = false;  ///< of the segment, in each line
  std::size_t width = kUnlimitedWidth;
};

/// State shared by the printers of one command.
struct WatchContext {
  WatchStyle style;
  std::optional<MomentText> moments;  ///< nullopt: stamps in seconds, where there are stamps
  ValueColumns columns;               ///< of comma-separated values
};

/// Prints one segment, and remembers its last value.
class ValuePrinter {
 public:
  /// The context and the fields must outlive it.
  ValuePrinter(std::string segment, WatchContext& context, const Fields& fields,
               std::vector<Field> chosen);

  /// InvalidSize: more columns than a CSV table should have.
  [[nodiscard]] Result<void> add_columns(const std::string& prefix);

  /// The value as text; nothing if no field has changed.
  [[nodiscard]] std::optional<std::string> text_of(const StreamedValue& value);

  /// The state of the writer as text.
  [[nodiscard]] std::string text_of_writer(const SegmentInfo& info) const;

  /// Publishes per second, measured before the first line.
  void begin_rate(double per_second) { rate_ = per_second; }

 private:
  [[nodiscard]] bool has_changed(const std::vector<std::byte>& bytes) const;
  void count_publish(std::uint64_t sequence);
  [[nodiscard]] std::string head_of(const StreamedValue& value) const;
  [[nodiscard]] std::string line_of(const StreamedValue& value) const;
  [[nodiscard]] std::string json_of(const StreamedValue& value) const;
  [[nodiscard]] std::string table_of(const StreamedValue& value) const;

  std::string segment_;
  WatchContext* context_;
  const Fields* fields_;
  std::vector<Field> chosen_;
  std::size_t number_ = 0;  // among the columns
  std::vector<std::byte> last_;
  std::uint64_t rate_since_ns_ = 0;
  std::uint64_t rate_from_ = 0;
  std::optional<double> rate_;
};

}  // namespace evo::tools
