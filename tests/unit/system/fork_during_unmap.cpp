// SPDX-License-Identifier: Apache-2.0
/// A process forks at the moment when one thread has unmapped a segment and another has mapped its
/// own memory at that address.
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <thread>

#include "segments.hpp"
#include "temporary_domain.hpp"

namespace {
std::atomic<std::size_t> watched_size{0};
std::atomic<void*> unmapped{nullptr};
}  // namespace

/// Replaces the C library's munmap, with a pause after it.
extern "C" int munmap(void* address, std::size_t size) noexcept {
  const long result = ::syscall(SYS_munmap, address, size);
  if (size == watched_size.load()) {
    watched_size = 0;
    unmapped = address;
    // Long enough for a fork that does not wait for this thread.
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
  return static_cast<int>(result);
}

namespace evo::test {
namespace {

/// Memory that a fork handler of another library maps in the child. It was registered before the
/// first endpoint, so it runs before the runtime's own handler.
constexpr std::size_t kPiece = std::size_t{1} << 20U;
std::array<unsigned char*, 8> early_pieces{};
const int kRegistered = ::pthread_atfork(nullptr, nullptr, [] {
  for (unsigned char*& piece : early_pieces) {
    piece = static_cast<unsigned char*>(
        ::mmap(nullptr, kPiece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    std::memset(piece, 0x5a, kPiece);
  }
});

bool is_whole(const unsigned char* bytes, std::size_t size) {
  return std::all_of(bytes, bytes + size, [](unsigned char byte) { return byte == 0x5a; });
}

TEST(EarlierForkHandler, KeepsItsMemory) {
  ASSERT_EQ(kRegistered, 0);
  const TemporaryDomain directory;
  auto writer =
      RawStateWriter::create(raw_channel("probe", 3U << 20U), {.domain = directory.domain()});
  auto reader = RawStateReader::attach("probe", {.domain = directory.domain()});
  ASSERT_TRUE(writer && reader) << message_of(writer) << message_of(reader);
  const ChildResult child = in_child([&]() -> std::string {
    const bool whole = std::ranges::all_of(
        early_pieces, [](const unsigned char* piece) { return is_whole(piece, kPiece); });
    return read_number(*reader) + (whole ? " whole" : " wiped");
  });
  EXPECT_EQ(child.text, "Detached whole");
}

TEST(ForkDuringUnmap, LeavesForeignMemoryAlone) {
  const TemporaryDomain directory;
  auto writer =
      RawStateWriter::create(raw_channel("probe", 3U << 20U), {.domain = directory.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  std::optional<RawStateReader> reader =
      RawStateReader::attach("probe", {.domain = directory.domain()}).value();
  const std::size_t size = reader->layout().file_size;
  watched_size = size;
  std::thread closer([&] { reader.reset(); });
  while (unmapped.load() == nullptr) std::this_thread::yield();
  void* const mine = ::mmap(unmapped.load(), size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  ASSERT_EQ(mine, unmapped.load());
  std::memset(mine, 0x5a, size);
  const ChildResult child = in_child([&]() -> std::string {
    return is_whole(static_cast<const unsigned char*>(mine), size) ? "whole" : "wiped";
  });
  EXPECT_EQ(child.text, "whole");
  closer.join();
  ::munmap(mine, size);
}

}  // namespace
}  // namespace evo::test
