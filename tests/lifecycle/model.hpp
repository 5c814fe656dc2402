// SPDX-License-Identifier: Apache-2.0
/// What the driver knows: the processes, their endpoints, and what each segment contains.
#pragma once

#include <sys/types.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actor.hpp"
#include "step.hpp"

namespace evo::test::lifecycle {

/// One data file. Readers and writers keep it after it lost its name.
struct DataFile {
  std::vector<Ticket> values;  ///< publish n is element n - 1
  unsigned layout = 0;
  bool detached = false;    ///< recreated, or fenced off
  unsigned awakenings = 0;  ///< events that end a reader's sleep
  bool was_orphan = false;  ///< some writer of it died

  [[nodiscard]] std::uint64_t last() const { return values.size(); }
};

enum class Phase { None, Open, Closed };

/// How much the model knows about a segment.
enum class Trust {
  Exact,   ///< the result of each operation
  Shared,  ///< the same, but another user's files may be in the way
  Lost,    ///< its files were damaged: only what always holds
};

struct SegmentModel {
  Phase phase = Phase::None;
  std::shared_ptr<DataFile> file;  ///< with a name, or the last that had one
  unsigned control = 0;            ///< number of the control file
  Trust trust = Trust::Exact;
  bool found_dead = false;
};

struct WriterModel {
  std::shared_ptr<DataFile> file;
  bool fenced = false;
};

struct ReaderModel {
  std::shared_ptr<DataFile> file;
  unsigned control = 0;
  std::uint64_t seen = 0;  ///< state: number of the last value read
  std::uint64_t next = 1;  ///< stream: number of the next value
  Ticket last_ticket = 0;
  std::optional<unsigned> fitted;  ///< the layout it was attached with, if any
  unsigned awakenings = 0;         ///< of the file, when it fell asleep
};

enum class Activity { Idle, Stopped, Halted, Asleep, Dead };

struct ActorModel {
  pid_t pid = 0;
  int socket = -1;
  User user;
  Activity activity = Activity::Dead;
  Request request;                ///< the last one, in progress if Halted or Asleep
  std::uint64_t seen_before = 0;  ///< Halted: number of the last value when it began
  bool fenced_before = false;
  bool may_fault = false;  ///< a file that it maps was truncated
  std::map<unsigned, WriterModel> writers;
  std::map<unsigned, ReaderModel> readers;

  [[nodiscard]] bool lives() const { return activity != Activity::Dead; }
};

}  // namespace evo::test::lifecycle
