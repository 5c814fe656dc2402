// SPDX-License-Identifier: Apache-2.0
#include "evo/wait_set.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <memory>
#include <vector>

#include "attachment/reader_attachment.hpp"
#include "evo/format.hpp"
#include "evo/raw_state_reader.hpp"
#include "evo/raw_stream_reader.hpp"
#include "system/descriptor_watch.hpp"

namespace evo {

namespace detail {

/// What a token stands for.
struct WaitPlace {
  enum class Kind : std::uint8_t { Unused, State, Stream, Cycle, Descriptor };

  WaitSetState* set = nullptr;
  WaitToken token;
  Kind kind = Kind::Unused;
  WaitReason why = WaitReason::None;
  WaitMember* member = nullptr;  ///< a reader
  CycleSchedule schedule = {};
  Cycle cycle = {};
  int descriptor = -1;
};

/// I1: a place and its reader point to each other, or neither to the other.
/// I2: `wait` allocates nothing: every vector has room for all places.
/// I3: a place that has a reason is in `ready`.
struct WaitSetState {
  [[nodiscard]] const WaitPlace* ready_place(WaitToken token) const noexcept {
    if (token.index >= places.size()) return nullptr;
    const WaitPlace& place = *places[token.index];
    return place.token == token && place.why != WaitReason::None ? &place : nullptr;
  }

  WaitPlace& add(WaitPlace::Kind kind);
  Result<WaitToken> add_reader(WaitMember& member, WaitPlace::Kind kind);
  void remove(WaitPlace& place) noexcept;
  /// Wakes the thread that waits. For any thread, and signal handlers.
  void ring() noexcept;
  /// Finds what is ready at this time. For a caller that does not wait it makes no system call,
  /// except for descriptors.
  void look(std::uint64_t now, bool waits) noexcept;
  /// After a look that found nothing and a sleep: finds the readers that have a value; if there is
  /// one, also what else is ready. Touches the control files of these readers only, because each
  /// one takes a page walk; the next look marks the others as awake.
  void look_for_values() noexcept;
  void report(WaitPlace& place, WaitReason why) noexcept;
  void look_at_readers() noexcept;
  void look_for_deaths(std::uint64_t now) noexcept;
  void look_at_cycles(std::uint64_t now) noexcept;
  void look_at_descriptors() noexcept;
  /// The time of the next look, if nothing wakes the thread.
  [[nodiscard]] std::uint64_t next_look(std::uint64_t now) const noexcept;
  /// Sleeps until a reader has something new, the bell rings, or the time comes.
  void sleep(std::uint64_t rings_seen, std::uint64_t until, std::chrono::nanoseconds spin) noexcept;

  [[nodiscard]] static ReaderAttachment& attachment_of(const WaitPlace& place) noexcept;
  [[nodiscard]] static bool has_value(const WaitPlace& place) noexcept;

  std::vector<std::unique_ptr<WaitPlace>> places;
  std::vector<WaitPlace*> readers;
  std::vector<WaitPlace*> cycles;
  std::vector<Waiter> waiters;  ///< for each of `readers`, since the last look
  std::vector<WaitToken> ready;
  std::vector<WaitToken> spare;  ///< in place of `ready` from the next look on, if it is larger
  std::unique_ptr<DescriptorWatch> descriptors;
  std::uint32_t serials = 0;
  std::size_t next_death = 0;  ///< the reader whose writer is looked at next
  std::uint64_t deaths_looked_ns = 0;
  bool has_slept = false;  ///< since the last look: readers may still be marked as asleep

  std::atomic<bool> stopped{false};
  std::atomic<bool> waiting{false};  ///< for assertions
  std::atomic<std::uint64_t> rings{0};
  /// The word on which the thread sleeps for certain.
  std::atomic<const std::uint32_t*> bell{reinterpret_cast<const std::uint32_t*>(&rings)};
};

void WaitMember::take_place_of(WaitMember& other) noexcept {
  if (place_ != nullptr) leave();
  place_ = std::exchange(other.place_, nullptr);
  // relaxed: only catches mistakes.
  assert(!place_->set->waiting.load(std::memory_order_relaxed) &&
         "a reader was moved during a wait of its set");
  place_->member = this;
}

void WaitMember::leave() noexcept {
  place_->set->remove(*place_);
}

}  // namespace detail

using detail::WaitPlace;
using detail::WaitSetState;

static_assert(WaitSet::kMostReaders == detail::Wait::kMostWords);

WaitPlace& WaitSetState::add(WaitPlace::Kind kind) {
  const auto unused = std::find_if(places.begin(), places.end(), [](const auto& place) {
    return place->kind == WaitPlace::Kind::Unused;
  });
  const auto index = static_cast<std::uint32_t>(unused - places.begin());
  if (unused == places.end()) places.push_back(std::make_unique<WaitPlace>());
  // Before anything is entered, because this may throw. The caller may be iterating over `ready`.
  if (ready.capacity() < places.size()) spare.reserve(places.size());
  cycles.reserve(places.size());
  readers.reserve(places.size());
  waiters.reserve(places.size());
  WaitPlace& place = *places[index];
  place = {.set = this, .token = {index, ++serials}, .kind = kind};
  if (kind == WaitPlace::Kind::Cycle) cycles.push_back(&place);
  if (kind == WaitPlace::Kind::State || kind == WaitPlace::Kind::Stream) readers.push_back(&place);
  return place;
}

void WaitSetState::remove(WaitPlace& place) noexcept {
  // relaxed: only catches mistakes.
  assert(!waiting.load(std::memory_order_relaxed) &&
         "something was removed from a set, or a reader destroyed, during a wait of that set");
  if (place.member != nullptr) place.member->place_ = nullptr;
  if (place.kind == WaitPlace::Kind::Descriptor) descriptors->remove(place.descriptor);
  std::erase(readers, &place);
  std::erase(cycles, &place);
  // The caller may be iterating over it; a default token names nothing.
  std::replace(ready.begin(), ready.end(), place.token, WaitToken());
  place = {};
}

detail::ReaderAttachment& WaitSetState::attachment_of(const WaitPlace& place) noexcept {
  return place.kind == WaitPlace::Kind::State
             ? *static_cast<RawStateReader*>(place.member)->attachment_
             : *static_cast<RawStreamReader*>(place.member)->attachment_;
}

/// A value of a state that was replaced cannot be read any more; those of a stream can.
bool WaitSetState::has_value(const WaitPlace& place) noexcept {
  if (place.kind == WaitPlace::Kind::Stream) {
    return static_cast<RawStreamReader*>(place.member)->observer_.has_next();
  }
  const auto& reader = *static_cast<RawStateReader*>(place.member);
  return reader.has_changed() && !reader.observer_.is_detached();
}

void WaitSetState::ring() noexcept {
  // release [own-word]: pairs with the acquire of the thread that sleeps. What changed is visible
  // to it.
  rings.fetch_add(1, std::memory_order_release);
  // seq_cst fence: pairs with the one before the thread's last look. Either that look sees the
  // ring, or the load below sees the word on which the thread sleeps.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  // relaxed: an address; nothing is read through it.
  detail::wake(bell.load(std::memory_order_relaxed));
}

void WaitSetState::look(std::uint64_t now, bool waits) noexcept {
  // A removed token was replaced by one that names the first place.
  for (const WaitToken token : ready) places[token.index]->why = WaitReason::None;
  if (ready.capacity() < spare.capacity()) ready.swap(spare);
  ready.clear();
  look_at_readers();
  if (waits) look_for_deaths(now);
  look_at_cycles(now);
  look_at_descriptors();
  std::ranges::sort(ready, {}, &WaitToken::index);
}

void WaitSetState::look_for_values() noexcept {
  for (std::size_t i = 0; i < readers.size(); ++i) {
    const detail::Waiter& waiter = waiters[i];
    // relaxed: only compared; the look at the value acquires.
    const std::uint64_t version = waiter.header->version.load(std::memory_order_relaxed);
    if (version == waiter.seen_version || !has_value(*readers[i])) continue;
    detail::mark_awake(waiter);
    report(*readers[i], WaitReason::Value);
  }
  if (ready.empty()) return;
  look_at_cycles(monotonic_ns());
  look_at_descriptors();
  std::ranges::sort(ready, {}, &WaitToken::index);
}

void WaitSetState::report(WaitPlace& place, WaitReason why) noexcept {
  if (place.why == WaitReason::None) ready.push_back(place.token);
  place.why = why;
}

void WaitSetState::look_at_readers() noexcept {
  const bool slept = std::exchange(has_slept, false);
  waiters.clear();
  for (WaitPlace* place : readers) {
    detail::ReaderAttachment& attachment = attachment_of(*place);
    // Before the look: every later publish changes this version.
    waiters.push_back(attachment.waiter());
    if (slept) detail::mark_awake(waiters.back());
    const auto there = [place] { return has_value(*place); };
    const WaitReason why = there() ? WaitReason::Value : attachment.take_news(there);
    if (why != WaitReason::None) report(*place, why);
  }
}

/// Looks at all writers in turn, so that each one is looked at once per kLongestSleepNs.
void WaitSetState::look_for_deaths(std::uint64_t now) noexcept {
  const std::uint64_t interval = detail::Wait::kLongestSleepNs;
  std::uint64_t due =
      std::min<std::uint64_t>((now - deaths_looked_ns) * readers.size() / interval, readers.size());
  if (due == 0) return;
  deaths_looked_ns = now;
  for (; due != 0; --due) {
    if (++next_death >= readers.size()) next_death = 0;
    WaitPlace& place = *readers[next_death];
    if (place.why != WaitReason::None) continue;
    const WaitReason why = attachment_of(place).take_death([&place] { return has_value(place); });
    if (why != WaitReason::None) report(place, why);
  }
}

void WaitSetState::look_at_cycles(std::uint64_t now) noexcept {
  for (WaitPlace* place : cycles) {
    if (!place->schedule.is_due(now)) continue;
    place->cycle.take(place->schedule, now);
    report(*place, WaitReason::Cycle);
  }
}

void WaitSetState::look_at_descriptors() noexcept {
  if (descriptors == nullptr) return;
  for (const epoll_event& event : descriptors->look()) {
    WaitPlace& place = *places[event.data.u64];
    // A descriptor that was closed before its token was removed stays in the kernel's list while
    // another one refers to the same file.
    if (place.kind == WaitPlace::Kind::Descriptor) report(place, WaitReason::Readable);
  }
}

std::uint64_t WaitSetState::next_look(std::uint64_t now) const noexcept {
  std::uint64_t next = readers.empty() ? detail::Wait::kNever : now + detail::Wait::kLongestSleepNs;
  for (const WaitPlace* place : cycles) next = std::min(next, place->schedule.next_ns());
  return next;
}

void WaitSetState::sleep(std::uint64_t rings_seen, std::uint64_t until,
                         std::chrono::nanoseconds spin) noexcept {
  if (descriptors != nullptr) descriptors->arm();
  const detail::Wait what{.waiters = waiters,
                          .own_word = &rings,
                          .own_value = rings_seen,
                          .until_ns = until,
                          .spin = spin};
  const bool crowded = waiters.size() >= detail::Wait::kMostWords;
  // relaxed: as in ring().
  bell.store(crowded ? detail::futex_word(*waiters.front().header)
                     : reinterpret_cast<const std::uint32_t*>(&rings),
             std::memory_order_relaxed);
  detail::wait(what);
  has_slept = true;
}

WaitReason Ready::why(WaitToken token) const noexcept {
  const WaitPlace* place = set_->ready_place(token);
  return place == nullptr ? WaitReason::None : place->why;
}

Cycle Ready::cycle(WaitToken token) const noexcept {
  const WaitPlace* place = set_->ready_place(token);
  return place == nullptr ? Cycle() : place->cycle;
}

bool Ready::stopped() const noexcept {
  // acquire: pairs with the release in stop(). What the caller did before is visible.
  return set_->stopped.load(std::memory_order_acquire);
}

const WaitToken* Ready::begin() const noexcept {
  return set_->ready.data();
}

const WaitToken* Ready::end() const noexcept {
  return set_->ready.data() + set_->ready.size();
}

WaitSet::WaitSet() : state_(new WaitSetState()) {}

WaitSet::~WaitSet() {
  for (const auto& place : state_->places) remove(place->token);
  state_->descriptors.reset();  // its thread rings the bell
}

Result<WaitToken> WaitSetState::add_reader(WaitMember& member, WaitPlace::Kind kind) {
  if (member.place_ != nullptr) {
    return make_error(
        ErrorCode::Unsupported,
        "this reader of segment '{}' is already in a wait set; remove its token there "
        "first",
        attachment_of(*member.place_).name);
  }
  if (readers.size() == WaitSet::kMostReaders) {
    return make_error(ErrorCode::ResourceExhausted,
                      "a wait set holds {} readers at most; wait for the others in another thread",
                      WaitSet::kMostReaders);
  }
  WaitPlace& place = add(kind);
  place.member = &member;
  member.place_ = &place;
  return place.token;
}

Result<WaitToken> WaitSet::add(RawStateReader& reader) {
  return state_->add_reader(reader, WaitPlace::Kind::State);
}

Result<WaitToken> WaitSet::add(RawStreamReader& reader) {
  return state_->add_reader(reader, WaitPlace::Kind::Stream);
}

Result<WaitToken> WaitSet::add_cycle(std::chrono::nanoseconds period, CycleOptions options) {
  if (period.count() <= 0) {
    return make_error(ErrorCode::Unsupported, "a cycle needs a period of at least 1 ns, not {} ns",
                      period.count());
  }
  WaitPlace& place = state_->add(WaitPlace::Kind::Cycle);
  place.schedule = detail::schedule_of(period, options.phase);
  return place.token;
}

Result<WaitToken> WaitSet::add_fd(int descriptor) {
  WaitSetState& set = *state_;
  if (set.descriptors == nullptr) {
    auto watch = detail::DescriptorWatch::start([&set] { set.ring(); });
    if (!watch) return tl::unexpected(watch.error());
    set.descriptors = std::move(*watch);
  }
  WaitPlace& place = set.add(WaitPlace::Kind::Unused);  // until nothing can fail any more
  if (auto added = set.descriptors->add(descriptor, place.token.index); !added) {
    place = {};
    return tl::unexpected(added.error());
  }
  place.kind = WaitPlace::Kind::Descriptor;
  place.descriptor = descriptor;
  return place.token;
}

void WaitSet::remove(WaitToken token) noexcept {
  if (token.index >= state_->places.size()) return;
  WaitPlace& place = *state_->places[token.index];
  if (place.token != token || place.kind == WaitPlace::Kind::Unused) return;
  if (place.member != nullptr) detail::mark_awake(WaitSetState::attachment_of(place).waiter());
  state_->remove(place);
}

Ready WaitSet::wait(std::chrono::nanoseconds timeout, const WaitOptions& options) noexcept {
  WaitSetState& set = *state_;
  // relaxed: only catches mistakes.
  [[maybe_unused]] const bool waits = set.waiting.exchange(true, std::memory_order_relaxed);
  assert(!waits && "two threads wait on one set");
  std::uint64_t now = monotonic_ns();
  const std::uint64_t end = detail::end_of_wait(now, timeout);
  while (true) {
    // acquire [own-word], before the look: a later ring changes the word.
    const std::uint64_t rings = set.rings.load(std::memory_order_acquire);
    set.look(now, timeout > std::chrono::nanoseconds(0));
    const Ready ready(set);
    if (!ready.empty() || now >= end) break;
    set.sleep(rings, std::min(end, set.next_look(now)), options.spin);
    set.look_for_values();
    if (!set.ready.empty()) break;
    now = monotonic_ns();
  }
  set.waiting.store(false, std::memory_order_relaxed);  // relaxed: as above
  return Ready(set);
}

void WaitSet::stop() noexcept {
  // release: pairs with the acquire in Ready::stopped.
  state_->stopped.store(true, std::memory_order_release);
  state_->ring();
}

}  // namespace evo
