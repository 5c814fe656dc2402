// SPDX-License-Identifier: Apache-2.0
/// A snapshot file. One that is accepted describes each of its segments.
#include <cstdint>
#include <fstream>

#include "fuzzer.hpp"
#include "repair/snapshot_file.hpp"
#include "temporary_domain.hpp"

using evo::fuzz::expect;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const evo::test::TemporaryDomain directory;
  const auto path = directory.path() / "snapshot";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  auto file = evo::tools::SnapshotFile::open(path);
  if (!file) return 0;
  const auto entries = file->entries();
  for (const evo::tools::SnapshotEntry& entry : entries) {
    expect(file->description(entry).has_value(), "an accepted snapshot can be described");
  }
  return 0;
}
