// SPDX-License-Identifier: Apache-2.0
/// Prints errors with fmt, and makes errors with a formatted message.
///
/// Kept apart from error.hpp, because <fmt/format.h> is slow to compile.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "evo/error.hpp"
#include "evo/wait_reason.hpp"

namespace evo {

/// `return make_error(ErrorCode::NotFound, "…", …)` from any function that returns a Result.
template <class... Args>
tl::unexpected<Error> make_error(ErrorCode code, fmt::format_string<Args...> format,
                                 Args&&... args) {
  return tl::unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...), 0});
}

/// The same for a failed system call: appends the text of `system_errno` and what to do, and uses
/// the specific code for errors that have one (permission, space, limits). `path` is the file or
/// directory concerned, if any.
tl::unexpected<Error> make_system_error(int system_errno, std::string what,
                                        const std::string& path = {});

}  // namespace evo

template <>
struct fmt::formatter<evo::ErrorCode> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(evo::ErrorCode code, Context& context) const {
    return fmt::formatter<std::string_view>::format(evo::to_string(code), context);
  }
};

template <>
struct fmt::formatter<evo::ReadError> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(evo::ReadError error, Context& context) const {
    return fmt::formatter<std::string_view>::format(evo::to_string(error), context);
  }
};

template <>
struct fmt::formatter<evo::WriteError> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(evo::WriteError error, Context& context) const {
    return fmt::formatter<std::string_view>::format(evo::to_string(error), context);
  }
};

template <>
struct fmt::formatter<evo::WaitReason> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(evo::WaitReason reason, Context& context) const {
    return fmt::formatter<std::string_view>::format(evo::to_string(reason), context);
  }
};

/// Prints `SegmentBusy: message`.
template <>
struct fmt::formatter<evo::Error> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const evo::Error& error, Context& context) const {
    return fmt::format_to(context.out(), "{}: {}", error.code, error.message);
  }
};
