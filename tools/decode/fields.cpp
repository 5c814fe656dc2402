#include "decode/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "decode/suggestion.hpp"

namespace evo::tools {

namespace {

constexpr std::array<std::string_view, 11> kScalarNames = {"bool",   "int8",    "uint8",  "int16",
                                                           "uint16", "int32",   "uint32", "int64",
                                                           "uint64", "float32", "float64"};

/// Calls `use` with a value of the type that the scalar stands for.
template <class Use>
auto with_type(Scalar scalar, Use&& use) {
  switch (scalar) {
    case Scalar::Bool:
    case Scalar::UInt8:
      return use(std::uint8_t{});
    case Scalar::Int8:
      return use(std::int8_t{});
    case Scalar::Int16:
      return use(std::int16_t{});
    case Scalar::UInt16:
      return use(std::uint16_t{});
    case Scalar::Int32:
      return use(std::int32_t{});
    case Scalar::UInt32:
      return use(std::uint32_t{});
    case Scalar::Int64:
      return use(std::int64_t{});
    case Scalar::UInt64:
      return use(std::uint64_t{});
    case Scalar::Float32:
      return use(float{});
    case Scalar::Float64:
      break;
  }
  return use(double{});
}

std::size_t place_of(const Field& field, std::uint32_t index) {
  return field.offset + index * size_of(field.scalar);
}

template <class T>
T load(const Field& field, std::span<const std::byte> payload, std::uint32_t index) {
  T value{};
  const std::size_t place = place_of(field, index);
  if (place + sizeof(T) <= payload.size()) std::memcpy(&value, payload.data() + place, sizeof(T));
  return value;
}

/// The bits of an integral element, as LayoutEnumValue has them.
std::int64_t bits_of(const Field& field, std::span<const std::byte> payload, std::uint32_t index) {
  return with_type(field.scalar, [&](auto kind) {
    return static_cast<std::int64_t>(load<decltype(kind)>(field, payload, index));
  });
}

/// "enum evo.control.Mode: uint8" -> "evo.control.Mode"; empty if it is none.
std::string_view enum_of(std::string_view type) {
  constexpr std::string_view kPrefix = "enum ";
  if (!type.starts_with(kPrefix)) return {};
  type.remove_prefix(kPrefix.size());
  return type.substr(0, type.find(": "));
}

std::optional<Scalar> scalar_of(std::string_view type) {
  if (!enum_of(type).empty()) type = type.substr(type.rfind(' ') + 1);
  const auto* found = std::find(kScalarNames.begin(), kScalarNames.end(), type);
  if (found == kScalarNames.end()) return std::nullopt;
  return static_cast<Scalar>(found - kScalarNames.begin());
}

/// The whole text as a number, hexadecimal with `0x`; nothing if it is none or does not fit.
template <class T>
std::optional<T> parse(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  if constexpr (std::is_floating_point_v<T>) {
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || rest != end) return std::nullopt;
  } else {
    const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    const auto [rest, error] =
        std::from_chars(text.data() + (hexadecimal ? 2 : 0), end, value, hexadecimal ? 16 : 10);
    if (error != std::errc() || rest != end) return std::nullopt;
  }
  return value;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

std::size_t size_of(Scalar scalar) {
  return with_type(scalar, [](auto kind) { return sizeof(kind); });
}

Result<Fields> Fields::of(SchemaLayout layout) {
  Fields fields;
  fields.layout_ = std::make_unique<SchemaLayout>(std::move(layout));
  for (const LayoutEnumValue& value : fields.layout_->enum_values) {
    const std::size_t dot = value.name.rfind('.');
    const std::string type = value.name.substr(0, dot);
    if (fields.enums_.empty() || fields.enums_.back().first != type) {
      fields.enums_.emplace_back(type, std::vector<LayoutEnumValue>());
    }
    fields.enums_.back().second.push_back({value.name.substr(dot + 1), value.value, value.is_flag});
  }
  std::size_t next = 0;
  if (auto grown = fields.grow(fields.roots_, next, ""); !grown) {
    return tl::unexpected(grown.error());
  }
  return fields;
}

/// The declared fields come in depth-first order, so those of a struct follow it.
Result<void> Fields::grow(std::vector<Node>& nodes, std::size_t& next, const std::string& prefix) {
  const std::vector<LayoutField>& declared = layout_->fields;
  while (next < declared.size() && declared[next].path.starts_with(prefix)) {
    Node node;
    node.declared = &declared[next++];
    node.name = node.declared->path.substr(prefix.size());
    if (node.declared->type.starts_with("struct ")) {
      const std::string inner = node.declared->path + (node.declared->length != 0 ? "[]." : ".");
      if (auto grown = grow(node.children, next, inner); !grown) return grown;
    } else {
      const auto scalar = scalar_of(node.declared->type);
      if (!scalar) {
        return detail::fail(ErrorCode::InvalidSchema,
                            "field '{}' has a type '{}' that this evo-shm does not know",
                            node.declared->path, node.declared->type);
      }
      node.scalar = *scalar;
    }
    nodes.push_back(std::move(node));
  }
  return {};
}

void Fields::spell_out(const Node& node, const std::string& path, std::uint64_t shift,
                       std::vector<Field>& out) const {
  if (out.size() >= kMostFields) return;
  const LayoutField& declared = *node.declared;
  if (node.children.empty()) {
    out.push_back({path, node.scalar, declared.offset + shift, declared.length, &declared});
    return;
  }
  const std::uint32_t count = std::max<std::uint32_t>(1, declared.length);
  for (std::uint32_t i = 0; i < count && out.size() < kMostFields; ++i) {
    const std::string element = declared.length == 0 ? path : fmt::format("{}[{}]", path, i);
    for (const Node& child : node.children) {
      spell_out(child, element + '.' + child.name, shift + i * (declared.size / count), out);
    }
  }
}

std::vector<Field> Fields::all() const {
  std::vector<Field> out;
  for (const Node& root : roots_) spell_out(root, root.name, 0, out);
  return out;
}

Result<std::vector<Field>> Fields::find(std::string_view path) const {
  const std::vector<Node>* nodes = &roots_;
  std::string shown;
  std::uint64_t shift = 0;
  std::string_view rest = path;
  while (true) {
    const std::size_t dot = rest.find('.');
    std::string_view part = rest.substr(0, dot);
    std::optional<std::uint32_t> index;
    if (const std::size_t bracket = part.find('['); bracket != std::string_view::npos) {
      if (!part.ends_with(']')) return not_found(path);
      index = parse<std::uint32_t>(part.substr(bracket + 1, part.size() - bracket - 2));
      if (!index) return not_found(path);
      part = part.substr(0, bracket);
    }
    const auto node =
        std::find_if(nodes->begin(), nodes->end(), [&](const Node& n) { return n.name == part; });
    if (node == nodes->end()) return not_found(path);
    const LayoutField& declared = *node->declared;
    if (!shown.empty()) shown += '.';
    shown += part;
    if (index && *index >= declared.length) {
      return detail::fail(ErrorCode::NotFound, "'{}' has {}, and no [{}]", shown,
                          declared.length == 0
                              ? "no elements"
                              : fmt::format("elements [0] to [{}]", declared.length - 1),
                          *index);
    }
    const bool last = dot == std::string_view::npos;
    if (index) {
      shown += fmt::format("[{}]", *index);
      shift += *index * (declared.size / declared.length);
    }
    std::vector<Field> out;
    if (last && node->children.empty()) {
      out.push_back(
          {shown, node->scalar, declared.offset + shift, index ? 0 : declared.length, &declared});
      return out;
    }
    if (last) {
      if (index) {
        for (const Node& child : node->children)
          spell_out(child, shown + '.' + child.name, shift, out);
      } else {
        spell_out(*node, shown, shift, out);
      }
      return out;
    }
    if (declared.length != 0 && !index) {
      return detail::fail(ErrorCode::NotFound,
                          "'{}' is an array; say which element, as in {}[0].{}", shown, shown,
                          rest.substr(dot + 1));
    }
    nodes = &node->children;
    rest.remove_prefix(dot + 1);
  }
}

std::vector<std::string> Fields::paths() const {
  std::vector<std::string> paths;
  for (const LayoutField& declared : layout_->fields) paths.push_back(declared.path);
  return paths;
}

tl::unexpected<Error> Fields::not_found(std::string_view path) const {
  const auto known = paths();
  return detail::fail(ErrorCode::NotFound, "there is no field '{}'{}", path,
                      suggestion(path, known, "evo-shm inspect lists them"));
}

const std::vector<LayoutEnumValue>* Fields::enumerators(const Field& field) const {
  const std::string_view type = enum_of(field.declared->type);
  const auto found = std::find_if(enums_.begin(), enums_.end(),
                                  [&](const auto& entry) { return entry.first == type; });
  return found == enums_.end() ? nullptr : &found->second;
}

std::optional<std::string> Fields::enumerator_of(const Field& field, std::int64_t bits) const {
  const auto* values = enumerators(field);
  if (values == nullptr) return std::nullopt;
  std::string names;
  std::int64_t left = bits;
  for (const LayoutEnumValue& value : *values) {
    if (value.value == bits) return value.name;
    if (!value.is_flag || (left & value.value) == 0) continue;
    if (!names.empty()) names += '|';
    names += value.name;
    left &= ~value.value;
  }
  if (left != 0) return std::nullopt;
  const bool flags = !values->empty() && values->front().is_flag;
  return flags ? std::optional(names.empty() ? "none" : names) : std::nullopt;
}

std::optional<std::int64_t> Fields::enumerated(const Field& field, std::string_view text) const {
  const std::vector<LayoutEnumValue>& values = *enumerators(field);
  const bool flags = !values.empty() && values.front().is_flag;
  if (flags && text == "none") return 0;
  std::int64_t bits = 0;
  while (true) {
    const std::size_t bar = flags ? text.find('|') : std::string_view::npos;
    const auto found = std::find_if(values.begin(), values.end(), [&](const auto& value) {
      return value.name == trimmed(text.substr(0, bar));
    });
    if (found == values.end()) return std::nullopt;
    bits |= found->value;
    if (bar == std::string_view::npos) return bits;
    text.remove_prefix(bar + 1);
  }
}

std::string Fields::element_text(const Field& field, std::span<const std::byte> payload,
                                 std::uint32_t index) const {
  if (enumerators(field) != nullptr) {
    if (auto name = enumerator_of(field, bits_of(field, payload, index))) return *name;
  }
  return with_type(field.scalar, [&](auto kind) {
    const auto value = load<decltype(kind)>(field, payload, index);
    if (field.scalar == Scalar::Bool && value <= 1)
      return std::string(value == 0 ? "false" : "true");
    return fmt::format("{}", value);
  });
}

std::string Fields::text(const Field& field, std::span<const std::byte> payload,
                         std::size_t most) const {
  if (field.length == 0) return element_text(field, payload, 0);
  std::string out = "[";
  for (std::uint32_t i = 0; i < field.length; ++i) {
    if (i != 0) out += ", ";
    if (i == most) return out + fmt::format("… {} in all]", field.length);
    out += element_text(field, payload, i);
  }
  return out + ']';
}

nlohmann::ordered_json Fields::json(const Field& field, std::span<const std::byte> payload) const {
  const auto element = [&](std::uint32_t index) -> nlohmann::ordered_json {
    const std::string shown = element_text(field, payload, index);
    if (enumerators(field) != nullptr) return shown;
    return with_type(field.scalar, [&](auto kind) -> nlohmann::ordered_json {
      const auto value = load<decltype(kind)>(field, payload, index);
      if (field.scalar == Scalar::Bool && value <= 1) return value != 0;
      if constexpr (std::is_floating_point_v<decltype(kind)>) {
        if (!std::isfinite(value)) return shown;
        // A float as a double would show digits that it does not have.
        return nlohmann::ordered_json::parse(shown);
      } else {
        return value;
      }
    });
  };
  if (field.length == 0) return element(0);
  auto out = nlohmann::ordered_json::array();
  for (std::uint32_t i = 0; i < field.length; ++i) out.push_back(element(i));
  return out;
}

double Fields::number(const Field& field, std::span<const std::byte> payload, std::uint32_t index) {
  return with_type(field.scalar, [&](auto kind) {
    return static_cast<double>(load<decltype(kind)>(field, payload, index));
  });
}

std::optional<std::string> Fields::complaint(const Field& field,
                                             std::span<const std::byte> payload) const {
  const auto minimum = parse<double>(field.declared->minimum);
  const auto maximum = parse<double>(field.declared->maximum);
  const auto* values = enumerators(field);
  for (std::uint32_t i = 0; i < field.count(); ++i) {
    const std::string path = field.length == 0 ? field.path : fmt::format("{}[{}]", field.path, i);
    const std::string shown = element_text(field, payload, i);
    const double value = number(field, payload, i);
    if (std::isnan(value)) return fmt::format("{} is not a number (nan)", path);
    if (field.scalar == Scalar::Bool && value > 1) {
      return fmt::format("{} is {}, neither false nor true", path, shown);
    }
    if (values != nullptr && !enumerator_of(field, bits_of(field, payload, i))) {
      return fmt::format("{} is {}, no value of {}", path, shown, enum_of(field.declared->type));
    }
    if ((minimum && value < *minimum) || (maximum && value > *maximum)) {
      return fmt::format("{} is {}, outside {} to {}", path, shown,
                         minimum ? field.declared->minimum : "-inf",
                         maximum ? field.declared->maximum : "inf");
    }
  }
  return std::nullopt;
}

Result<void> Fields::set_element(const Field& field, std::uint32_t index, std::string_view text,
                                 std::span<std::byte> payload) const {
  const auto store = [&](auto value) {
    std::memcpy(payload.data() + place_of(field, index), &value, sizeof(value));
    return Result<void>();
  };
  if (const auto* values = enumerators(field)) {
    if (const auto bits = enumerated(field, text)) {
      return with_type(field.scalar,
                       [&](auto kind) { return store(static_cast<decltype(kind)>(*bits)); });
    }
    std::vector<std::string> names;
    for (const LayoutEnumValue& value : *values) names.push_back(value.name);
    return detail::fail(ErrorCode::InvalidSize, "'{}' is no value of {}; it takes {}", text,
                        field.path, fmt::join(names, ", "));
  }
  if (field.scalar == Scalar::Bool) {
    if (text == "true" || text == "1") return store(std::uint8_t{1});
    if (text == "false" || text == "0") return store(std::uint8_t{0});
    return detail::fail(ErrorCode::InvalidSize, "'{}' is no value of {}; it takes true or false",
                        text, field.path);
  }
  return with_type(field.scalar, [&](auto kind) -> Result<void> {
    using T = decltype(kind);
    if (const auto value = parse<T>(text)) return store(*value);
    if constexpr (std::is_floating_point_v<T>) {
      return detail::fail(ErrorCode::InvalidSize, "'{}' is no value of {}; it takes a number", text,
                          field.path);
    } else {
      return detail::fail(ErrorCode::InvalidSize, "'{}' is no value of {}; it takes {} to {}", text,
                          field.path, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
    }
  });
}

Result<void> Fields::set(const Field& field, std::string_view text,
                         std::span<std::byte> payload) const {
  text = trimmed(text);
  if (place_of(field, field.count()) > payload.size()) {
    return detail::fail(ErrorCode::InvalidSize, "{} lies outside the payload", field.path);
  }
  if (field.length == 0) return set_element(field, 0, text, payload);
  if (!text.starts_with('[') || !text.ends_with(']')) {
    return detail::fail(ErrorCode::InvalidSize,
                        "{} is an array of {}; write [a, b, …], or name one as {}[0]", field.path,
                        field.length, field.path);
  }
  text = text.substr(1, text.size() - 2);
  for (std::uint32_t i = 0; i < field.length; ++i) {
    const std::size_t comma = text.find(',');
    if ((comma == std::string_view::npos) != (i + 1 == field.length)) {
      return detail::fail(ErrorCode::InvalidSize, "{} takes {} values", field.path, field.length);
    }
    if (auto done = set_element(field, i, trimmed(text.substr(0, comma)), payload); !done)
      return done;
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return {};
}

}  // namespace evo::tools
