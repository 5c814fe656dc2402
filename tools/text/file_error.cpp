// SPDX-License-Identifier: Apache-2.0
#include "text/file_error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "evo/format.hpp"

namespace evo::tools {

namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> fail_at_file(int error, std::string_view action, const fs::path& path,
                                   std::string_view where) {
  const auto fail = [&](ErrorCode code, std::string_view advice) {
    return make_error(code, "cannot {} '{}': {}; {}", action, path.string(), std::strerror(error),
                      advice);
  };
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return fail(ErrorCode::NotFound, fmt::format("name {} that exists", where));
    case EACCES:
    case EPERM:
      return fail(ErrorCode::PermissionDenied,
                  fmt::format("name {} that this user may use", where));
    case EISDIR:
      return fail(ErrorCode::Io, "name a file");
    case ENOSPC:
    case EDQUOT:
      return fail(ErrorCode::NoSpace, "free space in its file system, or name a file elsewhere");
    case EFBIG:
      return fail(ErrorCode::NoSpace, "raise the file size limit (ulimit -f)");
    default:
      return fail(ErrorCode::Io, "name a file elsewhere");
  }
}

}  // namespace

tl::unexpected<Error> cannot_read(int error, const fs::path& path) {
  return fail_at_file(error, "read", path, "a file");
}

tl::unexpected<Error> cannot_write(int error, const fs::path& path) {
  return fail_at_file(error, "write", path, "a file in a directory");
}

tl::unexpected<Error> cannot_write(ErrorCode code, const fs::path& path, std::string_view reason) {
  return make_error(code, "cannot write '{}': {}", path.string(), reason);
}

}  // namespace evo::tools
