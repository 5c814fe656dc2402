// SPDX-License-Identifier: Apache-2.0
/// Boost.Interprocess: its message queue, and a struct guarded by its mutex.
#include <boost/interprocess/ipc/message_queue.hpp>
#include <boost/interprocess/managed_shared_memory.hpp>
#include <boost/interprocess/sync/interprocess_mutex.hpp>
#include <boost/interprocess/sync/scoped_lock.hpp>
#include <boost/version.hpp>
#include <cstring>
#include <optional>
#include <string>

#include "peers/peer.hpp"

namespace evo::bench {

namespace {

namespace ipc = boost::interprocess;

/// A message goes to one receiver, so each receiver has a queue.
class QueueLink : public Link {
 public:
  explicit QueueLink(const LinkOptions& options) {
    for (std::uint32_t i = 0; i < options.receivers; ++i) {
      names_.push_back(directory_.unique_name() + "-" + std::to_string(i));
      ipc::message_queue(ipc::create_only, names_.back().c_str(), kMessages, options.bytes);
    }
  }
  ~QueueLink() override {
    for (const std::string& name : names_) ipc::message_queue::remove(name.c_str());
  }

  std::unique_ptr<Sender> open_sender() override { return std::make_unique<QueueSender>(names_); }
  std::unique_ptr<Receiver> open_receiver(std::uint32_t index) override {
    return std::make_unique<QueueReceiver>(names_.at(index));
  }

 private:
  static constexpr std::size_t kMessages = 256;

  class QueueSender : public Sender {
   public:
    explicit QueueSender(const std::vector<std::string>& names) {
      for (const std::string& name : names) {
        queues_.push_back(std::make_unique<ipc::message_queue>(ipc::open_only, name.c_str()));
      }
    }
    void send(std::span<const std::byte> value) override {
      for (auto& queue : queues_) queue->send(value.data(), value.size(), 0);
    }

   private:
    std::vector<std::unique_ptr<ipc::message_queue>> queues_;
  };

  class QueueReceiver : public Receiver {
   public:
    explicit QueueReceiver(const std::string& name) : queue_(ipc::open_only, name.c_str()) {}
    bool try_receive(std::span<std::byte> value) override {
      return queue_.try_receive(value.data(), value.size(), size_, priority_);
    }
    void receive(std::span<std::byte> value) override {
      queue_.receive(value.data(), value.size(), size_, priority_);
    }

   private:
    ipc::message_queue queue_;
    ipc::message_queue::size_type size_ = 0;
    unsigned priority_ = 0;
  };

  LinkDirectory directory_;
  std::vector<std::string> names_;
};

/// The usual first implementation.
struct Guarded {
  ipc::interprocess_mutex mutex;
  std::uint64_t number = 0;
  std::byte* value() { return reinterpret_cast<std::byte*>(this + 1); }
};

class MutexLink : public Link {
 public:
  explicit MutexLink(const LinkOptions& options)
      : memory_(ipc::create_only, directory_.unique_name().c_str(), ipc::read_write),
        size_(sizeof(Guarded) + options.bytes) {
    memory_.truncate(static_cast<ipc::offset_t>(size_));
    region_ = ipc::mapped_region(memory_, ipc::read_write);
    new (region_.get_address()) Guarded;
  }
  ~MutexLink() override { ipc::shared_memory_object::remove(directory_.unique_name().c_str()); }

  std::unique_ptr<Sender> open_sender() override {
    return std::make_unique<MutexSender>(guarded());
  }
  std::unique_ptr<Receiver> open_receiver(std::uint32_t /*index*/) override {
    return std::make_unique<MutexReceiver>(guarded());
  }

 private:
  class MutexSender : public Sender {
   public:
    explicit MutexSender(Guarded& guarded) : guarded_(guarded) {}
    void send(std::span<const std::byte> value) override {
      const ipc::scoped_lock lock(guarded_.mutex);
      std::memcpy(guarded_.value(), value.data(), value.size());
      ++guarded_.number;
    }

   private:
    Guarded& guarded_;
  };

  class MutexReceiver : public Receiver {
   public:
    explicit MutexReceiver(Guarded& guarded) : guarded_(guarded) {}
    bool try_receive(std::span<std::byte> value) override {
      const ipc::scoped_lock lock(guarded_.mutex);
      if (guarded_.number == seen_) return false;
      seen_ = guarded_.number;
      std::memcpy(value.data(), guarded_.value(), value.size());
      return true;
    }

   private:
    Guarded& guarded_;
    std::uint64_t seen_ = 0;
  };

  [[nodiscard]] Guarded& guarded() const { return *static_cast<Guarded*>(region_.get_address()); }

  LinkDirectory directory_;
  ipc::shared_memory_object memory_;
  std::size_t size_;
  ipc::mapped_region region_;
};

const std::string kBoost = "Boost " + std::to_string(BOOST_VERSION / 100000) + "." +
                           std::to_string(BOOST_VERSION / 100 % 1000);

}  // namespace

Peer boost_queue_peer() {
  return {.name = kBoost + " message_queue",
          .blocks = true,
          .make = [](const LinkOptions& options) { return std::make_unique<QueueLink>(options); }};
}

Peer boost_mutex_peer() {
  return {.name = "struct, " + kBoost + " mutex",
          .every_value = false,
          .make = [](const LinkOptions& options) { return std::make_unique<MutexLink>(options); }};
}

}  // namespace evo::bench
