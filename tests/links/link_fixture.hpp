// SPDX-License-Identifier: Apache-2.0
/// A domain with one link. Time limits only end tests that would otherwise hang; none decides a
/// result.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "evo/links/link_listener.hpp"
#include "temporary_domain.hpp"

namespace evo::links::test {

using namespace std::chrono_literals;

class LinkTest : public testing::Test {
 protected:
  static constexpr std::chrono::seconds kLong{60};

  [[nodiscard]] static LinkDescription link(std::uint32_t clients = 4, std::uint32_t warm = 2) {
    return {.name = "probe",
            .owner = "server",
            .max_clients = clients,
            .warm_clients = warm,
            .ring = 4096,
            .max_message = 100'000};
  }
  [[nodiscard]] LinkListener listener(const LinkDescription& description = link()) const {
    return LinkListener::create(description, {.domain = domain()}).value();
  }
  [[nodiscard]] LinkConnection client(bool one_way = false) const {
    return LinkConnection::connect(link(), {.domain = domain(), .wait = kLong, .one_way = one_way})
        .value();
  }
  [[nodiscard]] Domain domain() const { return directory_.domain(); }

  [[nodiscard]] static std::vector<std::byte> bytes(std::size_t count, unsigned seed = 1) {
    std::vector<std::byte> all(count);
    for (std::size_t i = 0; i < count; ++i) all[i] = static_cast<std::byte>(i * 7 + seed);
    return all;
  }
  static void send(LinkConnection& from, std::uint64_t id, std::span<const std::byte> payload) {
    ASSERT_TRUE(from.send({.id = id, .type = 3, .payload = payload}, kLong));
  }
  static void expect(LinkConnection& at, std::uint64_t id, std::span<const std::byte> payload) {
    const auto message = at.receive(kLong);
    ASSERT_TRUE(message) << to_string(message.error());
    EXPECT_EQ(message->id, id);
    EXPECT_EQ(message->type, 3);
    EXPECT_TRUE(std::ranges::equal(message->payload, payload));
  }

  evo::test::TemporaryDomain directory_;
};

}  // namespace evo::links::test
