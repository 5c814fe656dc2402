/// Errors of the cold paths (create, attach, list) and of the data path.
///
/// Cold paths return `Result<T>`: a code for the program and a message for the user. The data path
/// returns a bare enum, because nothing there may allocate.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace evo {

enum class ErrorCode : std::uint8_t {
  AlreadyExists,      ///< a dead writer left the segment behind, and the options forbid touching it
  SegmentBusy,        ///< a live writer holds the segment
  NotFound,           ///< no such segment in the domain
  NotReady,           ///< a writer is still creating it; try again
  InvalidName,        ///< a segment, module or domain name that is not allowed
  InvalidSize,        ///< outside 1 byte to 1 GiB
  InvalidSchema,      ///< the schema embedded in a segment cannot be used
  SchemaMismatch,     ///< writer and reader were built from layouts that do not fit
  FormatMismatch,     ///< this build cannot read the file's format version
  Corrupt,            ///< not a segment file, or damaged
  PermissionDenied,   ///< not allowed, or owned by a user who is not trusted
  ReaderTableFull,    ///< `max_readers` readers are attached
  ResourceExhausted,  ///< a limit of the process or the system
  NoSpace,            ///< the file system of the domain is full
  Timeout,            ///< the time given for waiting has passed
  Unsupported,        ///< this kernel or file system does not support it
  Io,                 ///< any other failure of a system call
};

/// Why a read gave no value.
enum class ReadError : std::uint8_t {
  NeverWritten,      ///< no publish yet
  Contended,         ///< the writer overtook every attempt; see ReaderOptions::retries
  ChecksumMismatch,  ///< the value is damaged
  Detached,          ///< the segment was recreated, or this is a forked child: reattach
  OutOfRange,        ///< untyped reader: the range exceeds the value
};

/// Why a write was not published.
enum class WriteError : std::uint8_t {
  Fenced,      ///< the segment was taken over, this writer was fenced off, or the loan is spent
  WouldBlock,  ///< stream, overflow `block`: full, and no timeout was given
  Timeout,     ///< stream, overflow `block`: full until the timeout
  OutOfRange,  ///< untyped writer: the bytes do not fit the value
  LoanOut,     ///< a loan of this writer is out: publish it or drop it first
};

[[nodiscard]] std::string_view to_string(ErrorCode code) noexcept;
[[nodiscard]] std::string_view to_string(ReadError error) noexcept;
[[nodiscard]] std::string_view to_string(WriteError error) noexcept;

/// A failure on a cold path. The message ends with what the user can do.
struct Error {
  ErrorCode code = ErrorCode::Io;
  std::string message;
  int system_errno = 0;  ///< zero if no system call failed
};

template <class T>
using Result = tl::expected<T, Error>;

namespace detail {

/// `return fail(ErrorCode::NotFound, "…", …)` from any function that returns a Result.
template <class... Args>
tl::unexpected<Error> fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...), 0});
}

/// The same for a failed system call: appends the text of `system_errno`, and uses the specific
/// code for errors that have one (permission, space, limits). `path` is the file or directory
/// concerned, if any.
tl::unexpected<Error> fail_errno(int system_errno, std::string what, const std::string& path = {});

}  // namespace detail
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

/// Prints `SegmentBusy: message`.
template <>
struct fmt::formatter<evo::Error> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const evo::Error& error, Context& context) const {
    return fmt::format_to(context.out(), "{}: {}", error.code, error.message);
  }
};
