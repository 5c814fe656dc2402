// SPDX-License-Identifier: Apache-2.0
/// A server's end of all connections of a link.
///
/// I1: one thread, that of the server or listener, calls attend(), sweep() and the keeper. A
///     connection may be used and released by another one.
/// I2: what belongs to a connection is used by that thread while `use` is Free or Ending, and by
///     the connection's owner while it is Served.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "attachment/writer_attachment.hpp"
#include "evo/links/description.hpp"
#include "evo/links/link_error.hpp"
#include "evo/links/link_file.hpp"
#include "evo/options.hpp"
#include "mirrored_mapping.hpp"

namespace evo::links {

class ServerSide {
 public:
  enum class Use : std::uint8_t {
    Free,
    Served,
    Ending,  ///< the server has ended it, and waits until its client has gone
  };

  /// One connection.
  struct Place {
    std::atomic<Use> use{Use::Free};
    MirroredMapping theirs;                   ///< the client's part
    MirroredMapping mine;                     ///< the server's part
    std::uint64_t number = 0;                 ///< of the client that is served, or was served last
    std::uint64_t ready = 0;                  ///< the value in the server's page
    SendOrder send_order = SendOrder::Fence;  ///< of the client that is served

    [[nodiscard]] bool is_mapped() const noexcept { return mine.head() != nullptr; }
    [[nodiscard]] ServerPage& own() const noexcept {
      return *reinterpret_cast<ServerPage*>(mine.head());
    }
    [[nodiscard]] const ClientPage& client() const noexcept {
      return *reinterpret_cast<const ClientPage*>(theirs.head());
    }
  };

  static Result<std::shared_ptr<ServerSide>> create(const LinkDescription& link,
                                                    const WriterOptions& options);
  explicit ServerSide(std::unique_ptr<detail::WriterAttachment> attachment);

  [[nodiscard]] const DoorKeeper& keeper() const noexcept { return keeper_; }
  [[nodiscard]] std::uint32_t connections() const noexcept { return layout().geometry.count; }
  [[nodiscard]] Place& place(std::uint32_t index) noexcept { return places_[index]; }
  [[nodiscard]] const SegmentLayout& layout() const noexcept { return attachment_->layout(); }
  [[nodiscard]] std::uint64_t max_message() const noexcept { return max_message_; }
  /// The two rings of a connection that has just become Served.
  [[nodiscard]] FrameSender sender(std::uint32_t index) const noexcept;
  [[nodiscard]] FrameReceiver receiver(std::uint32_t index) const noexcept;
  /// Whether an administrator has fenced this server off, or a successor has taken over.
  [[nodiscard]] bool is_fenced() const noexcept;

  /// To be called when a client has rung. True if a new client is there: its connection is Served
  /// from now on, and its rings are empty.
  bool attend(std::uint32_t index);
  /// Attends to the next connections, so that each one has its turn once per kLongestSilenceNs.
  /// Calls `attend(index)` for each.
  template <class Attend>
  void sweep(std::uint64_t now_ns, Attend&& attend);

  /// Whether the client of a connection has gone, and how. With `asks_kernel`, a system call that
  /// takes longer the more clients there are.
  [[nodiscard]] std::optional<LinkError> find_end(std::uint32_t index,
                                                  bool asks_kernel = true) const noexcept;
  [[nodiscard]] std::uint32_t pid_of(std::uint32_t index) const noexcept;
  /// Whether the client's PID seems to be one of this PID namespace: the process has its name.
  [[nodiscard]] bool shares_pids(std::uint32_t index) const;

  /// Tells the client that its connection has ended.
  void tell_end(std::uint32_t index) noexcept;
  /// Ends a connection that is Served. Another client can use it once this one has gone.
  void release(std::uint32_t index) noexcept;
  /// Makes the server's thread look at the connection.
  void ring(std::uint32_t index) noexcept;
  /// Wakes the server's thread. For any thread, and signal handlers.
  void call() noexcept;

 private:
  [[nodiscard]] Checksum checksum() const noexcept {
    return layout().geometry.checksummed ? Checksum::Crc32c : Checksum::None;
  }
  /// Whether a client holds the lock of this connection's entry.
  [[nodiscard]] bool is_alive(std::uint32_t index) const noexcept;
  Result<void> map_bells();
  Result<void> prepare(std::uint32_t index, bool loads_pages);
  /// Takes memory for a connection that has none.
  [[nodiscard]] Result<void> allocate(std::uint32_t index) const;
  /// Says that the rings are empty for the client with this number.
  void make_ready(std::uint32_t index, std::uint64_t number);
  void empty_rings(std::uint32_t index);
  [[nodiscard]] Bells& bells() const noexcept { return *reinterpret_cast<Bells*>(bells_.head()); }
  [[nodiscard]] LinkBoard& board() const noexcept {
    return *reinterpret_cast<LinkBoard*>(board_.head());
  }
  [[nodiscard]] bool is_warm(std::uint32_t index) const noexcept { return index < warm_; }

  std::unique_ptr<detail::WriterAttachment> attachment_;
  MirroredMapping board_;
  MirroredMapping bells_;
  std::vector<Place> places_;
  DoorKeeper keeper_;
  std::uint32_t warm_ = 0;
  std::uint64_t max_message_ = 0;
  std::uint32_t next_swept_ = 0;
  std::uint64_t swept_ns_ = 0;
};

template <class Attend>
void ServerSide::sweep(std::uint64_t now_ns, Attend&& attend) {
  const std::uint64_t count = connections();
  std::uint64_t due = (now_ns - swept_ns_) * count / kLongestSilenceNs;
  if (due == 0) return;
  swept_ns_ = now_ns;
  for (due = std::min(due, count); due != 0; --due) {
    if (++next_swept_ >= count) next_swept_ = 0;
    attend(next_swept_);
  }
}

}  // namespace evo::links
