// SPDX-License-Identifier: Apache-2.0
/// Errors of the cold paths (create, attach, list) and of the data path.
///
/// Cold paths return `Result<T>`: a code for the program and a message for the user. The data path
/// returns a bare enum, because nothing there may allocate. To print them with fmt, include
/// "evo/format.hpp".
#pragma once

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

/// The result of a call on a cold path.
template <class T>
using Result = tl::expected<T, Error>;

/// The result of a read.
template <class T>
using ReadResult = tl::expected<T, ReadError>;

/// The result of a write.
using WriteResult = tl::expected<void, WriteError>;

}  // namespace evo
