// SPDX-License-Identifier: Apache-2.0
/// A client's end of a connection: an entry of the link's reader table, and the rings that belong
/// to it.
#pragma once

#include <memory>

#include "attachment/reader_attachment.hpp"
#include "connection.hpp"

namespace evo::links {

class ClientConnection final : public Connection {
 public:
  static Result<std::unique_ptr<ClientConnection>> make(const LinkDescription& link,
                                                        const ConnectOptions& options);
  explicit ClientConnection(std::unique_ptr<detail::ReaderAttachment> attachment);
  ~ClientConnection() override;

 private:
  /// One of them; after NotReady, another one may succeed.
  static Result<std::unique_ptr<ClientConnection>> attempt(const ChannelDescription& channel,
                                                           const ConnectOptions& options,
                                                           std::uint64_t begin_ns);
  Result<void> map_parts();
  /// Takes the place of the client before, and waits until the server is ready for this one.
  Result<void> open(std::uint64_t until_ns, bool one_way);
  Result<void> start();

  void notify() noexcept override;
  void sleep(std::uint64_t until_ns) noexcept override;
  std::optional<LinkError> find_end() noexcept override;
  bool is_final() noexcept override;
  void close() noexcept override;

  [[nodiscard]] ClientPage& own() const noexcept {
    return *reinterpret_cast<ClientPage*>(mine_.head());
  }
  [[nodiscard]] const ServerPage& server() const noexcept {
    return *reinterpret_cast<const ServerPage*>(theirs_.head());
  }
  [[nodiscard]] const LinkBoard& board() const noexcept;

  std::unique_ptr<detail::ReaderAttachment> attachment_;
  MirroredMapping bells_;
  MirroredMapping mine_;
  MirroredMapping theirs_;
  Doorbell bell_;
  std::uint64_t number_ = 0;
};

}  // namespace evo::links
