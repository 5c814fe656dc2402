// SPDX-License-Identifier: Apache-2.0
/// A control file that another process planted, under list, attach, cleanup and create.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>

#include "evo/cleanup.hpp"
#include "evo/raw_state_reader.hpp"
#include "evo/raw_state_writer.hpp"
#include "evo/segment_info.hpp"
#include "evo/segment_paths.hpp"
#include "fuzzer.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

using evo::fuzz::expect;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const evo::test::TemporaryDomain directory;
  const evo::Domain domain = directory.domain();
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    std::filesystem::remove(entry.path());
  }
  const std::string path = evo::control_path(domain, "probe");
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
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
