// SPDX-License-Identifier: Apache-2.0
/// A hook before each access to shared memory on the data path, so that tests drive interleavings
/// step by step. It exists only in builds with EVO_STEP_HOOK.
#pragma once

#include <cstddef>
#include <cstdint>

/// Provided by the thread sanitizer, see its tsan_interface_ann.cpp.
extern "C" void AnnotateBenignRaceSized(const char* file, int line, const volatile void* memory,
                                        unsigned long size, const char* text);

namespace evo::detail {

/// The next access.
enum class Step : std::uint8_t {
  WriterMarkOdd,
  WriterCopyWord,
  WriterStamp,
  WriterComplete,
  WriterPublish,
  WriterLoadCursor,
  ReaderLoadHeader,
  ReaderLoadVersion,
  ReaderCopyWord,
  ReaderConfirm,
  ReaderStoreCursor,
};

#ifdef EVO_STEP_HOOK
inline thread_local void (*step_hook)(Step) = nullptr;
inline void step(Step next) {
  if (step_hook != nullptr) step_hook(next);
}
#else
inline void step(Step) noexcept {}
#endif

#if defined(__SANITIZE_THREAD__)
inline constexpr bool kThreadSanitizer = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
inline constexpr bool kThreadSanitizer = true;
#else
inline constexpr bool kThreadSanitizer = false;
#endif
#else
inline constexpr bool kThreadSanitizer = false;
#endif

// Copies use relaxed words only: the model build needs a step per word, and the thread sanitizer
// would report a data race in a plain copy that the slot version discards.
#if defined(EVO_STEP_HOOK) || defined(EVO_MODEL)
inline constexpr bool kWordwiseCopy = true;
#else
inline constexpr bool kWordwiseCopy = kThreadSanitizer;
#endif

/// Keeps the thread sanitizer from reporting races on these bytes. Does nothing in other builds.
template <bool kReports = kThreadSanitizer>
void expect_races([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t size) noexcept {
  if constexpr (kReports) {
    AnnotateBenignRaceSized(__FILE__, __LINE__, memory, size, "a slot that is being filled");
  }
}

}  // namespace evo::detail
