// SPDX-License-Identifier: Apache-2.0
/// What a link's data file holds behind its schema: two pages for all connections, then the
/// connections. See link_format.md.
///
///     board     page   the server writes it
///     bells     page   all clients write it
///     for each connection:
///       ClientPage, request ring   its client writes them
///       ServerPage, reply ring     the server writes them
///
/// The clients of a connection have numbers, from 1 on. A client that takes the connection's entry
/// in the reader table stores the next number into `opened`. The server stores into `ready` the
/// number of the client for which both rings are empty.
///
/// I1: a client uses the rings only while `ready` is its own number.
/// I2: the server changes `ready` only when the client before has gone: it has stored its number
///     into `closed`, or a later client has stored into `opened`, or its lock is free.
#pragma once

#include "evo/format/segment_header.hpp"
#include "evo/links/doorbell.hpp"
#include "evo/links/frame_sleep.hpp"

namespace evo::links {

static_assert(kMostConnections == kMaximumConnections);

/// How the sends of a client are ordered before its look at the server.
enum class SendOrder : std::uint32_t {
  Fence = 0,          ///< each executes a full fence
  ServerBarrier = 1,  ///< the server calls membarrier before it sleeps
};

/// Written by the client of a connection.
struct ClientPage {
  ReceiverState replies;  ///< what it has taken from the reply ring
  alignas(kCacheLine) detail::sync::atomic<std::uint64_t> opened{0};
  detail::sync::atomic<std::uint64_t> closed{0};
  detail::sync::atomic<SendOrder> send_order{SendOrder::Fence};
};

/// Written by the server for one connection.
struct ServerPage {
  ReceiverState requests;  ///< what it has taken from the request ring
  alignas(kCacheLine) RingWatch watch;
  alignas(kCacheLine) detail::sync::atomic<std::uint64_t> ready{0};
  /// The number of the last client whose connection the server has ended.
  detail::sync::atomic<std::uint64_t> ended{0};
};

/// Written by the server for all clients.
struct LinkBoard {
  detail::sync::atomic<std::uint64_t> max_message{0};  ///< bytes
  alignas(kCacheLine) ServerSleep sleep;
};

static_assert(offsetof(ReceiverState, taken) == 0 && offsetof(ReceiverState, asleep) == 64);
static_assert(sizeof(ClientPage) == 192 && offsetof(ClientPage, opened) == 128 &&
              offsetof(ClientPage, closed) == 136 && offsetof(ClientPage, send_order) == 144);
static_assert(sizeof(ServerPage) == 256 && offsetof(ServerPage, watch) == 128 &&
              offsetof(ServerPage, ready) == 192 && offsetof(ServerPage, ended) == 200);
static_assert(sizeof(LinkBoard) == 128 && offsetof(LinkBoard, sleep) == 64);
static_assert(sizeof(Bells) <= kPageSize);

constexpr std::uint64_t board_offset(const SegmentLayout& layout) {
  return layout.slots_offset - kLinkPages * kPageSize;
}
constexpr std::uint64_t bells_offset(const SegmentLayout& layout) {
  return layout.slots_offset - kPageSize;
}
/// Of the client's part; the server's follows.
constexpr std::uint64_t connection_offset(const SegmentLayout& layout, std::uint32_t index) {
  return layout.slots_offset + layout.geometry.stride * index;
}
/// Bytes of each part: a page and a ring.
constexpr std::uint64_t part_size(const SegmentLayout& layout) {
  return layout.geometry.stride / 2;
}

}  // namespace evo::links
