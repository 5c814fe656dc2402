// SPDX-License-Identifier: Apache-2.0
#include "evo/error.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <ostream>
#include <set>

#include "evo/format.hpp"
#include "outcome.hpp"

namespace evo::test {
namespace {

TEST(Error, EachCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  const auto last = static_cast<int>(ErrorCode::Io);
  for (int code = 0; code <= last; ++code) names.insert(to_string(static_cast<ErrorCode>(code)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(last) + 1);
  EXPECT_FALSE(names.contains("?"));
  EXPECT_EQ(to_string(ErrorCode::SegmentBusy), "SegmentBusy");
  EXPECT_EQ(to_string(ErrorCode::Io), "Io");
  EXPECT_EQ(to_string(static_cast<ErrorCode>(last + 1)), "?");
}

TEST(Error, DataPathErrorsHaveNames) {
  EXPECT_EQ(to_string(ReadError::NeverWritten), "NeverWritten");
  EXPECT_EQ(to_string(ReadError::Contended), "Contended");
  EXPECT_EQ(to_string(ReadError::ChecksumMismatch), "ChecksumMismatch");
  EXPECT_EQ(to_string(ReadError::Detached), "Detached");
  EXPECT_EQ(to_string(ReadError::OutOfRange), "OutOfRange");
  EXPECT_EQ(to_string(static_cast<ReadError>(99)), "?");
  EXPECT_EQ(to_string(WriteError::Fenced), "Fenced");
  EXPECT_EQ(to_string(WriteError::WouldBlock), "WouldBlock");
  EXPECT_EQ(to_string(WriteError::Timeout), "Timeout");
  EXPECT_EQ(to_string(WriteError::OutOfRange), "OutOfRange");
  EXPECT_EQ(to_string(static_cast<WriteError>(99)), "?");
}

TEST(Error, PrintsByFmt) {
  const Error error{ErrorCode::NotFound, "there is nothing; look elsewhere", 0};
  EXPECT_EQ(fmt::format("{}", error), "NotFound: there is nothing; look elsewhere");
  EXPECT_EQ(fmt::format("{}", ErrorCode::NoSpace), "NoSpace");
  EXPECT_EQ(fmt::format("[{:>12}]", ReadError::Detached), "[    Detached]");
  EXPECT_EQ(fmt::format("{}", WriteError::Fenced), "Fenced");
}

TEST(Error, FailCarriesCodeAndMessage) {
  const Result<int> result = make_error(ErrorCode::InvalidName, "'{}' has {} letters", "ab", 2);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::InvalidName);
  EXPECT_EQ(result.error().message, "'ab' has 2 letters");
  EXPECT_EQ(result.error().system_errno, 0);
}

struct SystemError {
  int number;
  ErrorCode code;
};

void PrintTo(const SystemError& error, std::ostream* out) {
  *out << error.number;
}

class FailErrno : public testing::TestWithParam<SystemError> {};

TEST_P(FailErrno, MapsToACodeAndSaysWhatToDo) {
  const Result<int> result = make_system_error(GetParam().number, "cannot do it");
  ASSERT_FALSE(result);
  EXPECT_EQ(outcome(result), to_string(GetParam().code));
  EXPECT_EQ(result.error().system_errno, GetParam().number);
  const std::string& message = result.error().message;
  EXPECT_TRUE(message.starts_with("cannot do it: ")) << message;
  const auto remedy = message.find("; ");
  ASSERT_NE(remedy, std::string::npos) << message;
  EXPECT_GT(message.size(), remedy + 10) << message;
}

INSTANTIATE_TEST_SUITE_P(Known, FailErrno,
                         testing::Values(SystemError{EACCES, ErrorCode::PermissionDenied},
                                         SystemError{EPERM, ErrorCode::PermissionDenied},
                                         SystemError{ENOSPC, ErrorCode::NoSpace},
                                         SystemError{EDQUOT, ErrorCode::NoSpace},
                                         SystemError{EMFILE, ErrorCode::ResourceExhausted},
                                         SystemError{ENFILE, ErrorCode::ResourceExhausted},
                                         SystemError{ENOMEM, ErrorCode::ResourceExhausted},
                                         SystemError{EAGAIN, ErrorCode::ResourceExhausted},
                                         SystemError{EFBIG, ErrorCode::ResourceExhausted},
                                         SystemError{EROFS, ErrorCode::Unsupported},
                                         SystemError{EIO, ErrorCode::Io}),
                         [](const auto& parameter) {
                           return std::to_string(parameter.param.number);
                         });

}  // namespace
}  // namespace evo::test
