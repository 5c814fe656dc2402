/// A hook before each access to shared memory on the data path, so that tests
/// drive interleavings one by one. It exists only in builds with EVO_STEP_HOOK.
#pragma once

#include <cstdint>

namespace evo::detail {

/// The access that comes next.
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

// Copies by relaxed words only: the model build needs a step per word, and the
// sanitizers would see a data race in a plain copy that the slot version discards.
#if defined(EVO_STEP_HOOK) || defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr bool kWordwiseCopy = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
inline constexpr bool kWordwiseCopy = true;
#else
inline constexpr bool kWordwiseCopy = false;
#endif
#else
inline constexpr bool kWordwiseCopy = false;
#endif

}  // namespace evo::detail
