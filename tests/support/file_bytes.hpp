// SPDX-License-Identifier: Apache-2.0
/// Reads and writes the bytes of a file without the knowledge of the processes that map it.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace evo::test {

/// All bytes of a file.
inline std::vector<std::byte> read_bytes(const std::filesystem::path& path) {
  std::vector<std::byte> bytes(std::filesystem::file_size(path));
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const ssize_t count = ::pread(fd, bytes.data(), bytes.size(), 0);
  ::close(fd);
  if (count != static_cast<ssize_t>(bytes.size())) throw std::runtime_error("cannot read a file");
  return bytes;
}

/// Overwrites bytes in place; processes that map the file see them immediately.
inline void poke_bytes(const std::filesystem::path& path, std::size_t offset,
                       std::span<const std::byte> bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  const ssize_t count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
  ::close(fd);
  if (count != static_cast<ssize_t>(bytes.size())) throw std::runtime_error("cannot write a file");
}

template <class T>
void poke(const std::filesystem::path& path, std::size_t offset, const T& value) {
  poke_bytes(path, offset, std::as_bytes(std::span(&value, 1)));
}

template <class T>
T peek(std::span<const std::byte> bytes, std::size_t offset) {
  if (offset + sizeof(T) > bytes.size()) throw std::runtime_error("peek beyond the end");
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

template <class T>
T peek(const std::filesystem::path& path, std::size_t offset) {
  return peek<T>(read_bytes(path), offset);
}

inline ino_t inode_of(const std::filesystem::path& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

inline mode_t mode_of(const std::filesystem::path& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
}

}  // namespace evo::test
