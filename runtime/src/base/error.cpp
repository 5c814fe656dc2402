// SPDX-License-Identifier: Apache-2.0
#include "evo/error.hpp"

#include <sys/statfs.h>

#include <cerrno>
#include <system_error>

#include "base/permission.hpp"
#include "evo/format.hpp"

namespace evo {

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::AlreadyExists:
      return "AlreadyExists";
    case ErrorCode::SegmentBusy:
      return "SegmentBusy";
    case ErrorCode::NotFound:
      return "NotFound";
    case ErrorCode::NotReady:
      return "NotReady";
    case ErrorCode::InvalidName:
      return "InvalidName";
    case ErrorCode::InvalidSize:
      return "InvalidSize";
    case ErrorCode::InvalidSchema:
      return "InvalidSchema";
    case ErrorCode::SchemaMismatch:
      return "SchemaMismatch";
    case ErrorCode::FormatMismatch:
      return "FormatMismatch";
    case ErrorCode::Corrupt:
      return "Corrupt";
    case ErrorCode::PermissionDenied:
      return "PermissionDenied";
    case ErrorCode::ReaderTableFull:
      return "ReaderTableFull";
    case ErrorCode::ResourceExhausted:
      return "ResourceExhausted";
    case ErrorCode::NoSpace:
      return "NoSpace";
    case ErrorCode::Timeout:
      return "Timeout";
    case ErrorCode::Unsupported:
      return "Unsupported";
    case ErrorCode::Io:
      return "Io";
  }
  return "?";
}

std::string_view to_string(ReadError error) noexcept {
  switch (error) {
    case ReadError::NeverWritten:
      return "NeverWritten";
    case ReadError::Contended:
      return "Contended";
    case ReadError::ChecksumMismatch:
      return "ChecksumMismatch";
    case ReadError::Detached:
      return "Detached";
    case ReadError::OutOfRange:
      return "OutOfRange";
  }
  return "?";
}

std::string_view to_string(WriteError error) noexcept {
  switch (error) {
    case WriteError::Fenced:
      return "Fenced";
    case WriteError::WouldBlock:
      return "WouldBlock";
    case WriteError::Timeout:
      return "Timeout";
    case WriteError::OutOfRange:
      return "OutOfRange";
    case WriteError::LoanOut:
      return "LoanOut";
  }
  return "?";
}

namespace {

struct Advice {
  ErrorCode code;
  std::string remedy;
};

/// Whether the file system of `path`, or of the directory where `path` is to be created, has no
/// inodes left.
bool has_no_inodes(const std::string& path) {
  struct statfs status {};
  if (path.empty()) return false;
  if (::statfs(path.c_str(), &status) != 0 &&
      ::statfs(path.substr(0, path.rfind('/') + 1).c_str(), &status) != 0) {
    return false;
  }
  return status.f_files != 0 && status.f_ffree == 0;
}

Advice advice_for(int system_errno, const std::string& path) {
  switch (system_errno) {
    case EACCES:
    case EPERM:
      return {ErrorCode::PermissionDenied, detail::permission_remedy(path)};
    case ENOSPC:
      if (has_no_inodes(path)) {
        return {ErrorCode::NoSpace,
                "its file system has no inodes left: remove files there, or enlarge it (tmpfs: "
                "mount -o remount,nr_inodes=…)"};
      }
      [[fallthrough]];
    case EDQUOT:
      return {ErrorCode::NoSpace,
              "free space in the domain's file system, or enlarge it (tmpfs: mount -o "
              "remount,size=…)"};
    case EMFILE:
    case ENFILE:
      return {ErrorCode::ResourceExhausted, "raise the limit of open files (ulimit -n)"};
    case ENOMEM:
    case EAGAIN:
      return {ErrorCode::ResourceExhausted,
              "free memory, or raise the process's limits (ulimit -v, ulimit -l)"};
    case EFBIG:
      return {ErrorCode::ResourceExhausted, "raise the limit of the file size (ulimit -f)"};
    case EROFS:
      return {ErrorCode::Unsupported,
              "its file system is mounted read-only: remount it (mount -o remount,rw), or choose "
              "another domain"};
    default:
      return {ErrorCode::Io, "check the domain's directory and its file system"};
  }
}

}  // namespace

tl::unexpected<Error> make_system_error(int system_errno, std::string what,
                                        const std::string& path) {
  const Advice advice = advice_for(system_errno, path);
  return tl::unexpected(Error{
      advice.code,
      fmt::format("{}: {}; {}", what, std::generic_category().message(system_errno), advice.remedy),
      system_errno});
}

}  // namespace evo
