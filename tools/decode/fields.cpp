// SPDX-License-Identifier: Apache-2.0
#include "decode/fields.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "decode/suggestion.hpp"
#include "evo/format.hpp"

namespace evo::tools {

Result<Fields> Fields::of(SchemaLayout layout) {
  Fields fields;
  fields.layout_ = std::make_unique<SchemaLayout>(std::move(layout));
  for (const LayoutEnumValue& value : fields.layout_->enum_values) {
    const std::size_t dot = value.name.rfind('.');
    const std::string type = value.name.substr(0, dot);
    Enumerators& same = fields.enums_[type];
    same.places.emplace_back(value.value, same.declared.size());
    same.declared.push_back({value.name.substr(dot + 1), value.value, value.is_flag});
  }
  for (auto& [type, same] : fields.enums_) std::ranges::sort(same.places);
  std::size_t next = 0;
  if (auto grown = fields.grow(fields.roots_, next, ""); !grown) {
    return tl::unexpected(grown.error());
  }
  return fields;
}

/// The declared fields are in depth-first order, so the fields of a struct follow it.
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
        return make_error(ErrorCode::InvalidSchema,
                          "field '{}' has type '{}', which this evo-shm does not know",
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
      index = parse_number<std::uint32_t>(part.substr(bracket + 1, part.size() - bracket - 2));
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
      return make_error(ErrorCode::NotFound, "'{}' has {}, and no [{}]", shown,
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
      return make_error(ErrorCode::NotFound, "'{}' is an array; say which element, as in {}[0].{}",
                        shown, shown, rest.substr(dot + 1));
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
  return make_error(ErrorCode::NotFound, "there is no field '{}'{}", path,
                    suggestion(path, known, "evo-shm inspect lists them"));
}

const Fields::Enumerators* Fields::enumerators_of(const Field& field) const {
  const auto found = enums_.find(enum_of(field.declared->type));
  return found == enums_.end() ? nullptr : &found->second;
}

const std::vector<LayoutEnumValue>* Fields::enumerators(const Field& field) const {
  const Enumerators* const found = enumerators_of(field);
  return found == nullptr ? nullptr : &found->declared;
}

}  // namespace evo::tools
