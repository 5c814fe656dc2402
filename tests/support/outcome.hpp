// SPDX-License-Identifier: Apache-2.0
/// The result of an operation, as a word that a failing test prints.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <type_traits>

#include "evo/error.hpp"

namespace evo::test {

/// "ok", or the name of the error.
template <class T, class E>
std::string outcome(const tl::expected<T, E>& result) {
  if (result) return "ok";
  if constexpr (std::is_same_v<E, Error>) {
    return std::string(to_string(result.error().code));
  } else {
    return std::string(to_string(result.error()));
  }
}

/// The message of the error; empty if there is none.
template <class T>
std::string message_of(const Result<T>& result) {
  return result ? std::string() : result.error().message;
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace evo::test
