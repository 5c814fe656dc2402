// SPDX-License-Identifier: Apache-2.0
/// Readers that attach while the writer is at each of its system calls, and the other way round:
/// the answer may be "not yet" or "no more", never "corrupt".
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <set>

#include "evo/cleanup.hpp"
#include "fault_matrix.hpp"
#include "segment_ends.hpp"
#include "temporary_domain.hpp"
#include "traced_child.hpp"

namespace evo::test {
namespace {

using detail::Stop;
using detail::TracedChild;

ChannelDescription channel() {
  return raw_channel("probe", 64);
}

void expect_outcomes(const std::map<std::string, std::size_t>& outcomes,
                     const std::set<std::string>& allowed) {
  std::size_t tries = 0;
  std::string words;
  for (const auto& [outcome, count] : outcomes) {
    tries += count;
    words += fmt::format("{}{} {}x", words.empty() ? "" : ", ", outcome, count);
    EXPECT_TRUE(allowed.contains(outcome)) << outcome;
  }
  EXPECT_GT(tries, 4U) << "it hardly makes a system call";
  tried(tries, words);
}

TEST(SteppedCreate, IsNotReadyUntilItIsWhole) {
  const TemporaryDomain directory;
  std::map<std::string, std::size_t> outcomes;
  TracedChild creator([&] {
    TracedChild::mark();
    const RawStateWriter writer = make_writer(directory.domain(), channel());
    TracedChild::mark();
  });
  ASSERT_EQ(creator.run_to_mark(), Stop::Mark);
  std::string last;
  do {
    last = attach_and_read(directory.domain(), channel());
    ++outcomes[last];
  } while (creator.step_system_call() == Stop::Step);
  EXPECT_EQ(last, "NeverWritten");
  expect_outcomes(outcomes, {"NotFound", "NotReady", "NeverWritten"});
}

/// A writer that publishes 7 and stays alive until the test makes it close or kills it.
class WriterProcess {
 public:
  explicit WriterProcess(const Domain& domain)
      : child_([this, domain]() -> std::string {
          RawStateWriter writer = make_writer(domain, channel());
          publish(writer, 7);
          ready_.write("x");
          static_cast<void>(leave_.await_byte());
          return "";
        }) {
    if (!ready_.await_byte()) throw std::runtime_error("no writer");
  }

  void close() {
    leave_.write("x");
    child_.join();
  }
  void kill() { child_.kill(); }

 private:
  Pipe ready_;
  Pipe leave_;
  Child child_;
};

class SteppedAttach : public testing::Test {
 protected:
  /// What happens to the writer; the result lives until the reader is done.
  using Event =
      std::function<std::optional<RawStateWriter>(WriterProcess&, const TemporaryDomain&)>;

  /// Runs the event at each system call of an attach; counts what the reader receives.
  static std::map<std::string, std::size_t> at_each_stop(const Event& event) {
    std::map<std::string, std::size_t> outcomes;
    bool over = false;
    for (std::size_t stops = 0; !over; ++stops) {
      const TemporaryDomain directory;
      WriterProcess writer(directory.domain());
      Pipe said;
      TracedChild attacher([&] {
        TracedChild::mark();
        auto reader = RawStateReader::attach(channel(), {.domain = directory.domain()});
        TracedChild::mark();
        said.write(reader ? read_whole(*reader) : outcome(reader));
      });
      if (attacher.run_to_mark() != Stop::Mark) throw std::runtime_error("no attacher");
      for (std::size_t i = 0; i < stops && !over; ++i) {
        over = attacher.step_system_call() == Stop::Mark;
      }
      std::optional<RawStateWriter> successor = event(writer, directory);
      while (attacher.run_to_mark() == Stop::Mark) {
      }
      said.close_writing();
      ++outcomes[said.read_all()];
      successor.reset();
      EXPECT_EQ(works_again(directory.domain(), channel()), "ok") << "after " << stops << " stops";
      EXPECT_EQ(directory.files(), std::vector<std::string>()) << "after " << stops << " stops";
      if (testing::Test::HasFailure()) break;
    }
    return outcomes;
  }
};

TEST_F(SteppedAttach, WhileTheWriterCloses) {
  expect_outcomes(at_each_stop([](WriterProcess& writer, const TemporaryDomain&) {
                    writer.close();
                    return std::nullopt;
                  }),
                  {"7", "NotFound", "NotReady"});
}

TEST_F(SteppedAttach, WhileTheWriterDies) {
  expect_outcomes(at_each_stop([](WriterProcess& writer, const TemporaryDomain&) {
                    writer.kill();
                    return std::nullopt;
                  }),
                  {"7"});
}

TEST_F(SteppedAttach, WhileTheDeadWritersFilesAreRemoved) {
  expect_outcomes(at_each_stop([](WriterProcess& writer, const TemporaryDomain& directory) {
                    writer.kill();
                    const auto report = cleanup_orphaned_segments(
                        directory.domain(), {.grace = std::chrono::nanoseconds(0)});
                    EXPECT_TRUE(report && report->removed() == 1);
                    return std::nullopt;
                  }),
                  {"7", "NotFound", "NotReady"});
}

TEST_F(SteppedAttach, WhileASuccessorMakesItAnew) {
  expect_outcomes(
      at_each_stop([](WriterProcess& writer, const TemporaryDomain& directory) {
        writer.kill();
        return std::optional(make_writer(directory.domain(), channel(), OnOrphan::Replace));
      }),
      {"NeverWritten", "Detached", "NotReady"});
}

}  // namespace
}  // namespace evo::test
