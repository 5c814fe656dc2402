#include "fork_guard.hpp"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <map>

#include "kernel_lock.hpp"

namespace evo::detail {

namespace {

struct Guarded {
  int fd;
  std::span<std::byte> control;
  std::span<std::byte> data;
};

struct Registry {
  std::mutex mutex;
  std::map<std::uint64_t, Guarded> entries;
  std::uint64_t next_id = 1;
  std::uint64_t life = 1;  // grows in each forked child
};

// Never destroyed: ends may be destroyed after static destructors have begun.
Registry& registry() {
  static auto* const instance = new Registry;
  return *instance;
}

void blank(std::span<std::byte> range) {
  if (range.empty()) return;
  ::mmap(range.data(), range.size(), PROT_READ | PROT_WRITE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

void before_fork() {
  registry().mutex.lock();
}
void after_fork_in_parent() {
  registry().mutex.unlock();
}
void after_fork_in_child() {
  Registry& all = registry();
  for (const auto& [id, guarded] : all.entries) {
    ::close(guarded.fd);
    blank(guarded.control);
    blank(guarded.data);
  }
  all.entries.clear();  // a grandchild must not close what is not its own
  ++all.life;
  all.mutex.unlock();
}

}  // namespace

ForkPause::ForkPause() {
  static std::once_flag once;
  std::call_once(
      once, [] { ::pthread_atfork(&before_fork, &after_fork_in_parent, &after_fork_in_child); });
  lock_ = std::unique_lock(registry().mutex);
}

GuardedDescriptor::GuardedDescriptor(FileDescriptor fd, const ForkPause& /*held*/)
    : fd_(fd.release()) {
  Registry& all = registry();
  id_ = all.next_id++;
  life_ = all.life;
  all.entries.emplace(id_, Guarded{fd_, {}, {}});
}

void GuardedDescriptor::blank_in_children(std::span<std::byte> control, std::span<std::byte> data) {
  const ForkPause held;
  const auto found = registry().entries.find(id_);
  if (found != registry().entries.end()) found->second = Guarded{fd_, control, data};
}

GuardedDescriptor::~GuardedDescriptor() {
  if (id_ == 0) return;
  const ForkPause held;
  Registry& all = registry();
  // In a forked child the handler has closed it; its number may be another's by now.
  if (life_ != all.life) return;
  unlock_all(fd_);
  ::close(fd_);
  all.entries.erase(id_);
}

bool GuardedDescriptor::in_forked_child() const noexcept {
  if (id_ == 0) return false;
  const ForkPause held;
  return life_ != registry().life;
}

}  // namespace evo::detail
