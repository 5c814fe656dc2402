/// Open-file-description locks: they belong to the open file, end with it at once,
/// whoever dies and however, and mean the same in every PID namespace.
#pragma once

#include <cstdint>

#include "evo/error.hpp"

namespace evo::detail {

/// Tries to take the write lock on one byte; false if somebody else holds it.
Result<bool> try_lock(int fd, std::uint64_t byte);

void unlock(int fd, std::uint64_t byte) noexcept;
/// Frees every lock of this open file.
void unlock_all(int fd) noexcept;

/// Whether somebody else holds a lock in [byte, byte + count). No side effects.
bool is_locked(int fd, std::uint64_t byte, std::uint64_t count = 1) noexcept;

}  // namespace evo::detail
