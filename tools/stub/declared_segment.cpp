// SPDX-License-Identifier: Apache-2.0
#include "stub/declared_segment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <span>
#include <string_view>
#include <utility>

#include "decode/schema_file.hpp"
#include "decode/suggestion.hpp"
#include "evo/format.hpp"
#include "evo/format/control_file.hpp"
#include "evo/format/segment_header.hpp"
#include "evo/segment_paths.hpp"
#include "stub/schema_id.hpp"
#include "text/duration.hpp"

namespace evo::tools {

namespace {

/// Reads the attributes of one segment, and records the first invalid one.
class Attributes {
 public:
  explicit Attributes(const SchemaLayout& layout) : layout_(layout) {}

  void number(std::string_view name, std::uint32_t& out, std::uint32_t least, std::uint32_t most) {
    const std::string_view text = layout_.attribute(name);
    if (text.empty()) return;
    const auto value = parse_number<std::uint32_t>(text);
    if (!value || *value < least || *value > most) {
      return complain(name, fmt::format("a whole number from {} to {}", least, most));
    }
    out = *value;
  }
  /// One of two words, the first of which is the default.
  template <class T>
  void choice(std::string_view name, T& out, std::pair<std::string_view, T> silent,
              std::pair<std::string_view, T> other) {
    const std::string_view text = layout_.attribute(name);
    out = text == other.first ? other.second : silent.second;
    if (text.empty() || text == silent.first || text == other.first) return;
    complain(name, fmt::format("'{}' or '{}'", silent.first, other.first));
  }
  void time(std::string_view name, std::uint64_t& out) {
    const std::string_view text = layout_.attribute(name);
    if (text.empty()) return;
    const auto value = parse_duration(text);
    if (!value) return complain(name, "a time such as 250us, 1ms or 2s");
    out = static_cast<std::uint64_t>(value->count());
  }
  void version(LayoutVersion& out) {
    const std::string_view text = layout_.attribute("version");
    if (text.empty()) return;
    const std::size_t dot = std::min(text.find('.'), text.size() - 1);
    const auto major = parse_number<std::uint16_t>(text.substr(0, dot));
    const auto minor = parse_number<std::uint16_t>(text.substr(dot + 1));
    if (!major || !minor) return complain("version", "MAJOR.MINOR, such as 1.0");
    out = {*major, *minor};
  }
  void complain(std::string_view name, std::string_view instead) {
    if (!fault_.empty()) return;
    fault_ =
        fmt::format("its attribute '{}' is '{}'; write {}", name, layout_.attribute(name), instead);
  }
  /// What is wrong with the first invalid one; empty if all are valid.
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  const SchemaLayout& layout_;
  std::string fault_;
};

Result<OwnedDescription> describe_from(const SchemaLayout& layout, std::string segment,
                                       std::vector<std::uint8_t> bfbs) {
  Attributes attributes(layout);
  OwnedDescription description{.name = std::move(segment),
                               .module = std::string(layout.attribute("owner")),
                               .size = layout.size,
                               .alignment = static_cast<std::uint32_t>(layout.alignment),
                               .version = {},
                               .schema_id = schema_id_of(layout, bfbs),
                               .compatible = {},
                               .bfbs = std::move(bfbs)};
  if (!validate_module_name(description.module)) {
    attributes.complain("owner", "the name of the module that may write it");
  }
  attributes.choice<Kind>("kind", description.kind, {"state", Kind::State},
                          {"stream", Kind::Stream});
  if (description.kind == Kind::State) {
    attributes.number("slots", description.slots, 2, 64);
  } else {
    description.slots = 256;
    attributes.number("capacity", description.slots, 2, 1U << 20);
    if (!std::has_single_bit(description.slots)) attributes.complain("capacity", "a power of two");
    attributes.choice<Overflow>("overflow", description.overflow,
                                {"overwrite", Overflow::Overwrite}, {"block", Overflow::Block});
  }
  attributes.number("max_readers", description.max_readers, 1, kMaximumReaders);
  attributes.time("period", description.period_ns);
  attributes.time("max_age", description.max_age_ns);
  attributes.choice<bool>("stamp", description.stamped, {"monotonic", true}, {"none", false});
  attributes.choice<bool>("checksum", description.checksummed, {"none", false}, {"crc32c", true});
  attributes.choice<Access>("access", description.access, {"owner", Access::Owner},
                            {"group", Access::Group});
  attributes.version(description.version);
  if (!attributes.fault().empty()) {
    return make_error(ErrorCode::InvalidSchema, "segment '{}' cannot be created: {}",
                      description.name, attributes.fault());
  }
  // Everything else that `create` requires of a description.
  if (const auto planned = plan_layout(describe(description)); !planned) {
    return tl::unexpected(planned.error());
  }
  return description;
}

}  // namespace

Result<DeclaredSegment> declared_segment(const std::string& file,
                                         const std::vector<std::string>& includes,
                                         const std::string& segment) {
  auto bfbs = compile_schema(file, includes);
  if (!bfbs) return tl::unexpected(bfbs.error());
  const std::vector<std::string> names = segments_of(*bfbs);
  if (std::ranges::find(names, segment) == names.end()) {
    return make_error(
        ErrorCode::NotFound, "'{}' declares no segment '{}'{}", file, segment,
        names.empty()
            ? "; name a file that declares it"
            : suggestion(segment, names, fmt::format("it declares {}", fmt::join(names, ", "))));
  }
  auto layout = read_schema(*bfbs, segment);
  if (!layout) return tl::unexpected(layout.error());
  auto description = describe_from(*layout, segment, std::move(*bfbs));
  if (!description) return tl::unexpected(description.error());
  auto fields = Fields::of(std::move(*layout));
  if (!fields) return tl::unexpected(fields.error());
  return DeclaredSegment{.description = std::move(*description), .fields = std::move(*fields)};
}

}  // namespace evo::tools
