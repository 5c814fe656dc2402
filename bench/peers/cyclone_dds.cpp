// SPDX-License-Identifier: Apache-2.0
/// Cyclone DDS over loopback: reliable, every value is kept until it is taken.
#include <dds/dds.h>
#include <dds/version.h>

#include <array>
#include <chrono>
#include <map>
#include <stdexcept>
#include <thread>

#include "message.h"
#include "peers/peer.hpp"

namespace evo::bench {

namespace {

const dds_topic_descriptor_t* descriptor_of(std::size_t bytes) {
  static const std::map<std::size_t, const dds_topic_descriptor_t*> descriptors = {
      {56, &evo_bench_Message56_desc},       {64, &evo_bench_Message64_desc},
      {1024, &evo_bench_Message1024_desc},   {4096, &evo_bench_Message4096_desc},
      {65536, &evo_bench_Message65536_desc}, {1048576, &evo_bench_Message1048576_desc}};
  const auto found = descriptors.find(bytes);
  if (found == descriptors.end()) throw std::runtime_error("no topic type of that size");
  return found->second;
}

dds_entity_t checked(dds_entity_t entity) {
  if (entity < 0) throw std::runtime_error(dds_strretcode(-entity));
  return entity;
}

/// Participant, topic and quality of service, for one process.
class Participant {
 public:
  Participant(const std::string& topic, std::size_t bytes)
      : participant_(checked(dds_create_participant(DDS_DOMAIN_DEFAULT, nullptr, nullptr))),
        topic_(checked(
            dds_create_topic(participant_, descriptor_of(bytes), topic.c_str(), nullptr, nullptr))),
        qos_(dds_create_qos()) {
    dds_qset_reliability(qos_, DDS_RELIABILITY_RELIABLE, DDS_SECS(20));
    dds_qset_history(qos_, DDS_HISTORY_KEEP_ALL, 0);
    dds_qset_resource_limits(qos_, kMessages, DDS_LENGTH_UNLIMITED, DDS_LENGTH_UNLIMITED);
  }
  Participant(const Participant&) = delete;
  Participant& operator=(const Participant&) = delete;
  ~Participant() {
    dds_delete_qos(qos_);
    dds_delete(participant_);
  }

  [[nodiscard]] dds_entity_t create_writer() const {
    return checked(dds_create_writer(participant_, topic_, qos_, nullptr));
  }
  [[nodiscard]] dds_entity_t create_reader() const {
    return checked(dds_create_reader(participant_, topic_, qos_, nullptr));
  }

 private:
  static constexpr std::int32_t kMessages = 1024;

  dds_entity_t participant_;
  dds_entity_t topic_;
  dds_qos_t* qos_;
};

class CycloneSender : public Sender {
 public:
  CycloneSender(const std::string& topic, const LinkOptions& options)
      : participant_(topic, options.bytes),
        writer_(participant_.create_writer()),
        receivers_(options.receivers) {}

  void send(std::span<const std::byte> value) override {
    if (!matched_) wait_for_receivers();
    const dds_return_t result = dds_write(writer_, value.data());
    if (result < 0) throw std::runtime_error(dds_strretcode(-result));
  }

 private:
  void wait_for_receivers() {
    dds_publication_matched_status_t status{};
    while (status.current_count < receivers_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      dds_get_publication_matched_status(writer_, &status);
    }
    matched_ = true;
  }

  Participant participant_;
  dds_entity_t writer_;
  std::uint32_t receivers_;
  bool matched_ = false;
};

class CycloneReceiver : public Receiver {
 public:
  CycloneReceiver(const std::string& topic, const LinkOptions& options)
      : participant_(topic, options.bytes), reader_(participant_.create_reader()) {
    dds_subscription_matched_status_t status{};
    while (status.current_count == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      dds_get_subscription_matched_status(reader_, &status);
    }
  }

  bool try_receive(std::span<std::byte> value) override {
    std::array<void*, 1> sample{value.data()};
    dds_sample_info_t info;
    const dds_return_t count = dds_take(reader_, sample.data(), &info, 1, 1);
    if (count < 0) throw std::runtime_error(dds_strretcode(-count));
    return count == 1 && info.valid_data;
  }

 private:
  Participant participant_;
  dds_entity_t reader_;
};

class CycloneLink : public Link {
 public:
  explicit CycloneLink(const LinkOptions& options)
      : options_(options), topic_(directory_.unique_name()) {
    // Topic names have no hyphens.
    for (char& letter : topic_) letter = letter == '-' ? '_' : letter;
  }
  std::unique_ptr<Sender> open_sender() override {
    return std::make_unique<CycloneSender>(topic_, options_);
  }
  std::unique_ptr<Receiver> open_receiver(std::uint32_t /*index*/) override {
    return std::make_unique<CycloneReceiver>(topic_, options_);
  }

 private:
  LinkDirectory directory_;
  LinkOptions options_;
  std::string topic_;
};

}  // namespace

Peer cyclone_dds_peer() {
  return {.name = "Cyclone DDS " DDS_VERSION, .make = [](const LinkOptions& options) {
            return std::make_unique<CycloneLink>(options);
          }};
}

}  // namespace evo::bench
