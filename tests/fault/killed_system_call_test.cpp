// SPDX-License-Identifier: Apache-2.0
/// Endpoints of a segment killed at each system call of every operation except writing and reading:
/// at the entry of the call, so that it does not happen, and at its exit, so that it is the last.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <set>

#include "evo/cleanup.hpp"
#include "evo/segment_info.hpp"
#include "fault_matrix.hpp"
#include "segment_ends.hpp"
#include "temporary_domain.hpp"
#include "traced_child.hpp"

namespace evo::test {
namespace {

using detail::Stop;
using detail::TracedChild;

class KilledSystemCall : public testing::Test {
 protected:
  /// Everything one try needs; recreated for each.
  struct Scene {
    TemporaryDomain directory;
    std::optional<RawStateWriter> writer;
    std::optional<RawStateReader> reader;

    [[nodiscard]] Domain domain() const { return directory.domain(); }
  };

  /// What happens in a try.
  struct Act {
    std::function<void(Scene&)> prepare = [](Scene&) {};
    /// In the child, which stops at its marks. Kills happen at the calls between the last two.
    std::function<void(Domain)> doomed;
    /// While the child is at its first mark.
    std::function<void(Scene&)> alongside = [](Scene&) {};
    /// After its death: describes what is left behind.
    std::function<std::string(Scene&)> look;
  };

  /// Kills before the first stop, at it, at the second, … until the act is over. Counts how often
  /// `look` returned each description.
  static std::map<std::string, std::size_t> kill_at_each_stop(const Act& act) {
    std::map<std::string, std::size_t> looks;
    bool over = false;
    for (std::size_t stops = 0; !over; ++stops) {
      Scene scene;
      act.prepare(scene);
      TracedChild doomed([&] { act.doomed(scene.domain()); });
      if (doomed.run_to_mark() != Stop::Mark) throw std::runtime_error("the child failed");
      act.alongside(scene);
      for (std::size_t i = 0; i < stops && !over; ++i) {
        const Stop stop = doomed.step_system_call();
        if (stop == Stop::Ended) throw std::runtime_error("the act failed");
        over = stop == Stop::Mark;
      }
      doomed.kill();
      const std::string look = act.look(scene);
      ++looks[look];
      const std::string again = works_again(scene.domain(), channel());
      EXPECT_EQ(again, "ok") << "after " << stops << " stops: " << look;
      scene.reader.reset();
      scene.writer.reset();
      EXPECT_EQ(scene.directory.files(), std::vector<std::string>()) << stops << " stops: " << look;
      if (testing::Test::HasFailure()) break;
    }
    return looks;
  }

  /// Checks that `look` returned exactly the expected descriptions, and records them.
  static void expect_looks(const std::map<std::string, std::size_t>& looks,
                           const std::set<std::string>& expected) {
    std::size_t tries = 0;
    std::string words;
    std::set<std::string> seen;
    for (const auto& [look, count] : looks) {
      tries += count;
      words += fmt::format("{}{} {}x", words.empty() ? "" : ", ", look, count);
      seen.insert(look);
    }
    EXPECT_EQ(seen, expected);
    EXPECT_GT(tries, 4U) << "it hardly makes a system call";
    tried(tries, words + "; then works again");
  }

  static ChannelDescription channel() {
    ChannelDescription channel = raw_channel("probe", 64);
    channel.max_readers = 1;  // its only entry must not stay taken
    return channel;
  }

  // Shared by several acts.
  static void orphan(Scene& scene) { leave_whole_orphan(scene.domain(), channel(), 7); }
  static void orphan_with_reader(Scene& scene) {
    orphan(scene);
    scene.reader.emplace(make_reader(scene.domain(), channel()));
  }
  static void live_writer(Scene& scene) {
    scene.writer.emplace(make_writer(scene.domain(), channel()));
    publish(*scene.writer, 7);
  }
  static void close_between_marks(const Domain& domain) {
    std::optional<RawStateWriter> writer(make_writer(domain, channel()));
    publish(*writer, 7);
    TracedChild::mark();
    writer.reset();
    TracedChild::mark();
  }
  static std::string ask_new_reader(Scene& scene) {
    return attach_and_read(scene.domain(), channel());
  }
  static std::string ask_reader(Scene& scene) {
    const auto said =
        std::string(to_string(scene.reader->writer_state())) + " and " + read_whole(*scene.reader);
    scene.reader.reset();
    return said;
  }
  static std::string ask_next_reader(Scene& scene) {
    const std::string next = ask_new_reader(scene);
    scene.writer.reset();
    return "the next reader gets " + next;
  }
};

TEST_F(KilledSystemCall, OfCreate) {
  const auto looks = kill_at_each_stop({
      .doomed =
          [](const Domain& domain) {
            TracedChild::mark();
            const RawStateWriter writer = make_writer(domain, channel());
            TracedChild::mark();
          },
      .look = ask_new_reader,
  });
  expect_looks(looks, {"NeverWritten", "NotFound"});
}

TEST_F(KilledSystemCall, OfTakeover) {
  const auto looks = kill_at_each_stop({
      .prepare = orphan_with_reader,
      .doomed =
          [](const Domain& domain) {
            TracedChild::mark();
            const RawStateWriter writer = make_writer(domain, channel());
            TracedChild::mark();
          },
      .look =
          [](Scene& scene) {
            const std::string attached_before = read_whole(*scene.reader);
            scene.reader.reset();
            const auto files = scene.directory.files().size();
            return attached_before + " and " + attach_and_read(scene.domain(), channel()) +
                   (files < 3 ? " of a lost file" : "");
          },
  });
  expect_looks(looks, {"7 and 7"});
}

TEST_F(KilledSystemCall, OfReplacement) {
  const auto looks = kill_at_each_stop({
      .prepare = orphan_with_reader,
      .doomed =
          [](const Domain& domain) {
            TracedChild::mark();
            const RawStateWriter writer = make_writer(domain, channel(), OnOrphan::Replace);
            TracedChild::mark();
          },
      .look =
          [](Scene& scene) {
            const std::string attached_before = read_whole(*scene.reader);
            scene.reader.reset();
            return attached_before + " and " + attach_and_read(scene.domain(), channel());
          },
  });
  expect_looks(looks, {"7 and 7", "Detached and NeverWritten"});
}

TEST_F(KilledSystemCall, OfClose) {
  const auto looks = kill_at_each_stop({
      .doomed = close_between_marks,
      .look = ask_new_reader,
  });
  expect_looks(looks, {"7", "NotFound"});
}

TEST_F(KilledSystemCall, OfCloseUnderAReader) {
  const auto looks = kill_at_each_stop({
      .doomed = close_between_marks,
      .alongside =
          [](Scene& scene) { scene.reader.emplace(make_reader(scene.domain(), channel())); },
      .look = ask_reader,
  });
  expect_looks(looks, {"Closed and 7", "Dead and 7"});
}

TEST_F(KilledSystemCall, OfAttach) {
  const auto looks = kill_at_each_stop({
      .prepare = live_writer,
      .doomed =
          [](const Domain& domain) {
            TracedChild::mark();
            const RawStateReader reader = make_reader(domain, channel());
            TracedChild::mark();
          },
      .look = ask_next_reader,
  });
  expect_looks(looks, {"the next reader gets 7"});
}

/// A cleaner in the child.
void clean(const Domain& domain, std::chrono::nanoseconds grace) {
  TracedChild::mark();
  const auto report = cleanup_orphaned_segments(domain, {.grace = grace});
  if (!report || report->items.size() != 1) throw std::runtime_error("cleanup failed");
  TracedChild::mark();
}

TEST_F(KilledSystemCall, OfCleanup) {
  const auto looks = kill_at_each_stop({
      .prepare = orphan,
      .doomed = [](const Domain& domain) { clean(domain, std::chrono::nanoseconds(0)); },
      .look = ask_new_reader,
  });
  expect_looks(looks, {"7", "NotFound"});
}

TEST_F(KilledSystemCall, OfCleanupUnderAReader) {
  const auto looks = kill_at_each_stop({
      .prepare = orphan_with_reader,
      .doomed = [](const Domain& domain) { clean(domain, std::chrono::nanoseconds(0)); },
      .look =
          [](Scene& scene) {
            const auto info = inspect_segment(scene.domain(), channel().name);
            const auto condition = info ? to_string(info->condition) : "gone";
            return ask_reader(scene) + ", " + std::string(condition);
          },
  });
  expect_looks(looks, {"Dead and 7, Sound", "Dead and 7, Removed"});
}

TEST_F(KilledSystemCall, OfMarkingTheDead) {
  const auto looks = kill_at_each_stop({
      .prepare = orphan,
      .doomed = [](const Domain& domain) { clean(domain, std::chrono::hours(1)); },
      .look = ask_new_reader,
  });
  expect_looks(looks, {"7"});
}

/// A reader in the child, which then detaches.
void attach_and_leave(const Domain& domain, const ChannelDescription& channel) {
  std::optional<RawStateReader> reader(make_reader(domain, channel));
  TracedChild::mark();
  reader.reset();
  TracedChild::mark();
}

TEST_F(KilledSystemCall, OfAReadersEnd) {
  const auto looks = kill_at_each_stop({
      .prepare = live_writer,
      .doomed = [](const Domain& domain) { attach_and_leave(domain, channel()); },
      .look = ask_next_reader,
  });
  expect_looks(looks, {"the next reader gets 7"});
}

TEST_F(KilledSystemCall, OfTheLastReadersEndAfterClose) {
  const auto looks = kill_at_each_stop({
      .prepare = [](Scene& scene) { scene.writer.emplace(make_writer(scene.domain(), channel())); },
      .doomed = [](const Domain& domain) { attach_and_leave(domain, channel()); },
      .alongside = [](Scene& scene) { scene.writer.reset(); },
      .look =
          [](Scene& scene) {
            // Checked first: an attempt to attach removes what is left behind.
            const bool removed = scene.directory.files().empty();
            return attach_and_read(scene.domain(), channel()) +
                   (removed ? ", all removed" : ", to be removed");
          },
  });
  expect_looks(looks, {"NotFound, all removed", "NotFound, to be removed"});
}

}  // namespace
}  // namespace evo::test
