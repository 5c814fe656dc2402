// SPDX-License-Identifier: Apache-2.0
/// Builds large JSON objects in linear time.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace evo::tools {

/// Adds a member that the object does not have yet. `object[name]` would compare the name with
/// those of all members.
inline void add_member(nlohmann::ordered_json& object, std::string name,
                       nlohmann::ordered_json value) {
  object.get_ref<nlohmann::ordered_json::object_t&>().emplace_back(std::move(name),
                                                                   std::move(value));
}

}  // namespace evo::tools
