// SPDX-License-Identifier: Apache-2.0
/// Both endpoints of a test's segment, with failures as exceptions, and the proof that a segment
/// works after whatever happened to it.
#pragma once

#include <stdexcept>
#include <string>

#include "evo/format.hpp"
#include "segments.hpp"
#include "whole_value.hpp"

namespace evo::test {

inline RawStateWriter make_writer(const Domain& domain, const ChannelDescription& channel,
                                  OnOrphan on_orphan = OnOrphan::TakeOver) {
  auto writer = RawStateWriter::create(channel, {.domain = domain, .on_orphan = on_orphan});
  if (!writer) throw std::runtime_error(fmt::format("create: {}", writer.error()));
  return std::move(*writer);
}

inline RawStateReader make_reader(const Domain& domain, const ChannelDescription& channel) {
  auto reader = RawStateReader::attach(channel, {.domain = domain});
  if (!reader) throw std::runtime_error(fmt::format("attach: {}", reader.error()));
  return std::move(*reader);
}

/// Publishes 1, 2, … `publishes`.
inline void publish(RawStateWriter& writer, std::uint64_t publishes) {
  for (std::uint64_t n = 1; n <= publishes; ++n) {
    writer.write(bytes_of(whole_value(writer.size(), n)));
  }
}

/// Like leave_orphan(), with values that are whole.
inline void leave_whole_orphan(const Domain& domain, const ChannelDescription& channel,
                               std::uint64_t publishes) {
  const ChildResult result = in_child([&]() -> std::string {
    RawStateWriter writer = make_writer(domain, channel);
    publish(writer, publishes);
    die();
  });
  if (!result.killed_by(SIGKILL)) throw std::runtime_error("no orphan: " + result.text);
}

/// What a new reader receives: a number, or the error of attach or read.
inline std::string attach_and_read(const Domain& domain, const ChannelDescription& channel) {
  auto reader = RawStateReader::attach(channel, {.domain = domain});
  return reader ? read_whole(*reader) : outcome(reader);
}

/// A new writer creates, publishes, is read, and closes. "ok", or what went wrong.
inline std::string works_again(const Domain& domain, const ChannelDescription& channel) {
  auto writer = RawStateWriter::create(channel, {.domain = domain});
  if (!writer) return fmt::format("create: {}", writer.error());
  const std::uint64_t next = writer->current_version() / 2 + 1;
  if (const auto wrote = writer->write(bytes_of(whole_value(channel.size, next))); !wrote) {
    return "write: " + outcome(wrote);
  }
  const std::string read = attach_and_read(domain, channel);
  return read == std::to_string(next) ? "ok" : "a new reader: " + read;
}

}  // namespace evo::test
