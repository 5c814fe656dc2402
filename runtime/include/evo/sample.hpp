// SPDX-License-Identifier: Apache-2.0
/// What a read returns besides the value.
#pragma once

#include <cstdint>

#include "evo/channel.hpp"
#include "evo/clock.hpp"
#include "evo/detail/chrono.hpp"

namespace evo {

/// Number and time of a publish whose segment carries stamps.
struct SampleInfo {
  std::uint64_t sequence = 0;           ///< number of the publish, from 1
  std::uint64_t stamp_ns = 0;           ///< CLOCK_MONOTONIC nanoseconds of the publish
  std::chrono::nanoseconds max_age{0};  ///< from the schema; zero: never stale

  /// Time since the publish; never negative: zero for a stamp in the future.
  [[nodiscard]] std::chrono::nanoseconds age() const noexcept { return age_at(monotonic_ns()); }

  /// Whether the value is not older than the schema's `max_age`, if there is one. False for a stamp
  /// in the future (see `is_in_future`), whatever `max_age` is: the age of the value is unknown.
  /// Otherwise the value of a dead writer would stay fresh at least until the clock reaches its
  /// stamp.
  [[nodiscard]] bool fresh() const noexcept {
    const std::uint64_t now = monotonic_ns();
    if (is_in_future(stamp_ns, now)) return false;
    return max_age == std::chrono::nanoseconds::zero() || age_at(now) <= max_age;
  }

 private:
  [[nodiscard]] std::chrono::nanoseconds age_at(std::uint64_t now) const noexcept {
    return std::chrono::nanoseconds(now > stamp_ns ? now - stamp_ns : 0);
  }
};

/// Number of a publish whose segment carries no stamps (`stamp: none`).
struct UnstampedSampleInfo {
  std::uint64_t sequence = 0;
};

namespace detail {

template <class T>
constexpr bool is_stamped() {
  if constexpr (HasChannel<T>) {
    return ChannelOf<T>::stamp == Stamp::Monotonic;
  } else {
    return true;
  }
}

template <class T>
constexpr std::chrono::nanoseconds max_age_of() {
  if constexpr (HasChannel<T>) {
    return ChannelOf<T>::max_age;
  } else {
    return std::chrono::nanoseconds::zero();
  }
}

}  // namespace detail

namespace detail {

/// Converts to a default-initialized T, in the very storage that it initializes.
template <class T>
struct DefaultInitialized {
  // NOLINTNEXTLINE(google-explicit-constructor): an initializer calls it.
  operator T() const noexcept {
    T made;
    return made;
  }
};

/// Converts to a Sample or an Item that has no value yet. A container that constructs one by itself
/// fills it with zeros first, and for more than 64 bytes compilers do that with an instruction that
/// takes longer than the whole read.
template <class Holder>
struct WithoutValue {
  // NOLINTNEXTLINE(google-explicit-constructor): an initializer calls it.
  operator Holder() const noexcept {
    return {.value = DefaultInitialized<decltype(Holder::value)>()};
  }
};

}  // namespace detail

/// A value with the number and time of its publish.
template <class T>
struct Sample {
  T value;
  std::uint64_t sequence = 0;  ///< number of the publish, from 1
  std::uint64_t stamp_ns = 0;  ///< CLOCK_MONOTONIC nanoseconds; zero with `stamp: none`

  /// Time since the publish; does not exist with `stamp: none`.
  [[nodiscard]] std::chrono::nanoseconds age() const noexcept requires(detail::is_stamped<T>()) {
    return info().age();
  }

  /// Whether the value is not older than `max_age`, and its stamp not in the future; does not exist
  /// with `stamp: none`. See SampleInfo.
  [[nodiscard]] bool fresh() const noexcept requires(detail::is_stamped<T>()) {
    return info().fresh();
  }

 private:
  [[nodiscard]] SampleInfo info() const noexcept {
    return {.sequence = sequence, .stamp_ns = stamp_ns, .max_age = detail::max_age_of<T>()};
  }
};

}  // namespace evo
