// SPDX-License-Identifier: Apache-2.0
/// Lines that a thread writes: whole, in order, and counted where they were dropped.
#include "supervisor/line_writer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <sstream>

#include "child_process.hpp"

namespace evo::test {
namespace {

std::string note(std::uint64_t dropped) {
  return "dropped " + std::to_string(dropped) + "\n";
}

std::string numbered(int number) {
  return "line " + std::to_string(number) + ' ' + std::string(100, 'x') + '\n';
}

/// Reads lines from a pipe; nullopt at its end, or if no line arrives within a minute.
class LineReader {
 public:
  explicit LineReader(int fd) : fd_(fd) {}
  std::optional<std::string> next() {
    while (text_.find('\n') == text_.npos) {
      pollfd readable{fd_, POLLIN, 0};
      std::array<char, 4096> part;
      const ssize_t count =
          ::poll(&readable, 1, 60'000) > 0 ? ::read(fd_, part.data(), part.size()) : 0;
      if (count <= 0) return std::nullopt;
      text_.append(part.data(), static_cast<std::size_t>(count));
    }
    const std::string line = text_.substr(0, text_.find('\n') + 1);
    text_.erase(0, line.size());
    return line;
  }

 private:
  int fd_;
  std::string text_;
};

TEST(LineWriter, SaysWhatItDroppedWhileNobodyRead) {
  constexpr int kLines = 5000;
  const Pipe pipe;
  ::fcntl(pipe.writing(), F_SETPIPE_SZ, 4096);
  tools::LineWriter writer(pipe.writing(), note, 64'000);
  for (int i = 0; i < kLines; ++i) writer.write(numbered(i));
  LineReader reader(pipe.reading());
  int read = 0;
  auto line = reader.next();
  for (; line && line->starts_with("line"); line = reader.next()) {
    ASSERT_EQ(*line, numbered(read)) << "in order, whole, and the oldest ones";
    ++read;
  }
  EXPECT_GE(read, 64'000 / 120);
  EXPECT_EQ(line, note(kLines - static_cast<std::uint64_t>(read)));
  writer.write("after\n");
  EXPECT_EQ(reader.next(), "after\n");
}

TEST(LineWriter, SaysWhereTheGapIs) {
  constexpr int kLines = 5000;
  const Pipe pipe;
  ::fcntl(pipe.writing(), F_SETPIPE_SZ, 4096);
  tools::LineWriter writer(pipe.writing(), note, 64'000);
  for (int i = 0; i < kLines; ++i) writer.write(numbered(i));
  LineReader reader(pipe.reading());
  // More than half of the buffer.
  constexpr int kRead = 400;
  for (int i = 0; i < kRead; ++i) EXPECT_EQ(reader.next(), numbered(i));
  writer.write("after\n");
  int read = kRead;
  auto line = reader.next();
  for (; line && line->starts_with("line"); line = reader.next()) ++read;
  EXPECT_EQ(line, note(kLines - static_cast<std::uint64_t>(read)));
  EXPECT_EQ(reader.next(), "after\n");
}

TEST(LineWriter, CountsWhatWasLostBefore) {
  const Pipe pipe;
  tools::LineWriter writer(pipe.writing(), note);
  writer.count_lost();
  LineReader reader(pipe.reading());
  EXPECT_EQ(reader.next(), note(1));
  writer.write("after\n");
  EXPECT_EQ(reader.next(), "after\n");
}

TEST(LineWriter, WritesWhatIsLeftAtItsEnd) {
  Pipe pipe;
  {
    tools::LineWriter writer(pipe.writing(), note);
    for (int i = 0; i < 100; ++i) writer.write(numbered(i));
  }
  pipe.close_writing();
  LineReader reader(pipe.reading());
  for (int i = 0; i < 100; ++i) EXPECT_EQ(reader.next(), numbered(i));
  EXPECT_FALSE(reader.next());
}

TEST(LineWriter, KeepsLinesWholeBetweenThoseOfOthers) {
  // A pipe accepts this much in one piece.
  const std::string other = std::string(4095, 'o') + '\n';
  constexpr int kOthers = 200;
  constexpr int kOwn = 5000;
  const Pipe pipe;
  Child child([&]() -> std::string {
    for (int i = 0; i < kOthers; ++i) pipe.write(other);
    return {};
  });
  tools::LineWriter writer(pipe.writing(), note);
  for (int i = 0; i < kOwn; ++i) writer.write(numbered(i));
  LineReader reader(pipe.reading());
  int others = 0;
  for (int own = 0; own < kOwn || others < kOthers;) {
    const auto line = reader.next();
    ASSERT_TRUE(line);
    if (*line == other) {
      ++others;
    } else {
      ASSERT_EQ(*line, numbered(own));
      ++own;
    }
  }
}

TEST(LineWriter, GoesOnWithADescriptorThatAnotherProcessMadeNonBlocking) {
  const Pipe pipe;
  ::fcntl(pipe.writing(), F_SETPIPE_SZ, 4096);
  ::fcntl(pipe.writing(), F_SETFL, O_NONBLOCK);
  tools::LineWriter writer(pipe.writing(), note);
  for (int i = 0; i < 1000; ++i) writer.write(numbered(i));
  LineReader reader(pipe.reading());
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(reader.next(), numbered(i));
}

TEST(LineWriter, EndsWithAFullDisk) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  if (full < 0) GTEST_SKIP() << "there is no /dev/full";
  {
    tools::LineWriter writer(full, note, 1000);
    for (int i = 0; i < 100; ++i) writer.write(numbered(i));
  }
  ::close(full);
}

}  // namespace
}  // namespace evo::test
