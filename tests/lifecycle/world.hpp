// SPDX-License-Identifier: Apache-2.0
/// The driver's side of one run: a domain, its processes, and the model of both.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "model.hpp"
#include "operation.hpp"
#include "temporary_domain.hpp"

namespace evo::test::lifecycle {

/// What a sequence may contain.
struct Setting {
  bool hostile = false;
  bool many_users = false;
};

class World {
 public:
  static constexpr unsigned kActors = 4;

  explicit World(Setting setting);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  /// Runs the step if it applies; returns whether it did. Throws Violation.
  bool run(const Step& step);
  /// Ends all processes, cleans up, and checks that nothing stays. Throws Violation.
  void finish();

  // For operations.
  [[nodiscard]] const Setting& setting() const { return setting_; }
  [[nodiscard]] const TemporaryDomain& directory() const { return directory_; }
  [[nodiscard]] ActorModel& actor(const Step& step) { return actors_.at(step.actor); }
  [[nodiscard]] const ActorModel& actor(const Step& step) const { return actors_.at(step.actor); }
  [[nodiscard]] std::array<ActorModel, kActors>& actors() { return actors_; }
  [[nodiscard]] SegmentModel& segment(const Step& step) { return segments_.at(step.segment); }
  [[nodiscard]] const SegmentModel& segment(const Step& step) const {
    return segments_.at(step.segment);
  }
  [[nodiscard]] std::vector<SegmentModel>& all_segments() { return segments_; }
  [[nodiscard]] const std::vector<SegmentModel>& all_segments() const { return segments_; }

  /// The actor with a live writer of the segment that was not fenced off, or nullptr.
  [[nodiscard]] const ActorModel* live_writer(unsigned segment) const;
  /// Readers that hold an entry of the segment's reader table.
  [[nodiscard]] unsigned attached(unsigned segment) const;
  /// Whether a stream of overflow `block` has no room.
  [[nodiscard]] bool is_full(unsigned segment, const DataFile& file) const;
  /// Whether a file of the segment belongs to another user than the actor.
  [[nodiscard]] bool has_foreign_file(const Step& step) const;
  /// Names of the segment's files in the domain.
  [[nodiscard]] std::vector<std::string> files_of(unsigned segment) const;
  /// The segment that a ticket was issued for, or nullptr.
  [[nodiscard]] const unsigned* segment_of(Ticket ticket) const;

  /// Sends the actor's request, and waits for the reply. A death is an empty outcome "died".
  Reply ask(ActorModel& actor, const Request& request);
  void send(ActorModel& actor, const Request& request);
  Reply await_reply(ActorModel& actor);
  void start(unsigned index);
  void kill(ActorModel& actor);
  /// Updates the model of a process that ended.
  void bury(ActorModel& actor);
  void add_stray(pid_t pid) { strays_.push_back(pid); }
  void remove_control(unsigned segment);

 private:
  /// Replies of sleepers that an event should have woken.
  void collect_sleepers();
  void check_nothing_stays();

  Setting setting_;
  TemporaryDomain directory_;
  std::array<ActorModel, kActors> actors_;
  std::vector<SegmentModel> segments_;
  std::map<Ticket, unsigned> tickets_;  ///< the segment of each kTicketsOfAStep
  Ticket next_ticket_ = kTicketsOfAStep;
  unsigned next_control_ = 1;
  std::vector<pid_t> strays_;
};

/// Throws Violation unless `holds`.
void demand(bool holds, const std::string& text);
/// Throws Violation unless the outcome is one of those.
void demand_outcome(const Reply& reply, std::initializer_list<std::string_view> allowed);

}  // namespace evo::test::lifecycle
