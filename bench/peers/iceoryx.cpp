// SPDX-License-Identifier: Apache-2.0
/// iceoryx, with a daemon of its own for each link. No value is dropped: the publisher waits.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iceoryx_hoofs/log/logmanager.hpp>
#include <iceoryx_posh/popo/untyped_publisher.hpp>
#include <iceoryx_posh/popo/untyped_subscriber.hpp>
#include <iceoryx_posh/runtime/posh_runtime.hpp>
#include <iceoryx_versions.hpp>
#include <optional>
#include <stdexcept>
#include <thread>

#include "peers/peer.hpp"

namespace evo::bench {

namespace {

/// iceoryx chooses the names of its shared memory, so a machine can have only one daemon.
class Daemon {
 public:
  explicit Daemon(const std::string& directory) {
    const std::string config = directory + "/roudi.toml";
    // Values and their headers; only as much memory as the links need.
    std::ofstream(config) << "[general]\nversion = 1\n[[segment]]\n"
                             "[[segment.mempool]]\nsize = 192\ncount = 1024\n"
                             "[[segment.mempool]]\nsize = 1152\ncount = 1024\n"
                             "[[segment.mempool]]\nsize = 4224\ncount = 1024\n"
                             "[[segment.mempool]]\nsize = 65664\ncount = 64\n"
                             "[[segment.mempool]]\nsize = 1048704\ncount = 16\n";
    std::fflush(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (std::freopen("/dev/null", "w", stdout) == nullptr ||
        std::freopen("/dev/null", "w", stderr) == nullptr) {
      ::_exit(1);
    }
    ::execlp("iox-roudi", "iox-roudi", "-m", "off", "-l", "off", "-c", config.c_str(), nullptr);
    ::_exit(127);
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_;
};

void start_runtime(const std::string& prefix) {
  iox::log::LogManager::GetLogManager().SetDefaultLogLevel(iox::log::LogLevel::kOff,
                                                           iox::log::LogLevelOutput::kHideLogLevel);
  const std::string name = prefix + "-" + std::to_string(::getpid());
  iox::runtime::PoshRuntime::initRuntime(
      iox::RuntimeName_t(iox::cxx::TruncateToCapacity, name.c_str()));
}

class IceoryxSender : public Sender {
 public:
  explicit IceoryxSender(const iox::capro::ServiceDescription& service)
      : publisher_(service, options()) {}

  void send(std::span<const std::byte> value) override {
    publisher_.loan(static_cast<std::uint32_t>(value.size()))
        .and_then([&](void* chunk) {
          std::memcpy(chunk, value.data(), value.size());
          publisher_.publish(chunk);
        })
        .or_else([](auto& /*error*/) { throw std::runtime_error("iceoryx gave no chunk"); });
  }

 private:
  static iox::popo::PublisherOptions options() {
    iox::popo::PublisherOptions options;
    options.subscriberTooSlowPolicy = iox::popo::ConsumerTooSlowPolicy::WAIT_FOR_CONSUMER;
    return options;
  }

  iox::popo::UntypedPublisher publisher_;
};

class IceoryxReceiver : public Receiver {
 public:
  IceoryxReceiver(const iox::capro::ServiceDescription& service, std::size_t bytes)
      : subscriber_(service, options(bytes)) {
    while (subscriber_.getSubscriptionState() != iox::SubscribeState::SUBSCRIBED) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  bool try_receive(std::span<std::byte> value) override {
    bool received = false;
    subscriber_.take().and_then([&](const void* chunk) {
      std::memcpy(value.data(), chunk, value.size());
      subscriber_.release(chunk);
      received = true;
    });
    return received;
  }

 private:
  static iox::popo::SubscriberOptions options(std::size_t bytes) {
    iox::popo::SubscriberOptions options;
    options.queueFullPolicy = iox::popo::QueueFullPolicy::BLOCK_PRODUCER;
    // The maximum that it allows, but not more than the number of chunks.
    options.queueCapacity = bytes <= 4096 ? 256 : 8;
    return options;
  }

  iox::popo::UntypedSubscriber subscriber_;
};

class IceoryxLink : public Link {
 public:
  explicit IceoryxLink(const LinkOptions& options)
      : bytes_(options.bytes),
        service_("evo", "bench",
                 iox::capro::IdString_t(iox::cxx::TruncateToCapacity,
                                        directory_.unique_name().c_str())) {
    running_ = daemon().lock();
    if (!running_) running_ = std::make_shared<Daemon>(directory_.path());
    daemon() = running_;
  }

  std::unique_ptr<Sender> open_sender() override {
    start_runtime(directory_.unique_name());
    return std::make_unique<IceoryxSender>(service_);
  }
  std::unique_ptr<Receiver> open_receiver(std::uint32_t /*index*/) override {
    start_runtime(directory_.unique_name());
    return std::make_unique<IceoryxReceiver>(service_, bytes_);
  }

 private:
  /// Shared if two links exist at the same time.
  static std::weak_ptr<Daemon>& daemon() {
    static std::weak_ptr<Daemon> running;
    return running;
  }

  LinkDirectory directory_;
  std::shared_ptr<Daemon> running_;
  std::size_t bytes_;
  iox::capro::ServiceDescription service_;
};

}  // namespace

Peer iceoryx_peer() {
  return {
      .name = "iceoryx " ICEORYX_LATEST_RELEASE_VERSION,
      .make = [](const LinkOptions& options) { return std::make_unique<IceoryxLink>(options); }};
}

}  // namespace evo::bench
