// SPDX-License-Identifier: Apache-2.0
#include "system/descriptor_watch.hpp"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <exception>

#include "evo/format.hpp"
#include "system/fork_guard.hpp"

namespace evo::detail {

namespace {

/// Starts a thread that handles no signals: they are for the program's own threads.
template <class Body>
std::thread* start_quiet_thread(Body&& body) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  std::thread* thread = nullptr;
  try {
    thread = new std::thread(std::forward<Body>(body));
  } catch (const std::exception&) {
    // No thread, or no memory for it.
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

DescriptorWatch::DescriptorWatch(std::function<void()> ring, FileDescriptor polled,
                                 FileDescriptor control)
    : ring_(std::move(ring)),
      polled_(std::move(polled)),
      control_(std::move(control)),
      life_(process_life()) {}

Result<std::unique_ptr<DescriptorWatch>> DescriptorWatch::start(std::function<void()> ring) {
  FileDescriptor polled(::epoll_create1(EPOLL_CLOEXEC));
  if (!polled.valid()) return make_system_error(errno, "cannot wait for descriptors");
  FileDescriptor control(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!control.valid()) return make_system_error(errno, "cannot wait for descriptors");
  std::unique_ptr<DescriptorWatch> watch(
      new DescriptorWatch(std::move(ring), std::move(polled), std::move(control)));
  watch->helper_ = start_quiet_thread([raw = watch.get()] { raw->run(); });
  if (watch->helper_ == nullptr) {
    return make_error(ErrorCode::ResourceExhausted,
                      "cannot wait for descriptors: there is no thread left; raise the limit of "
                      "processes (ulimit -u, or TasksMax= in the unit)");
  }
  ::pthread_setname_np(watch->helper_->native_handle(), "evo_descriptors");
  return watch;
}

DescriptorWatch::~DescriptorWatch() {
  if (helper_ == nullptr || in_forked_child()) return;
  // relaxed: pairs with the loads in run(); the write to the eventfd orders them.
  ends_.store(true, std::memory_order_relaxed);
  const std::uint64_t one = 1;
  static_cast<void>(::write(control_.get(), &one, sizeof(one)));
  helper_->join();
  delete helper_;
}

bool DescriptorWatch::in_forked_child() const noexcept {
  return life_ != process_life();
}

Result<void> DescriptorWatch::add(int descriptor, std::uint64_t key) {
  if (in_forked_child()) {
    return make_error(ErrorCode::Unsupported,
                      "this wait set is the parent's; create one in the child");
  }
  ready_.resize(ready_.size() + 1);
  epoll_event event{.events = EPOLLIN, .data = {.u64 = key}};
  if (::epoll_ctl(polled_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0) return {};
  const int reason = errno;
  ready_.pop_back();
  if (reason == EEXIST) {
    return make_error(ErrorCode::Unsupported,
                      "descriptor {} is already in this wait set; remove its token first",
                      descriptor);
  }
  if (reason == EPERM) {
    return make_error(ErrorCode::Unsupported,
                      "descriptor {} is that of a file that is always ready, such as a regular "
                      "file; read it without waiting",
                      descriptor);
  }
  return make_system_error(reason, fmt::format("cannot wait for descriptor {}", descriptor));
}

void DescriptorWatch::remove(int descriptor) noexcept {
  ready_.pop_back();
  // The epoll instance is the parent's, too.
  if (in_forked_child()) return;
  ::epoll_ctl(polled_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
}

std::span<const epoll_event> DescriptorWatch::look() noexcept {
  if (ready_.empty() || in_forked_child()) return {};
  const int count = ::epoll_wait(polled_.get(), ready_.data(), static_cast<int>(ready_.size()), 0);
  return std::span(ready_).first(static_cast<std::size_t>(std::max(count, 0)));
}

void DescriptorWatch::arm() noexcept {
  if (ready_.empty() || in_forked_child()) return;
  // acq_rel: pairs with the store in run(). If the helper is still armed it has not rung yet, and
  // will; otherwise this starts it again.
  if (armed_.exchange(true, std::memory_order_acq_rel)) return;
  const std::uint64_t one = 1;
  static_cast<void>(::write(control_.get(), &one, sizeof(one)));
}

void DescriptorWatch::run() noexcept {
  constexpr short kNothing = 0;
  pollfd control{control_.get(), POLLIN, kNothing};
  while (true) {
    ::poll(&control, 1, -1);
    if ((control.revents & POLLNVAL) != 0) return;  // something closed all descriptors
    std::uint64_t count = 0;
    static_cast<void>(::read(control_.get(), &count, sizeof(count)));
    std::array<pollfd, 2> either{
        {{polled_.get(), POLLIN, kNothing}, {control_.get(), POLLIN, kNothing}}};
    // relaxed: the write to the eventfd, which the poll has seen, orders it.
    while (!ends_.load(std::memory_order_relaxed) && ::poll(either.data(), either.size(), -1) < 0) {
    }
    if (ends_.load(std::memory_order_relaxed)) return;  // relaxed: as above
    // release: pairs with the exchange in arm().
    armed_.store(false, std::memory_order_release);
    ring_();
  }
}

}  // namespace evo::detail
