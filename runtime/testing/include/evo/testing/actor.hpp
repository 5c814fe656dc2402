// SPDX-License-Identifier: Apache-2.0
/// A process that does what the test tells it to: the base of ScriptedWriter and ScriptedReader.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace evo::testing::detail {

/// A request to the process, or its reply.
struct Message {
  std::uint32_t code = 0;      ///< which operation; in a reply, 0 for success
  std::uint64_t argument = 0;  ///< a time in nanoseconds, or the number of an error
  std::vector<std::byte> bytes{};

  [[nodiscard]] std::string text() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

/// What runs in the process.
class Script {
 public:
  virtual ~Script() = default;
  virtual Message perform(const Message& request) = 0;
  /// Called at each `next_tick_ns`.
  virtual void tick() = 0;
  /// A time of CLOCK_MONOTONIC; nullopt: the process only answers requests.
  [[nodiscard]] virtual std::optional<std::uint64_t> next_tick_ns() const = 0;
};

/// The process. It ends with this object, and with the thread that created it.
class Actor {
 public:
  using MakeScript = std::function<std::unique_ptr<Script>()>;

  /// Calls `make_script` in the new process. Throws std::runtime_error if it cannot create one.
  explicit Actor(const MakeScript& make_script);
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;
  ~Actor();

  /// Throws std::runtime_error if the process is dead, or gives no answer within 20 s.
  Message ask(const Message& request);
  /// Sends a request that kills the process. Throws std::runtime_error if it answers instead.
  void ask_to_die(const Message& request);

  void stop();
  void resume();
  void kill();
  [[nodiscard]] bool alive() const noexcept { return pid_ > 0; }
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  void send(const Message& request) const;
  void reap();

  pid_t pid_ = -1;
  int socket_ = -1;
};

/// A reply that says what failed: a number for the caller, if not 0, and words.
Message failure(std::uint64_t error, const std::string& text);

}  // namespace evo::testing::detail
