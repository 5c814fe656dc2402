#include "expected.evo.hpp"

namespace golden::link {

using namespace std::chrono_literals;

static_assert(MotionLink::name == "motion" && MotionLink::owner == "motion_planner");
static_assert(MotionLink::max_clients == 32 && MotionLink::warm_clients == 8);
static_assert(MotionLink::ring == 128 * 1024 && MotionLink::max_message == 4 * 1024 * 1024);
static_assert(MotionLink::compatible.empty());
static_assert(MotionLink::methods.size() == 5);
static_assert(MotionLink::methods[0].deadline == 10ms && MotionLink::methods[0].idempotent);
static_assert(MotionLink::methods[1].streaming == evo::Streaming::Server);
static_assert(MotionLink::methods[2].number == 3);
static_assert(!MotionLink::bfbs.empty());

// The struct of the schema and that of flatc are different types of the same size.
static_assert(!std::is_same_v<Position, wire::Position> &&
              sizeof(Position) == sizeof(wire::Position));

/// Builds a message, checks it as a receiver does, and reads it.
inline double round_trip() {
  MoveRequestT request;
  request.axis = 1;
  request.target = 3.5;
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(MoveRequest::Pack(builder, &request));
  flatbuffers::Verifier verifier(builder.GetBufferPointer(), builder.GetSize());
  if (!verifier.VerifyBuffer<MoveRequest>(nullptr)) return 0;
  return flatbuffers::GetRoot<MoveRequest>(builder.GetBufferPointer())->target();
}

}  // namespace golden::link
