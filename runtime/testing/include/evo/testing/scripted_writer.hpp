// SPDX-License-Identifier: Apache-2.0
/// A writer that does what the test says, in place of the module that owns the segment.
#pragma once

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "evo/channel.hpp"
#include "evo/clock.hpp"
#include "evo/domain.hpp"
#include "evo/error.hpp"
#include "evo/fencing.hpp"
#include "evo/format.hpp"
#include "evo/raw_state_writer.hpp"
#include "evo/raw_stream_writer.hpp"
#include "evo/state_writer.hpp"
#include "evo/stream_writer.hpp"
#include "evo/testing/actor.hpp"

namespace evo::testing {

namespace detail {

/// A typed writer without the check of the module: the test stands in for the owner.
template <class Channel>
using WriterBase =
    std::conditional_t<Channel::kind == Kind::State, StateWriter<Channel>, StreamWriter<Channel>>;

template <class Channel>
class AnyWriter : public WriterBase<Channel> {
 public:
  static Result<AnyWriter> create(WriterOptions options) {
    return WriterBase<Channel>::template create_as<AnyWriter>(std::move(options));
  }

 private:
  friend WriterBase<Channel>;
  using WriterBase<Channel>::WriterBase;
};

enum class WriterRequest : std::uint32_t {
  Create,
  CreateOtherLayout,
  Publish,
  PublishEvery,
  GoSilent,
  DieInPublish,
  Close,
};

/// What the writer's process does.
template <class Value>
class WriterScript final : public Script {
 public:
  using Channel = ChannelOf<Value>;

  explicit WriterScript(Domain domain) : domain_(std::move(domain)) {}

  Message perform(const Message& request) override {
    switch (static_cast<WriterRequest>(request.code)) {
      case WriterRequest::Create:
        return create();
      case WriterRequest::CreateOtherLayout:
        return create_other_layout();
      case WriterRequest::Publish:
        return publish(values_in(request.bytes).front(),
                       std::chrono::nanoseconds(request.argument));
      case WriterRequest::PublishEvery:
        values_ = values_in(request.bytes);
        next_ = 0;
        period_ns_ = request.argument;
        next_tick_ns_ = monotonic_ns();
        return {};
      case WriterRequest::GoSilent:
        period_ns_ = 0;
        return {};
      case WriterRequest::DieInPublish:
        return die_in_publish(values_in(request.bytes).front());
      case WriterRequest::Close:
        return close();
    }
    return failure(0, "unknown request");
  }

  void tick() override {
    static_cast<void>(publish(values_[next_], std::chrono::nanoseconds(0)));
    next_ = std::min(next_ + 1, values_.size() - 1);
    // A late process skips the times that have passed.
    const std::uint64_t now = monotonic_ns();
    next_tick_ns_ += period_ns_;
    if (next_tick_ns_ < now) next_tick_ns_ += (now - next_tick_ns_) / period_ns_ * period_ns_;
  }

  [[nodiscard]] std::optional<std::uint64_t> next_tick_ns() const override {
    if (period_ns_ == 0) return std::nullopt;
    return next_tick_ns_;
  }

 private:
  static std::vector<Value> values_in(std::span<const std::byte> bytes) {
    std::vector<Value> values(bytes.size() / sizeof(Value));
    std::memcpy(values.data(), bytes.data(), values.size() * sizeof(Value));
    return values;
  }

  Message create() { return keep(writer_, AnyWriter<Channel>::create({.domain = domain_})); }

  Message create_other_layout() {
    ChannelDescription other = describe<Channel>();
    other.size += 8;
    other.schema_id.bytes[0] = static_cast<std::uint8_t>(~other.schema_id.bytes[0]);
    other.compatible = {};
    // Without the schema's text, which would not fit the size.
    other.fields = {};
    other.bfbs = {};
    if constexpr (Channel::kind == Kind::State) {
      return keep(other_state_, RawStateWriter::create(other, {.domain = domain_}));
    } else {
      return keep(other_stream_, RawStreamWriter::create(other, {.domain = domain_}));
    }
  }

  template <class Writer>
  static Message keep(std::optional<Writer>& kept, Result<Writer> writer) {
    if (!writer) return failure(0, fmt::format("{}", writer.error()));
    kept.emplace(std::move(*writer));
    return {};
  }

  Message publish(const Value& value, [[maybe_unused]] std::chrono::nanoseconds timeout) {
    if (!writer_) return failure(0, "the writer is closed; restart it first");
    WriteResult written;
    if constexpr (Channel::kind == Kind::State) {
      written = writer_->write(value);
    } else {
      written = writer_->push(value, timeout);
    }
    if (written) return {};
    return failure(static_cast<std::uint64_t>(written.error()) + 1, "");
  }

  Message die_in_publish(const Value& value) {
    if (!writer_) return failure(0, "the writer is closed; restart it first");
    const auto fill_half = [&value](Value& slot) {
      std::memcpy(static_cast<void*>(&slot), static_cast<const void*>(&value), sizeof value / 2);
      ::kill(::getpid(), SIGKILL);
      ::_exit(2);  // not reached
    };
    if constexpr (Channel::kind == Kind::State) {
      auto loan = writer_->loan();
      fill_half(*loan);
    } else {
      static_cast<void>(writer_->with_write(fill_half));
      return failure(0, "the stream is full, so there is no publish to die in");
    }
    return {};
  }

  Message close() {
    period_ns_ = 0;
    writer_.reset();
    other_state_.reset();
    other_stream_.reset();
    return {};
  }

  Domain domain_;
  std::optional<AnyWriter<Channel>> writer_;
  std::optional<RawStateWriter> other_state_;
  std::optional<RawStreamWriter> other_stream_;
  std::vector<Value> values_;
  std::size_t next_ = 0;
  std::uint64_t period_ns_ = 0;  // 0: only on request
  std::uint64_t next_tick_ns_ = 0;
};

}  // namespace detail

/// The writer of `Value`'s segment, in a process of its own, which can therefore die like any
/// other. Each operation returns when it is done, or throws std::runtime_error with the reason. Use
/// it from one thread: its process ends with that thread.
template <HasChannel Value>
class ScriptedWriter {
 public:
  /// Creates the segment, or takes it over.
  explicit ScriptedWriter(Domain domain = Domain::from_environment())
      : domain_(std::move(domain)), actor_(start(detail::WriterRequest::Create)) {}

  /// Publishes a value; to a full `block` stream, waits up to `timeout` for room.
  WriteResult publish(const Value& value,
                      std::chrono::nanoseconds timeout = std::chrono::nanoseconds(0)) {
    const detail::Message reply =
        actor_->ask(request(detail::WriterRequest::Publish, timeout, {&value, 1}));
    if (reply.code == 0) return {};
    if (reply.argument == 0) throw std::runtime_error("evo::testing: " + reply.text());
    return tl::unexpected(static_cast<WriteError>(reply.argument - 1));
  }

  /// Publishes these values in turn, one each `period`, and the last of them again and again, until
  /// another operation ends it. Returns immediately.
  void publish_every(std::chrono::nanoseconds period, std::span<const Value> values) {
    if (period <= std::chrono::nanoseconds(0) || values.empty()) {
      throw std::runtime_error("evo::testing: publish_every needs a period and a value");
    }
    ask(request(detail::WriterRequest::PublishEvery, period, values));
  }
  void publish_every(std::chrono::nanoseconds period, std::initializer_list<Value> values) {
    publish_every(period, std::span(values.begin(), values.size()));
  }

  /// Ends publish_every. The writer stays alive, and its last value goes stale.
  void go_silent() { ask(request(detail::WriterRequest::GoSilent)); }

  /// `kill -9`.
  void die() { actor_->kill(); }
  /// `kill -9` when half of `value` has been written to the slot.
  void die_in_publish(const Value& value) {
    actor_->ask_to_die(request(detail::WriterRequest::DieInPublish, {}, {&value, 1}));
  }
  /// `kill -STOP`: a writer that hangs, which is not a dead one.
  void stop() { actor_->stop(); }
  void resume() { actor_->resume(); }
  /// Closes the segment as a module does that ends; the process stays.
  void close() { ask(request(detail::WriterRequest::Close)); }

  /// Starts the writer again, after it died or was closed.
  void restart() { start_again(detail::WriterRequest::Create); }
  /// Fences the live writer off and starts its successor; readers are detached. Returns the former
  /// writer, whose publishes fail from now on.
  ScriptedWriter replace() {
    if (auto fenced = fence_off_writer(domain_, Channel::name); !fenced) {
      throw std::runtime_error(fmt::format("evo::testing: {}", fenced.error()));
    }
    ScriptedWriter former(domain_, std::move(actor_));
    actor_ = start(detail::WriterRequest::Create);
    return former;
  }
  /// Starts the writer again with another layout, as after an update of its module alone: readers
  /// are refused with SchemaMismatch. It publishes nothing. `restart` returns to the right layout.
  void change_layout() { start_again(detail::WriterRequest::CreateOtherLayout); }

  [[nodiscard]] bool alive() const noexcept { return actor_->alive(); }
  [[nodiscard]] pid_t pid() const noexcept { return actor_->pid(); }

 private:
  using Channel = ChannelOf<Value>;

  ScriptedWriter(Domain domain, std::unique_ptr<detail::Actor> actor)
      : domain_(std::move(domain)), actor_(std::move(actor)) {}

  static detail::Message request(detail::WriterRequest what, std::chrono::nanoseconds time = {},
                                 std::span<const Value> values = {}) {
    const std::span<const std::byte> bytes = std::as_bytes(values);
    return {.code = static_cast<std::uint32_t>(what),
            .argument = static_cast<std::uint64_t>(time.count()),
            .bytes = {bytes.begin(), bytes.end()}};
  }

  void ask(const detail::Message& message) { ask(*actor_, message); }

  static void ask(detail::Actor& actor, const detail::Message& message) {
    const detail::Message reply = actor.ask(message);
    if (reply.code != 0) throw std::runtime_error("evo::testing: " + reply.text());
  }

  [[nodiscard]] std::unique_ptr<detail::Actor> start(detail::WriterRequest how) const {
    auto actor = std::make_unique<detail::Actor>(
        [domain = domain_] { return std::make_unique<detail::WriterScript<Value>>(domain); });
    ask(*actor, request(how));
    return actor;
  }

  /// A process that is alive closes its segment first.
  void start_again(detail::WriterRequest how) {
    if (actor_->alive()) {
      actor_->resume();
      close();
    }
    actor_ = start(how);
  }

  Domain domain_;
  std::unique_ptr<detail::Actor> actor_;
};

}  // namespace evo::testing
