// SPDX-License-Identifier: Apache-2.0
#include "attachment/self_description.hpp"

#include <unistd.h>

#include <span>

#include "evo/format.hpp"
#include "system/private_copy.hpp"

namespace evo::detail {

namespace {

bool read_at(int fd, std::uint64_t offset, std::span<std::byte> bytes) {
  return ::pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)) ==
         static_cast<ssize_t>(bytes.size());
}

}  // namespace

Result<SelfDescription> read_self_description(int fd, std::uint64_t size, std::string_view path) {
  Copy<SegmentHeader> header;
  const bool whole = header.read(fd);
  auto layout = read_header(
      whole ? std::span<const std::byte>(header.bytes) : std::span<const std::byte>(), size, path);
  if (!layout) return tl::unexpected(layout.error());
  SelfDescription description{*layout, {}, {}};
  description.bfbs.resize(layout->schema_size);
  description.compatible.resize(layout->compatible_count);
  // H21
  if (!read_at(fd, layout->schema_offset, std::as_writable_bytes(std::span(description.bfbs))) ||
      !read_at(fd, layout->compatible_offset,
               std::as_writable_bytes(std::span(description.compatible)))) {
    return make_error(ErrorCode::Corrupt,
                      "'{}' is being truncated; stop its writer and remove the file", path);
  }
  return description;
}

}  // namespace evo::detail
