// SPDX-License-Identifier: Apache-2.0
/// Assertions on what a module publishes: `published<ControlState>().within(50ms)`.
///
/// With GoogleTest: `const auto seen = …; EXPECT_TRUE(seen) << seen;`. The results convert to bool
/// and print themselves, so that other frameworks can use them, too.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "evo/channel.hpp"
#include "evo/clock.hpp"
#include "evo/domain.hpp"
#include "evo/error.hpp"
#include "evo/format.hpp"
#include "evo/testing/scripted_reader.hpp"

namespace evo::testing {

/// What an assertion saw.
template <class Value>
struct Seen {
  bool as_wanted = false;
  std::optional<Value> value;  ///< the value that decided; otherwise the last one, if any
  std::uint64_t sequence = 0;  ///< of that value
  std::uint64_t values = 0;    ///< number of values seen
  std::string text;            ///< all this in words

  explicit operator bool() const noexcept { return as_wanted; }
  const Value& operator*() const noexcept { return *value; }
  const Value* operator->() const noexcept { return &*value; }

  friend std::ostream& operator<<(std::ostream& out, const Seen& seen) { return out << seen.text; }
};

/// Selects publishes of `Value`'s segment and waits for them. Reads the segment as any module
/// would.
template <HasChannel Value>
class Published {
 public:
  using Condition = std::function<bool(const Value&)>;

  explicit Published(Domain domain) : domain_(std::move(domain)) {}

  /// Only values for which `condition` is true; `words` describe it in messages.
  Published& where(Condition condition, std::string words = "the condition") {
    condition_ = std::move(condition);
    words_ = std::move(words);
    return *this;
  }

  /// Only values that were published after the one with this sequence.
  Published& after(std::uint64_t sequence) {
    after_ = sequence;
    return *this;
  }

  /// Whether there is such a value, or one is published within `limit`. A state is asked for its
  /// latest value, so that values in between may go unseen; a stream for each that it still has.
  [[nodiscard]] Seen<Value> within(std::chrono::nanoseconds limit) {
    Seen<Value> seen = look(limit, true);
    if (!seen.as_wanted) {
      seen.text = fmt::format("{}: no value with {} within {}; {}", name(), words_, in_words(limit),
                              seen.text);
    }
    return seen;
  }

  /// Whether all values that are seen in `period` are such, and there is at least one.
  [[nodiscard]] Seen<Value> throughout(std::chrono::nanoseconds period) {
    Seen<Value> seen = look(period, false);
    if (!seen.as_wanted) {
      seen.text = fmt::format("{}: not only values with {} for {}; {}", name(), words_,
                              in_words(period), seen.text);
    }
    return seen;
  }

 private:
  using Channel = ChannelOf<Value>;
  using Reader = detail::AnyReader<Channel>;

  static std::string_view name() { return Channel::name; }

  static std::string in_words(std::chrono::nanoseconds time) {
    return fmt::format("{} ms", static_cast<double>(time.count()) / 1e6);
  }

  /// Reads values until one is as wanted, if `one_is_enough`, or one is not, otherwise.
  Seen<Value> look(std::chrono::nanoseconds limit, bool one_is_enough) {
    const std::uint64_t end_ns = monotonic_ns() + static_cast<std::uint64_t>(limit.count());
    const auto left = [end_ns] {
      const std::uint64_t now = monotonic_ns();
      return std::chrono::nanoseconds(now < end_ns ? end_ns - now : 0);
    };
    Seen<Value> seen;
    auto reader = Reader::attach({.domain = domain_, .wait = limit});
    if (!reader) {
      seen.text = fmt::format("cannot attach: {}", reader.error());
      return seen;
    }
    if constexpr (Channel::kind == Kind::Stream) reader->seek_oldest();
    while (true) {
      const bool last = left() == std::chrono::nanoseconds(0);
      while (take(*reader, seen)) {
        seen.as_wanted = !condition_ || condition_(*seen.value);
        if (seen.as_wanted == one_is_enough) {
          describe(seen, *reader);
          return seen;
        }
      }
      if (last) break;
      if (reader->detached()) {
        static_cast<void>(reader->reattach(left()));
      } else {
        reader->wait(std::min<std::chrono::nanoseconds>(left(), std::chrono::milliseconds(10)));
      }
    }
    seen.as_wanted = !one_is_enough && seen.values != 0;
    describe(seen, *reader);
    return seen;
  }

  /// Takes the next value that counts; false if there is none yet.
  bool take(Reader& reader, Seen<Value>& seen) {
    std::uint64_t sequence = 0;
    while (auto value = reader.take(sequence)) {
      const bool known = seen.values != 0 && sequence == seen.sequence;
      if (Channel::kind == Kind::State && (known || sequence <= after_)) return false;
      if (sequence <= after_) continue;
      seen.value = std::move(value);
      seen.sequence = sequence;
      ++seen.values;
      return true;
    }
    return false;
  }

  void describe(Seen<Value>& seen, Reader& reader) const {
    const std::string_view writer = to_string(reader.writer_state());
    if (seen.values == 0) {
      seen.text = fmt::format("nothing was published; the writer is {}", writer);
    } else {
      seen.text = fmt::format("{} values seen, the last has sequence {}; the writer is {}",
                              seen.values, seen.sequence, writer);
    }
  }

  Domain domain_;
  Condition condition_;
  std::string words_ = "any content";
  std::uint64_t after_ = 0;
};

/// `published<ControlState>().where(…).within(50ms)`
template <HasChannel Value>
[[nodiscard]] Published<Value> published(Domain domain = Domain::from_environment()) {
  return Published<Value>(std::move(domain));
}

}  // namespace evo::testing
