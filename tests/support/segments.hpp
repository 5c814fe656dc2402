// SPDX-License-Identifier: Apache-2.0
/// Segments for the tests of the untyped endpoints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "child_process.hpp"
#include "evo/raw_state_reader.hpp"
#include "evo/raw_state_writer.hpp"
#include "outcome.hpp"

namespace evo::test {

/// A segment without a schema.
inline ChannelDescription raw_channel(std::string_view name, std::size_t size,
                                      std::uint32_t slots = 4) {
  ChannelDescription channel;
  channel.name = name;
  channel.owner = "tester";
  channel.size = size;
  channel.slots = slots;
  return channel;
}

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

template <class T>
std::span<std::byte> writable_bytes_of(T& value) {
  return std::as_writable_bytes(std::span(&value, 1));
}

/// The 64-bit number at the start of the latest value, or the name of the error.
inline std::string read_number(RawStateReader& reader) {
  std::uint64_t number = 0;
  const auto info = reader.read(writable_bytes_of(number));
  return info ? std::to_string(number) : std::string(to_string(info.error()));
}

inline std::string read_number(RawStateReader&& reader) {
  return read_number(reader);
}

/// Creates the segment in a child that publishes 1, 2, … `publishes` and is then killed. Returns
/// the pid of the child.
inline pid_t leave_orphan(const Domain& domain, const ChannelDescription& channel,
                          std::uint64_t publishes = 0) {
  Child child([&]() -> std::string {
    auto writer = RawStateWriter::create(channel, {.domain = domain});
    if (!writer) return writer.error().message;
    for (std::uint64_t n = 1; n <= publishes; ++n) writer->write(bytes_of(n));
    die();
  });
  const pid_t pid = child.pid();
  const ChildResult result = child.join();
  if (!result.text.empty()) throw std::runtime_error(result.text);
  return pid;
}

}  // namespace evo::test
