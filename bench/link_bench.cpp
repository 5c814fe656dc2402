// SPDX-License-Identifier: Apache-2.0
/// How long does a message take through a ring of frames?
///
/// Two rings, as a connection has them, between two processes that both poll. The limit is a
/// ping-pong of two lines that carry nothing but a number.
#include <sys/mman.h>
#include <unistd.h>

#include <array>

#include "evo/links/frame_sleep.hpp"
#include "harness/arguments.hpp"
#include "harness/channels.hpp"
#include "harness/ping_pong.hpp"
#include "harness/rounds.hpp"
#include "mirrored_mapping.hpp"
#include "system/file_descriptor.hpp"

namespace evo::bench {
namespace {

constexpr std::size_t kHead = 4096;
constexpr std::size_t kRing = 64 * 1024;

/// The file of one side: the position up to which it has received, and the ring that it sends in.
class Side {
 public:
  Side() : file_(::memfd_create("link_bench", MFD_CLOEXEC)) {
    if (::ftruncate(file_.get(), kHead + kRing) != 0) give_up("no memory for a ring");
  }
  [[nodiscard]] links::MirroredMapping map(detail::Protection protection) const {
    auto mapping = links::MirroredMapping::map(file_.get(), 0, kHead, kRing, protection);
    if (!mapping) give_up(mapping.error().message);
    mapping->load_pages(protection);
    return std::move(*mapping);
  }

 private:
  detail::FileDescriptor file_;
};

links::Position& position_in(const links::MirroredMapping& mapping) {
  return reinterpret_cast<links::ReceiverState*>(mapping.head())->taken;
}

template <std::size_t kBytes>
struct FrameEnd {
  FrameEnd(const Side& own, const Side& other, Checksum checksum)
      : mine(own.map(detail::Protection::ReadWrite)),
        theirs(other.map(detail::Protection::Read)),
        sender(mine.ring(), kRing, &position_in(theirs), checksum),
        receiver(theirs.ring(), kRing, &position_in(mine), checksum) {}

  void send(const Payload<kBytes>& value) {
    if (!sender.try_send({.id = value.number(), .length = kBytes}, &value)) give_up("no room");
  }
  void receive(Payload<kBytes>& value) {
    links::Found found = links::Found::Nothing;
    while (found == links::Found::Nothing) found = receiver.look();
    if (found == links::Found::Damage || !receiver.copy(&value)) give_up("a frame is damaged");
    receiver.take();
  }

  links::MirroredMapping mine;
  links::MirroredMapping theirs;
  links::FrameSender sender;
  links::FrameReceiver receiver;
};

template <std::size_t kBytes>
Figures run_frames(Checksum checksum) {
  return measure_latency<Payload<kBytes>>([=] {
    const std::array<Side, 2> sides;
    return measure_mapping<Payload<kBytes>>([&](std::size_t side, Barrier& /*barrier*/) {
      return FrameEnd<kBytes>(sides[side], sides[1 - side], checksum);
    });
  });
}

template <std::size_t kBytes>
void ask_size(Answer& answer, const Arguments& arguments) {
  measure(answer,
          {.bytes = kBytes,
           .limits = {{"limit: two lines", run_ping_pong}},
           .cases = {{"frame, crc32c", [] { return run_frames<kBytes>(Checksum::Crc32c); }},
                     {"frame", [] { return run_frames<kBytes>(Checksum::None); }}}},
          arguments.rounds);
}

void ask_all(Answer& answer, const Arguments& arguments) {
  ask_size<40>(answer, arguments);
  ask_size<64>(answer, arguments);
  ask_size<1024>(answer, arguments);
  ask_size<4096>(answer, arguments);
}

}  // namespace
}  // namespace evo::bench

int main(int count, char** arguments) {
  return evo::bench::run_benchmark(count, arguments, {.name = "link", .unit = "ns one way"},
                                   "How long does a message take through a ring of frames?",
                                   evo::bench::ask_all);
}
