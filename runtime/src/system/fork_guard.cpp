// SPDX-License-Identifier: Apache-2.0
#include "system/fork_guard.hpp"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <mutex>

#include "system/kernel_lock.hpp"

namespace evo::detail {

namespace {

struct Descriptor {
  int fd;
  FileIdentity file;
};

struct Registry {
  std::mutex mutex;
  std::map<std::uint64_t, Descriptor> descriptors;
  std::map<std::byte*, std::size_t> mappings;
  std::uint64_t next_id = 1;
  std::atomic<std::uint64_t> life{1};  // grows in each forked child
};

// Never destroyed: endpoints may be destroyed after static destructors have begun.
Registry& registry() {
  static auto* const instance = new Registry;
  return *instance;
}

// Number of pauses that this thread holds.
thread_local int pauses = 0;

void blank(std::byte* address, std::size_t size) {
  // The child has nowhere to report a failure.
  static_cast<void>(::mmap(address, size, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
}

/// All zero if the descriptor is closed.
FileIdentity identify(int fd) noexcept {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

void before_fork() {
  registry().mutex.lock();
}
void after_fork_in_parent() {
  registry().mutex.unlock();
}
void after_fork_in_child() {
  Registry& all = registry();
  for (const auto& [id, descriptor] : all.descriptors) {
    if (identify(descriptor.fd) == descriptor.file) ::close(descriptor.fd);
  }
  for (const auto& [address, size] : all.mappings) blank(address, size);
  // A grandchild must not close or blank descriptors and mappings that are not its own.
  all.descriptors.clear();
  all.mappings.clear();
  ++all.life;
  all.mutex.unlock();
}

}  // namespace

ForkPause::ForkPause() {
  static std::once_flag once;
  std::call_once(
      once, [] { ::pthread_atfork(&before_fork, &after_fork_in_parent, &after_fork_in_child); });
  if (pauses++ == 0) registry().mutex.lock();
}

ForkPause::~ForkPause() {
  if (--pauses == 0) registry().mutex.unlock();
}

void guard_mapping(std::span<std::byte> mapping, const ForkPause& /*held*/) {
  registry().mappings.emplace(mapping.data(), mapping.size());
}

void forget_mapping(std::span<std::byte> mapping, const ForkPause& /*held*/) {
  registry().mappings.erase(mapping.data());
}

GuardedDescriptor::GuardedDescriptor(FileDescriptor fd, const ForkPause& /*held*/)
    : fd_(fd.release()), file_(identify(fd_)) {
  Registry& all = registry();
  id_ = all.next_id++;
  life_ = all.life;
  all.descriptors.emplace(id_, Descriptor{fd_, file_});
}

GuardedDescriptor::~GuardedDescriptor() {
  if (id_ == 0) return;
  const ForkPause held;
  if (!forget()) return;
  unlock_all(fd_);
  ::close(fd_);
}

void GuardedDescriptor::close_keeping_locks() {
  const ForkPause held;
  if (forget()) ::close(fd_);
}

void GuardedDescriptor::abandon() {
  const ForkPause held;
  forget();
  fd_ = -1;
}

bool GuardedDescriptor::forget() {
  if (id_ == 0) return false;
  Registry& all = registry();
  // In a forked child, the handler has closed it, and its number may refer to another file by now.
  const bool ours = life_ == all.life;
  if (ours) all.descriptors.erase(id_);
  id_ = 0;
  return ours && is_open();
}

bool GuardedDescriptor::is_open() const noexcept {
  if (identify(fd_) != file_) return false;
  // Our mapping keeps our open file description and its lock. If this descriptor refers to another
  // open file description of the same file, the kernel reports that lock as a conflict.
  return !held_byte_ || !is_locked(fd_, *held_byte_);
}

std::uint64_t process_life() {
  // The first pause makes forks count.
  static const bool counted = [] {
    const ForkPause held;
    return true;
  }();
  static_cast<void>(counted);
  // relaxed: changes only in a forked child, before anything else runs there. A lock would make
  // threads that wait for a segment wait for a fork, too.
  return registry().life.load(std::memory_order_relaxed);
}

bool GuardedDescriptor::in_forked_child() const noexcept {
  return id_ != 0 && life_ != process_life();
}

}  // namespace evo::detail
