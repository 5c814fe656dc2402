// SPDX-License-Identifier: Apache-2.0
/// What both ends of a link must know about it, without its types.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "evo/channel.hpp"
#include "evo/detail/chrono.hpp"

namespace evo {

/// Which side of a call sends any number of messages, instead of one.
enum class Streaming : std::uint8_t { None, Server, Client, Bidi };

/// One method of a service.
struct MethodInfo {
  std::string_view name;                 ///< as in the schema
  std::uint16_t number = 0;              ///< 1 for the first one
  std::string_view request;              ///< its table
  std::string_view reply;                ///< its table
  std::chrono::nanoseconds deadline{0};  ///< of a call that names none; zero: none
  bool idempotent = false;               ///< may be executed twice
  Streaming streaming = Streaming::None;
};

/// A link: one server, and any number of clients.
struct LinkDescription {
  std::string_view name;                         ///< a segment name
  std::string_view owner;                        ///< module that may serve
  std::uint32_t max_clients = 64;                ///< connections at a time, at most 1024
  std::uint32_t warm_clients = 8;                ///< connections whose memory is always there
  std::uint64_t ring = std::uint64_t{64} << 10;  ///< bytes of each of the two rings; power of two
  std::uint64_t max_message = std::uint64_t{1} << 20;  ///< bytes of a message, at most 10 MiB
  Checksum checksum = Checksum::Crc32c;
  Access access = Access::Owner;
  LayoutVersion version = {};
  SchemaId schema_id = {};
  std::span<const CompatibleLayout> compatible = {};
  std::span<const MethodInfo> methods = {};
  std::span<const std::uint8_t> bfbs =
      {};  ///< the binary schema that is embedded in the link's file
};

/// The description of a generated link.
template <class Link>
constexpr LinkDescription describe_link() {
  return {.name = Link::name,
          .owner = Link::owner,
          .max_clients = Link::max_clients,
          .warm_clients = Link::warm_clients,
          .ring = Link::ring,
          .max_message = Link::max_message,
          .checksum = Link::checksum,
          .access = Link::access,
          .version = Link::version,
          .schema_id = Link::schema_id,
          .compatible = Link::compatible,
          .methods = Link::methods,
          .bfbs = Link::bfbs};
}

}  // namespace evo
