// SPDX-License-Identifier: Apache-2.0
/// Damage to the files of a segment, by root: truncate, flip, chmod, unlink, replace.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "evo/format.hpp"
#include "judging.hpp"

namespace evo::test::lifecycle {

namespace {

bool has_files(const World& world, const Step& step) {
  return world.setting().hostile && !world.files_of(step.segment).empty();
}

/// The file that the step damages.
std::filesystem::path target(const World& world, const Step& step) {
  const auto files = world.files_of(step.segment);
  return world.directory().path() / files[step.argument % files.size()];
}

/// The data file, if there is one.
std::filesystem::path data_file(const World& world, const Step& step) {
  for (const std::string& file : world.files_of(step.segment)) {
    if (!file.starts_with('.') && !file.ends_with(".ctl") && !file.ends_with(".meta")) {
      return world.directory().path() / file;
    }
  }
  return target(world, step);
}

/// From here on, only what always holds is promised about the segment. The processes that use it
/// may be killed by SIGBUS if `shortened`.
void lose_trust(World& world, const Step& step, bool shortened) {
  world.segment(step).trust = Trust::Lost;
  for (ActorModel& actor : world.actors()) {
    const bool uses = actor.writers.contains(step.segment) || actor.readers.contains(step.segment);
    if (shortened && uses) actor.may_fault = true;
  }
}

void truncate(World& world, const Step& step, const Reply& /*reply*/) {
  const auto path = target(world, step);
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  const off_t lengths[] = {
      0, 100, 4096, status.st_size / 2, status.st_size - 1, 8192, 640, status.st_size + 4096};
  const off_t length = lengths[step.argument / 8 % std::size(lengths)];
  lose_trust(world, step, length < status.st_size);
  demand(::truncate(path.c_str(), std::max<off_t>(length, 0)) == 0, "cannot truncate");
}

void flip(World& world, const Step& step, const Reply& /*reply*/) {
  const bool slots = step.argument % 3 == 1;
  const auto path = slots ? data_file(world, step) : target(world, step);
  // Not a FIFO that an earlier step made: opening it would wait.
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  if (fd < 0) return;
  struct stat status {};
  unsigned char byte = 0;
  if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
    // Often in the first bytes, which say what the others mean, or in the slots.
    constexpr off_t kHeaders = 704;
    constexpr off_t kSlots = 4096;
    off_t offset = step.argument / 8 * 37 % status.st_size;
    if (step.argument % 3 == 0) offset %= kHeaders;
    if (slots && status.st_size > kSlots) {
      offset = kSlots + offset % (status.st_size - kSlots);
    }
    offset = std::min(offset, status.st_size - 1);
    lose_trust(world, step, false);
    if (::pread(fd, &byte, 1, offset) == 1) {
      byte ^= static_cast<unsigned char>(1U << step.argument % 8U);
      static_cast<void>(::pwrite(fd, &byte, 1, offset));
    }
  }
  ::close(fd);
}

void change_mode(World& world, const Step& step, const Reply& /*reply*/) {
  constexpr mode_t kModes[] = {0, 0400, 0600, 0640, 0660, 0666, 0777, 06755};
  const auto path = target(world, step);
  if (std::filesystem::is_symlink(path)) return;  // it may lead to the file of another segment
  lose_trust(world, step, false);
  ::chmod(path.c_str(), kModes[step.argument / 8 % std::size(kModes)]);
}

void unlink(World& world, const Step& step, const Reply& /*reply*/) {
  lose_trust(world, step, false);
  std::error_code ignored;
  std::filesystem::remove_all(target(world, step), ignored);
}

void replace(World& world, const Step& step, const Reply& /*reply*/) {
  const auto path = target(world, step);
  lose_trust(world, step, false);
  std::error_code ignored;
  const auto all = world.directory().files();
  const auto other = world.directory().path() / all[step.argument / 64 % all.size()];
  const auto copy = world.directory().path() / "copy";
  switch (step.argument / 8 % 6) {
    case 0:
      std::filesystem::remove_all(path, ignored);
      std::filesystem::create_directory(path, ignored);
      break;
    case 1:
      std::filesystem::remove_all(path, ignored);
      std::filesystem::create_symlink(other, path, ignored);
      break;
    case 2:
      std::filesystem::remove_all(path, ignored);
      demand(::mkfifo(path.c_str(), 0600) == 0, "cannot make a FIFO");
      break;
    case 3:
      std::filesystem::remove_all(path, ignored);
      ::close(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
      break;
    default:  // a file of this or another segment, in the wrong place
      if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(other))) break;
      std::filesystem::copy_file(other, copy, ignored);
      std::filesystem::remove_all(path, ignored);
      std::filesystem::rename(copy, path, ignored);
      ::chmod(path.c_str(), 0600);
  }
}

constexpr Operation kTable[] = {
    {"truncate", 8, Sort::Hostile, &has_files, nullptr, &truncate},
    {"flip", 12, Sort::Hostile, &has_files, nullptr, &flip},
    {"chmod", 6, Sort::Hostile, &has_files, nullptr, &change_mode},
    {"unlink", 6, Sort::Hostile, &has_files, nullptr, &unlink},
    {"replace", 8, Sort::Hostile, &has_files, nullptr, &replace},
};

}  // namespace

std::span<const Operation> hostile_operations() {
  return kTable;
}

}  // namespace evo::test::lifecycle
