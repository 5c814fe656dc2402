#include "fork_guard.hpp"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <map>
#include <mutex>

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

ForkGuard::ForkGuard(int fd, const Mapping& control, const Mapping& data) {
  static std::once_flag once;
  std::call_once(
      once, [] { ::pthread_atfork(&before_fork, &after_fork_in_parent, &after_fork_in_child); });
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  id_ = all.next_id++;
  life_ = all.life;
  all.entries.emplace(id_, Guarded{fd, control.bytes(), data.bytes()});
}

ForkGuard::~ForkGuard() {
  if (id_ == 0) return;
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  if (life_ == all.life) all.entries.erase(id_);
}

bool ForkGuard::in_forked_child() const noexcept {
  if (id_ == 0) return false;
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  return life_ != all.life;
}

}  // namespace evo::detail
