// SPDX-License-Identifier: Apache-2.0
#include "system/process_identity.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "system/file.hpp"

namespace evo::detail {

std::string BootId::text() const {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

BootId boot_id() {
  // Called for each segment of a listing. Cached only after a successful read.
  thread_local BootId cached;
  if (cached != BootId{}) return cached;
  BootId id;
  std::string text = read_text("/proc/sys/kernel/random/boot_id");
  std::erase(text, '-');
  std::erase(text, '\n');
  if (text.size() != 2 * id.bytes.size()) return id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    id.bytes[i] = static_cast<std::uint8_t>(std::stoul(text.substr(2 * i, 2), nullptr, 16));
  }
  cached = id;
  return id;
}

bool is_of_other_boot(const std::array<std::uint8_t, 16>& id) {
  const BootId now = boot_id();
  return now.bytes != id && now != BootId{} && BootId{id} != BootId{};
}

std::string executable_path() {
  std::array<char, 4096> buffer{};
  const ssize_t length = ::readlink("/proc/self/exe", buffer.data(), buffer.size());
  return length > 0 ? std::string(buffer.data(), static_cast<std::size_t>(length)) : "unknown";
}

std::string process_name() {
  std::string name = read_text("/proc/self/comm");
  name.resize(std::min(name.find('\n'), name.size()));
  return name.empty() ? "unknown" : name;
}

std::uint64_t realtime_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace evo::detail
