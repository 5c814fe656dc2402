// SPDX-License-Identifier: Apache-2.0
/// A control file that another process planted, under list, attach, cleanup and create. A boot id
/// of zeros stands for that of this machine, which no input could guess.
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>

#include "evo/cleanup.hpp"
#include "evo/raw_state_reader.hpp"
#include "evo/raw_state_writer.hpp"
#include "evo/segment_info.hpp"
#include "evo/segment_paths.hpp"
#include "fuzzer.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

using evo::fuzz::expect;

namespace {

constexpr std::size_t kBootIdOffset = 16;
using BootId = std::array<char, 16>;

/// The boot id in the control file of a segment that exists now.
BootId boot_id_of_this_machine(const evo::Domain& domain) {
  const auto writer =
      evo::RawStateWriter::create(evo::test::raw_channel("probe", 8), {.domain = domain});
  expect(writer.has_value(), "a segment can be created");
  BootId id{};
  std::ifstream file(evo::control_path(domain, "probe"), std::ios::binary);
  file.seekg(kBootIdOffset).read(id.data(), id.size());
  return id;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const evo::test::TemporaryDomain directory;
  const evo::Domain domain = directory.domain();
  static const BootId boot_id = boot_id_of_this_machine(domain);
  std::string file(reinterpret_cast<const char*>(data), size);
  const std::string zeros(boot_id.size(), '\0');
  if (size >= kBootIdOffset + zeros.size() &&
      file.compare(kBootIdOffset, zeros.size(), zeros) == 0) {
    file.replace(kBootIdOffset, zeros.size(), boot_id.data(), boot_id.size());
  }
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    std::filesystem::remove(entry.path());
  }
  const std::string path = evo::control_path(domain, "probe");
  std::ofstream(path, std::ios::binary)
      .write(file.data(), static_cast<std::streamsize>(file.size()));
  std::filesystem::permissions(path, std::filesystem::perms(0600));
  expect(evo::list_segments(domain).has_value(), "one damaged file does not hide the others");
  static_cast<void>(evo::inspect_segment(domain, "probe"));
  static_cast<void>(evo::RawStateReader::attach("probe", {.domain = domain}));
  static_cast<void>(evo::cleanup_orphaned_segments(domain, {.grace = {}}));
  auto writer = evo::RawStateWriter::create(evo::test::raw_channel("probe", 8), {.domain = domain});
  if (!writer) return 0;
  const std::uint64_t value = 42;
  expect(writer->write(std::as_bytes(std::span(&value, 1))).has_value(), "a new writer writes");
  auto reader = evo::RawStateReader::attach("probe", {.domain = domain});
  expect(reader.has_value(), "a reader attaches to a new segment");
  std::uint64_t read = 0;
  expect(reader->read(std::as_writable_bytes(std::span(&read, 1))).has_value() && read == value,
         "a reader reads what was written");
  return 0;
}
