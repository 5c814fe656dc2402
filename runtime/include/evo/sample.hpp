/// What a read returns beside the value.
#pragma once

#include <chrono>
#include <cstdint>

#include "evo/channel.hpp"
#include "evo/clock.hpp"

namespace evo {

/// Identity and time of a publish whose segment carries stamps.
struct SampleInfo {
  std::uint64_t sequence = 0;           ///< number of the publish, from 1
  std::uint64_t stamp_ns = 0;           ///< CLOCK_MONOTONIC nanoseconds of the publish
  std::chrono::nanoseconds max_age{0};  ///< of the schema; zero: never stale

  /// Time since the publish; never negative.
  [[nodiscard]] std::chrono::nanoseconds age() const noexcept {
    const auto elapsed = static_cast<std::int64_t>(monotonic_ns() - stamp_ns);
    return std::chrono::nanoseconds(elapsed > 0 ? elapsed : 0);
  }

  /// Whether the value is not older than the schema's `max_age`; true if it names none.
  [[nodiscard]] bool fresh() const noexcept {
    return max_age == std::chrono::nanoseconds::zero() || age() <= max_age;
  }
};

/// Identity of a publish whose segment carries no stamps (`stamp: none`).
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

/// Becomes a T by default initialization, in the very place that it initializes.
template <class T>
struct DefaultInitialized {
  operator T() const noexcept {
    T made;
    return made;
  }
};

/// Becomes a Sample or an Item that has no value yet. A container that makes one by itself fills
/// it with zeros first, and for more than 64 bytes compilers do that with an instruction that
/// takes longer than the whole read.
template <class Holder>
struct WithoutValue {
  operator Holder() const noexcept {
    return {.value = DefaultInitialized<decltype(Holder::value)>()};
  }
};

}  // namespace detail

/// A value together with the number and the time of the publish that it comes from.
template <class T>
struct Sample {
  T value;
  std::uint64_t sequence = 0;  ///< number of the publish, from 1
  std::uint64_t stamp_ns = 0;  ///< CLOCK_MONOTONIC nanoseconds; zero with `stamp: none`

  /// Time since the publish; does not exist with `stamp: none`.
  [[nodiscard]] std::chrono::nanoseconds age() const noexcept requires(detail::is_stamped<T>()) {
    return info().age();
  }

  /// Whether the value is not older than `max_age`; does not exist with `stamp: none`.
  [[nodiscard]] bool fresh() const noexcept requires(detail::is_stamped<T>()) {
    return info().fresh();
  }

 private:
  [[nodiscard]] SampleInfo info() const noexcept {
    return {.sequence = sequence, .stamp_ns = stamp_ns, .max_age = detail::max_age_of<T>()};
  }
};

}  // namespace evo
