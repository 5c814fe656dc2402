// SPDX-License-Identifier: Apache-2.0
/// A reader that does what the test says, in place of a module that reads the segment.
#pragma once

#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>

#include "evo/channel.hpp"
#include "evo/clock.hpp"
#include "evo/domain.hpp"
#include "evo/error.hpp"
#include "evo/format.hpp"
#include "evo/state_reader.hpp"
#include "evo/stream_reader.hpp"
#include "evo/testing/actor.hpp"

namespace evo::testing {

namespace detail {

template <class Channel>
using ReaderBase =
    std::conditional_t<Channel::kind == Kind::State, StateReader<Channel>, StreamReader<Channel>>;

template <class Channel>
class AnyReader : public ReaderBase<Channel> {
 public:
  static Result<AnyReader> attach(ReaderOptions options) {
    return ReaderBase<Channel>::template attach_as<AnyReader>(std::move(options));
  }

  /// The latest value of a state, or the next one of a stream; nullopt if there is none, for now or
  /// any more.
  [[nodiscard]] std::optional<typename Channel::Value> take(std::uint64_t& sequence) {
    if constexpr (Channel::kind == Kind::State) {
      const auto sample = this->read();
      if (!sample) return std::nullopt;
      sequence = sample->sequence;
      return sample->value;
    } else {
      const auto item = this->next();
      if (!item) return std::nullopt;
      sequence = item->sequence;
      return item->value;
    }
  }

  [[nodiscard]] bool detached() {
    if constexpr (Channel::kind == Kind::State) {
      const auto sample = this->read();
      return !sample && sample.error() == ReadError::Detached;
    } else {
      return this->is_detached();
    }
  }

  bool wait(std::chrono::nanoseconds timeout) {
    if constexpr (Channel::kind == Kind::State) {
      return this->wait_for_change(timeout);
    } else {
      return this->wait_for_next(timeout);
    }
  }

 private:
  friend ReaderBase<Channel>;
  using ReaderBase<Channel>::ReaderBase;
};

enum class ReaderRequest : std::uint32_t { Attach, Take, TakeEvery, GoSilent, Close };

/// What the reader's process does.
template <class Value>
class ReaderScript final : public Script {
 public:
  explicit ReaderScript(Domain domain) : domain_(std::move(domain)) {}

  Message perform(const Message& request) override {
    switch (static_cast<ReaderRequest>(request.code)) {
      case ReaderRequest::Attach:
        return attach(std::chrono::nanoseconds(request.argument));
      case ReaderRequest::Take:
        return take();
      case ReaderRequest::TakeEvery:
        period_ns_ = request.argument;
        next_tick_ns_ = monotonic_ns();
        return {};
      case ReaderRequest::GoSilent:
        period_ns_ = 0;
        return {};
      case ReaderRequest::Close:
        period_ns_ = 0;
        reader_.reset();
        return {};
    }
    return failure(0, "unknown request");
  }

  void tick() override {
    static_cast<void>(take());
    next_tick_ns_ = monotonic_ns() + period_ns_;
  }

  [[nodiscard]] std::optional<std::uint64_t> next_tick_ns() const override {
    if (period_ns_ == 0) return std::nullopt;
    return next_tick_ns_;
  }

 private:
  Message attach(std::chrono::nanoseconds wait) {
    auto reader = AnyReader<ChannelOf<Value>>::attach({.domain = domain_, .wait = wait});
    if (!reader) return failure(0, fmt::format("{}", reader.error()));
    reader_.emplace(std::move(*reader));
    return {};
  }

  Message take() {
    if (!reader_) return failure(0, "the reader is closed; restart it first");
    std::uint64_t sequence = 0;
    const auto value = reader_->take(sequence);
    if (!value && reader_->detached() && reader_->reattach()) return take();
    if (!value) return {};
    Message reply{.argument = sequence};
    reply.bytes.resize(sizeof *value);
    std::memcpy(reply.bytes.data(), static_cast<const void*>(&*value), sizeof *value);
    return reply;
  }

  Domain domain_;
  std::optional<AnyReader<ChannelOf<Value>>> reader_;
  std::uint64_t period_ns_ = 0;  // 0: only on request
  std::uint64_t next_tick_ns_ = 0;
};

}  // namespace detail

/// A reader of `Value`'s segment, in a process of its own: a slow or dead one, as the writer under
/// test may meet it. Each operation returns when it is done, or throws std::runtime_error with the
/// reason. Use it from one thread: its process ends with that thread.
template <HasChannel Value>
class ScriptedReader {
 public:
  /// Attaches; waits up to `wait` for the segment.
  explicit ScriptedReader(Domain domain = Domain::from_environment(),
                          std::chrono::nanoseconds wait = std::chrono::seconds(10))
      : domain_(std::move(domain)), wait_(wait), actor_(start()) {}

  /// The latest value of a state, or the next value of a stream; nullopt: there is none. Attaches
  /// again if the segment was recreated.
  std::optional<Value> read() {
    const detail::Message reply = ask(*actor_, detail::ReaderRequest::Take);
    if (reply.bytes.size() != sizeof(Value)) return std::nullopt;
    Value value;
    std::memcpy(static_cast<void*>(&value), reply.bytes.data(), sizeof value);
    return value;
  }

  /// Reads and discards one value each `period`, until go_silent. Returns immediately.
  void read_every(std::chrono::nanoseconds period) {
    if (period <= std::chrono::nanoseconds(0)) {
      throw std::runtime_error("evo::testing: read_every needs a period");
    }
    ask(*actor_, detail::ReaderRequest::TakeEvery, period);
  }
  /// Ends read_every. The reader stays attached: the writer of a `block` stream has to wait for it.
  void go_silent() { ask(*actor_, detail::ReaderRequest::GoSilent); }

  /// `kill -9`.
  void die() { actor_->kill(); }
  /// `kill -STOP`: a reader that hangs, which is not a dead one.
  void stop() { actor_->stop(); }
  void resume() { actor_->resume(); }
  /// Detaches as a module does that ends; the process stays.
  void close() { ask(*actor_, detail::ReaderRequest::Close); }
  /// Starts the reader again.
  void restart() {
    if (actor_->alive()) {
      actor_->resume();
      close();
    }
    actor_ = start();
  }

  [[nodiscard]] bool alive() const noexcept { return actor_->alive(); }
  [[nodiscard]] pid_t pid() const noexcept { return actor_->pid(); }

 private:
  static detail::Message ask(detail::Actor& actor, detail::ReaderRequest what,
                             std::chrono::nanoseconds time = {}) {
    detail::Message reply = actor.ask({.code = static_cast<std::uint32_t>(what),
                                       .argument = static_cast<std::uint64_t>(time.count())});
    if (reply.code != 0) throw std::runtime_error("evo::testing: " + reply.text());
    return reply;
  }

  [[nodiscard]] std::unique_ptr<detail::Actor> start() const {
    auto actor = std::make_unique<detail::Actor>(
        [domain = domain_] { return std::make_unique<detail::ReaderScript<Value>>(domain); });
    ask(*actor, detail::ReaderRequest::Attach, wait_);
    return actor;
  }

  Domain domain_;
  std::chrono::nanoseconds wait_;
  std::unique_ptr<detail::Actor> actor_;
};

}  // namespace evo::testing
