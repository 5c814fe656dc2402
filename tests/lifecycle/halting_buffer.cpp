// SPDX-License-Identifier: Apache-2.0
#include "halting_buffer.hpp"

#include <signal.h>
#include <sys/mman.h>

#include <cstdint>
#include <stdexcept>

namespace evo::test::lifecycle {

namespace {

constexpr std::size_t kPages = 5;
constexpr std::size_t kForbidden = 2;  // the page in the middle

std::byte* forbidden = nullptr;
volatile sig_atomic_t armed = 0;
void (*on_halt)() = nullptr;

void on_fault(int number, siginfo_t* info, void* /*context*/) {
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  const auto page = reinterpret_cast<std::uintptr_t>(forbidden);
  if (armed == 0 || address < page || address >= page + 4096) {
    ::signal(number, SIG_DFL);  // a fault of the code under test: die of it
    return;
  }
  armed = 0;
  on_halt();
  ::mprotect(forbidden, 4096, PROT_READ | PROT_WRITE);
}

}  // namespace

HaltingBuffer::HaltingBuffer(void (*halted)()) {
  void* const memory =
      ::mmap(nullptr, kPages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("mmap failed");
  pages_ = static_cast<std::byte*>(memory);
  forbidden = pages_ + kForbidden * kPage;
  on_halt = halted;
  struct sigaction action {};
  action.sa_sigaction = &on_fault;
  action.sa_flags = SA_SIGINFO;
  if (::sigaction(SIGSEGV, &action, nullptr) != 0) throw std::runtime_error("sigaction failed");
}

std::span<std::byte> HaltingBuffer::place(std::size_t size) {
  // A large value has accessible pages on both sides, because memcpy touches its ends first.
  const std::size_t before = size >= 3 * kPage ? kPage : size / 2 / 8 * 8;
  return {forbidden - before, size};
}

void HaltingBuffer::arm() {
  armed = 1;
  ::mprotect(forbidden, kPage, PROT_NONE);
}

bool HaltingBuffer::disarm() {
  const bool untouched = armed != 0;
  armed = 0;
  ::mprotect(forbidden, kPage, PROT_READ | PROT_WRITE);
  return untouched;
}

}  // namespace evo::test::lifecycle
