#include "stub/declared_segment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <span>
#include <string_view>
#include <utility>

#include "decode/schema_file.hpp"
#include "decode/suggestion.hpp"
#include "evo/control_file.hpp"
#include "evo/segment_header.hpp"
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

Result<Blueprint> blueprint_from(const SchemaLayout& layout, std::string segment,
                                 std::vector<std::uint8_t> bfbs) {
  Attributes attributes(layout);
  Blueprint blueprint{.name = std::move(segment),
                      .module = std::string(layout.attribute("owner")),
                      .size = layout.size,
                      .alignment = static_cast<std::uint32_t>(layout.alignment),
                      .version = {},
                      .schema_id = schema_id_of(layout, bfbs),
                      .compatible = {},
                      .bfbs = std::move(bfbs)};
  if (!detail::validate_module_name(blueprint.module)) {
    attributes.complain("owner", "the name of the module that may write it");
  }
  attributes.choice<Kind>("kind", blueprint.kind, {"state", Kind::State}, {"stream", Kind::Stream});
  if (blueprint.kind == Kind::State) {
    attributes.number("slots", blueprint.slots, 2, 64);
  } else {
    blueprint.slots = 256;
    attributes.number("capacity", blueprint.slots, 2, 1U << 20);
    if (!std::has_single_bit(blueprint.slots)) attributes.complain("capacity", "a power of two");
    attributes.choice<Overflow>("overflow", blueprint.overflow, {"overwrite", Overflow::Overwrite},
                                {"block", Overflow::Block});
  }
  attributes.number("max_readers", blueprint.max_readers, 1, kMaximumReaders);
  attributes.time("period", blueprint.period_ns);
  attributes.time("max_age", blueprint.max_age_ns);
  attributes.choice<bool>("stamp", blueprint.stamped, {"monotonic", true}, {"none", false});
  attributes.choice<bool>("checksum", blueprint.checksummed, {"none", false}, {"crc32c", true});
  attributes.choice<Access>("access", blueprint.access, {"owner", Access::Owner},
                            {"group", Access::Group});
  attributes.version(blueprint.version);
  if (!attributes.fault().empty()) {
    return detail::fail(ErrorCode::InvalidSchema, "segment '{}' cannot be created: {}",
                        blueprint.name, attributes.fault());
  }
  // Everything else that `create` requires of a description.
  if (const auto planned = detail::plan_layout(describe(blueprint)); !planned) {
    return tl::unexpected(planned.error());
  }
  return blueprint;
}

}  // namespace

Result<DeclaredSegment> declared_segment(const std::string& file,
                                         const std::vector<std::string>& includes,
                                         const std::string& segment) {
  auto bfbs = compile_schema(file, includes);
  if (!bfbs) return tl::unexpected(bfbs.error());
  const std::vector<std::string> names = segments_of(*bfbs);
  if (std::ranges::find(names, segment) == names.end()) {
    return detail::fail(
        ErrorCode::NotFound, "'{}' declares no segment '{}'{}", file, segment,
        names.empty()
            ? "; name a file that declares it"
            : suggestion(segment, names, fmt::format("it declares {}", fmt::join(names, ", "))));
  }
  auto layout = read_schema(*bfbs, segment);
  if (!layout) return tl::unexpected(layout.error());
  auto blueprint = blueprint_from(*layout, segment, std::move(*bfbs));
  if (!blueprint) return tl::unexpected(blueprint.error());
  auto fields = Fields::of(std::move(*layout));
  if (!fields) return tl::unexpected(fields.error());
  return DeclaredSegment{.blueprint = std::move(*blueprint), .fields = std::move(*fields)};
}

}  // namespace evo::tools
