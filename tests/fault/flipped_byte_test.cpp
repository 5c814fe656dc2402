// SPDX-License-Identifier: Apache-2.0
/// Every byte that describes a segment, damaged one at a time: an error or a correct value.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <optional>

#include "evo/segment_info.hpp"
#include "fault_matrix.hpp"
#include "file_bytes.hpp"
#include "segment_ends.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

constexpr std::array<std::uint8_t, 2> kMasks = {0xff, 0x01};

/// A number that the parent can read even after the child that set it is killed.
class SharedCount {
 public:
  SharedCount()
      : count_(static_cast<std::atomic<std::size_t>*>(::mmap(
            nullptr, sizeof *count_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    if (count_ == MAP_FAILED) throw std::runtime_error("mmap failed");
  }
  SharedCount(const SharedCount&) = delete;
  SharedCount& operator=(const SharedCount&) = delete;
  ~SharedCount() { ::munmap(count_, sizeof *count_); }

  // relaxed, both: the parent reads it after the child is dead.
  void set(std::size_t value) const { count_->store(value, std::memory_order_relaxed); }
  [[nodiscard]] std::size_t get() const { return count_->load(std::memory_order_relaxed); }

 private:
  std::atomic<std::size_t>* count_;
};

/// The files of an orphan as its writer left them behind.
class Files {
 public:
  explicit Files(const TemporaryDomain& directory) : directory_(directory) {
    for (const std::string& name : directory.files()) {
      bytes_[name] = read_bytes(directory.path() / name);
    }
  }

  /// Restores the domain to its original state, in new files.
  void restore() const {
    remove();
    for (const auto& [name, bytes] : bytes_) {
      const int fd =
          ::open((directory_.path() / name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
      const ssize_t count = ::write(fd, bytes.data(), bytes.size());
      ::close(fd);
      if (count != static_cast<ssize_t>(bytes.size())) throw std::runtime_error("write failed");
    }
  }

  void remove() const {
    for (const std::string& name : directory_.files()) {
      std::filesystem::remove(directory_.path() / name);
    }
  }

 private:
  const TemporaryDomain& directory_;
  std::map<std::string, std::vector<std::byte>> bytes_;
};

/// Flips bits of one byte.
using Flip = std::function<void(const std::filesystem::path&)>;

class FlippedByte : public testing::Test {
 protected:
  FlippedByte() {
    leave_whole_orphan(directory_.domain(), channel_, 7);
    files_.emplace(directory_);
  }

  /// Calls `attempt(flip)` for each of the first `count` bytes of a file and each mask, in
  /// children. It returns its outcome in words; empty if an endpoint took damage for a value.
  template <class Attempt>
  void try_each_byte(std::size_t count, Attempt&& attempt) {
    const std::size_t tries = count * kMasks.size();
    const SharedCount next;
    std::string outcomes;
    while (next.get() < tries) {
      const ChildResult child = in_child([&]() -> std::string {
        std::string said;
        for (; next.get() < tries; next.set(next.get() + 1)) {
          ::alarm(kHangSeconds);
          const std::string outcome = attempt(flip_of(next.get()));
          if (outcome.empty()) ::_exit(1);
          said += outcome + "\n";
        }
        return said;
      });
      outcomes += child.text;
      if (next.get() == tries) break;
      ADD_FAILURE() << "the byte at " << next.get() / kMasks.size() << " xor "
                    << int{kMasks[next.get() % kMasks.size()]} << ": "
                    << (child.killed_by(SIGALRM) ? "hangs" : "")
                    << (child.killed_by(SIGALRM) ? "" : fmt::format("status {}", child.status));
      next.set(next.get() + 1);
    }
    tried(tries, summary(std::move(outcomes)));
  }

  /// An orphan with a damaged file is listed, attached to, then taken over.
  [[nodiscard]] std::string meet_damaged_orphan(const std::string& name, const Flip& flip) const {
    files_->restore();
    flip(directory_.path() / name);
    const auto listed = list_segments(directory_.domain());
    if (!listed || listed->empty()) return "";
    const std::string read = attach_and_read(directory_.domain(), channel_);
    const std::string works = works_again(directory_.domain(), channel_);
    const bool refused = works.starts_with("create: ");
    if ((is_number(read) && read != "7") || (works != "ok" && !refused)) {
      fmt::print(stderr, "read '{}', then '{}'\n", read, works);
      return "";
    }
    return refused ? read + " and no create" : read;
  }

  /// The damage occurs while both endpoints are open.
  [[nodiscard]] std::string damage_live_segment(bool data, const Flip& flip) const {
    files_->remove();
    std::optional<RawStateWriter> writer(make_writer(directory_.domain(), channel_));
    publish(*writer, 7);
    RawStateReader reader = make_reader(directory_.domain(), channel_);
    flip(data ? directory_.data_file() : directory_.path() / "evo_probe.ctl");
    const std::string before = read_whole(reader);
    static_cast<void>(reader.wait_for_change(std::chrono::microseconds(100)));
    const auto wrote = writer->write(bytes_of(whole_value(channel_.size, 8)));
    const std::string after = read_whole(reader);
    writer.reset();
    if ((is_number(before) && before != "7") ||
        (is_number(after) && after != (wrote ? "8" : "7"))) {
      fmt::print(stderr, "read '{}', wrote {}, read '{}'\n", before, outcome(wrote), after);
      return "";
    }
    return after;
  }

  [[nodiscard]] std::string data_name() const { return directory_.data_file().filename(); }

  TemporaryDomain directory_;
  ChannelDescription channel_ = raw_channel("probe", 256);

 private:
  static bool is_number(const std::string& word) {
    return word.find_first_not_of("0123456789") == word.npos;
  }

  /// The flip of the try with this number.
  static Flip flip_of(std::size_t number) {
    const std::size_t offset = number / kMasks.size();
    const std::byte mask{kMasks[number % kMasks.size()]};
    return [=](const std::filesystem::path& path) {
      poke(path, offset, peek<std::byte>(path, offset) ^ mask);
    };
  }

  /// "7 25x, Corrupt 468x" for a list with one outcome per line.
  static std::string summary(std::string outcomes) {
    std::map<std::string, std::size_t> counts;
    for (std::size_t end = 0; (end = outcomes.find('\n')) != outcomes.npos;
         outcomes.erase(0, end + 1)) {
      ++counts[outcomes.substr(0, end)];
    }
    std::string words;
    for (const auto& [outcome, times] : counts) {
      words += fmt::format("{}{} {}x", words.empty() ? "" : ", ", outcome, times);
    }
    return words;
  }

  std::optional<Files> files_;
};

constexpr std::size_t kHeaderBytes = 256;
constexpr std::size_t kControlBytes = 640 + 2 * 192;  // with the first two reader entries

TEST_F(FlippedByte, OfTheHeader) {
  const std::string name = data_name();
  try_each_byte(kHeaderBytes, [&](const Flip& flip) { return meet_damaged_orphan(name, flip); });
}

TEST_F(FlippedByte, OfTheControlFile) {
  try_each_byte(kControlBytes,
                [&](const Flip& flip) { return meet_damaged_orphan("evo_probe.ctl", flip); });
}

TEST_F(FlippedByte, OfMeta) {
  try_each_byte(std::filesystem::file_size(directory_.path() / "evo_probe.meta"),
                [&](const Flip& flip) { return meet_damaged_orphan("evo_probe.meta", flip); });
}

TEST_F(FlippedByte, OfTheHeaderUnderLiveEnds) {
  try_each_byte(kHeaderBytes, [&](const Flip& flip) { return damage_live_segment(true, flip); });
}

TEST_F(FlippedByte, OfTheControlFileUnderLiveEnds) {
  try_each_byte(kControlBytes, [&](const Flip& flip) { return damage_live_segment(false, flip); });
}

}  // namespace
}  // namespace evo::test
