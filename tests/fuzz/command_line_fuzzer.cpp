// SPDX-License-Identifier: Apache-2.0
/// Command lines of evo-shm, one word per line, in a domain with a live state, a live stream and an
/// orphan. Each runs in a forked child, because commands wait for signals and end their process.
#include <sys/stat.h>

#include <filesystem>
#include <gantry.evo.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <switches.evo.hpp>

#include "command_words.hpp"
#include "confined_child.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

/// main() of evo-shm.
int evo_shm_main(int count, char** arguments);

/// A report of the sanitizers in a child must differ from the exit codes of evo-shm.
extern "C" const char* __asan_default_options() {  // NOLINT(bugprone-reserved-identifier)
  return "exitcode=99";
}

namespace {

namespace fs = std::filesystem;
using evo::fuzz::expect;
using evo::fuzz::Words;

constexpr int kHighestExitCode = 6;
constexpr int kUsage = 2;

/// Whether one of the words begins with one of these.
bool has_any(const Words& words, std::initializer_list<std::string_view> starts) {
  return std::ranges::any_of(words, [&](const std::string& word) {
    return std::ranges::any_of(starts,
                               [&](std::string_view each) { return word.starts_with(each); });
  });
}

bool may_wait(const Words& words) {
  return has_any(words, {"watch", "echo", "top", "plot", "profile", "hz", "delay", "supervise",
                         "pub", "wait-for", "--watch", "--rate-over"});
}

bool may_change_segments(const Words& words) {
  return has_any(words, {"deadlines", "set", "recover", "cleanup", "snapshot", "pub", "supervise"});
}

/// The directories that a command may use: its domain and its working directory.
class Cell {
 public:
  Cell() {
    ::setenv("EVO_DOMAIN", domain_path().c_str(), 1);
    ::unsetenv("COLUMNS");
    static std::string path = root();
    evo::fuzz::at_failure = [] { fs::remove_all(path); };
    fill();
  }

  [[nodiscard]] std::string root() const { return directory_.path(); }
  [[nodiscard]] fs::path work() const { return directory_.path() / "work"; }

  /// The files of the domain, by name, with their inodes.
  [[nodiscard]] std::map<std::string, ino_t> files() const {
    std::map<std::string, ino_t> files;
    for (const auto& entry : fs::directory_iterator(domain_path())) {
      struct stat status {};
      expect(::lstat(entry.path().c_str(), &status) == 0, "the files of the domain stay");
      files[entry.path().filename()] = status.st_ino;
    }
    return files;
  }

  /// Recreates everything.
  void fill() {
    writer_.reset();
    stream_.reset();
    for (const auto& entry : fs::directory_iterator(directory_.path())) {
      fs::remove_all(entry.path());
    }
    fs::create_directory(domain_path());
    fs::permissions(domain_path(), fs::perms(0700));
    fs::create_directory(work());
    for (const char* schema : {"gantry.fbs", "switches.fbs"}) {
      fs::copy_file(fs::path(EVO_SCHEMAS) / schema, work() / schema);
    }
    const evo::WriterOptions options{.domain = evo::Domain(domain_path())};
    writer_.emplace(evo::gantry::GantryWriter::create(options).value());
    writer_->write({});
    stream_.emplace(evo::test::TouchWriter::create(options).value());
    stream_->push({});
    evo::test::leave_orphan(options.domain, evo::test::raw_channel("orphan", 8), 1);
  }

  /// Whether the live writers can still write.
  [[nodiscard]] bool can_write() {
    return writer_->write({}).has_value() && stream_->push({}).has_value();
  }

 private:
  [[nodiscard]] std::string domain_path() const { return directory_.path() / "domain"; }

  evo::test::TemporaryDomain directory_;
  std::optional<evo::gantry::GantryWriter> writer_;
  std::optional<evo::test::TouchWriter> stream_;
};

/// Runs a command in a child.
class Runner {
 public:
  evo::fuzz::Ended run(const Words& words, const Cell& cell) {
    out_.clear();
    err_.clear();
    // Held back until the child has removed libFuzzer's handler for it.
    sigset_t end;
    ::sigemptyset(&end);
    ::sigaddset(&end, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &end, nullptr);
    const pid_t pid = ::fork();
    expect(pid >= 0, "fork succeeds");
    if (pid == 0) in_child(words, cell);
    ::sigprocmask(SIG_UNBLOCK, &end, nullptr);
    using std::chrono::milliseconds;
    constexpr milliseconds kPatience(50);
    constexpr milliseconds kForever(60'000);
    const auto ended = evo::fuzz::await(pid, may_wait(words) ? kPatience : kForever);
    counters_.load();
    return ended;
  }

  [[nodiscard]] std::string out() const { return out_.text(); }
  [[nodiscard]] std::string err() const { return err_.text(); }

 private:
  [[noreturn]] void in_child(const Words& words, const Cell& cell) const {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXFSZ, SIGALRM}) {
      ::signal(signal, SIG_DFL);  // in place of libFuzzer's handlers
    }
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::dup2(::open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
    ::dup2(out_.fd(), STDOUT_FILENO);
    ::dup2(err_.fd(), STDERR_FILENO);
    if (::chdir(cell.work().c_str()) != 0) ::_exit(127);
    evo::fuzz::confine_writes_to(cell.root());
    Words arguments = words;
    arguments.insert(arguments.begin(), "evo-shm");
    std::vector<char*> pointers;
    for (std::string& each : arguments) pointers.push_back(each.data());
    pointers.push_back(nullptr);
    const int code = evo_shm_main(static_cast<int>(arguments.size()), pointers.data());
    std::fflush(nullptr);
    counters_.store();
    ::_exit(code);
  }

  evo::fuzz::OutputFile out_;
  evo::fuzz::OutputFile err_;
  evo::fuzz::SharedCounters counters_;
};

/// Whether text is UTF-8 and can do nothing but appear, in lines.
bool is_harmless(const std::string& text) {
  try {
    static_cast<void>(nlohmann::json(text).dump());
  } catch (const nlohmann::json::exception&) {
    return false;
  }
  return std::ranges::all_of(text, [](char letter) {
    return letter == '\n' || letter == '\t' ||
           (static_cast<unsigned char>(letter) >= ' ' && letter != '\x7f');
  });
}

void check_output(const Runner& runner, const evo::fuzz::Ended& ended) {
  const std::string out = runner.out();
  const std::string err = runner.err();
  const bool is_fine = ended.was_asked ? ended.code == -SIGTERM ||
                                             (ended.code >= 0 && ended.code <= kHighestExitCode)
                                       : ended.code >= 0 && ended.code <= kHighestExitCode;
  const bool is_harmless_text = is_harmless(out) && is_harmless(err);
  const bool says_why = ended.code <= 0 || !(out + err).empty();
  const bool is_usage_error = err.starts_with("evo-shm: ") && err.ends_with('\n') && out.empty();
  if (!is_fine || !is_harmless_text || !says_why || (ended.code == kUsage && !is_usage_error)) {
    std::fprintf(stderr, "exit code %d\nstdout: %s\nstderr: %s\n", ended.code, out.c_str(),
                 err.c_str());
  }
  expect(is_fine, "a command ends with a documented exit code");
  expect(is_harmless_text, "the output is text without control characters");
  expect(says_why, "a command that fails says why");
  expect(ended.code != kUsage || is_usage_error, "wrong usage is an error on stderr alone");
}

void check_files(Cell& cell, const Words& words, const std::map<std::string, ino_t>& before) {
  const bool by_force = has_any(words, {"--force", "--fence"});
  const auto after = cell.files();
  for (const auto& [name, inode] : before) {
    const auto found = after.find(name);
    const bool stays = found != after.end() && found->second == inode;
    const bool is_live = name.starts_with("evo_gantry") || name.starts_with("evo_touch");
    if (!stays) std::fprintf(stderr, "%s was removed or replaced\n", name.c_str());
    expect(stays || by_force || !is_live, "the files of live writers stay");
    expect(stays || may_change_segments(words), "a command that only looks removes nothing");
  }
  expect(by_force || cell.can_write(), "live writers keep their segments");
  for (const auto& entry : fs::directory_iterator(cell.root())) {
    const std::string name = entry.path().filename();
    const bool is_named = std::ranges::any_of(
        words, [&](const std::string& word) { return word.find(name) != std::string::npos; });
    expect(name == "domain" || name == "work" || is_named,
           "only files that were named are created");
  }
  if (after != before || may_change_segments(words)) cell.fill();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Cell cell;
  static Runner runner;
  const Words words = evo::fuzz::confined(
      evo::fuzz::words_of({reinterpret_cast<const char*>(data), size}), cell.root());
  const auto before = cell.files();
  const auto ended = runner.run(words, cell);
  check_output(runner, ended);
  check_files(cell, words, before);
  return 0;
}

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t limit);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t limit, unsigned seed) {
  static const Words vocabulary = evo::fuzz::vocabulary(EVO_MAN_PAGE);
  std::minstd_rand random(seed);
  if (random() % 4 == 0) return LLVMFuzzerMutate(data, size, limit);
  Words words = evo::fuzz::words_of({reinterpret_cast<const char*>(data), size});
  evo::fuzz::mutate(words, vocabulary, random);
  const std::string text = evo::fuzz::text_of(words);
  if (text.size() > limit) return LLVMFuzzerMutate(data, size, limit);
  std::ranges::copy(text, data);
  return text.size();
}
