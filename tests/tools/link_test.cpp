// SPDX-License-Identifier: Apache-2.0
/// evo-shm shows links as segments, and says that they have no values.
#include <string>

#include "evo/links/link_listener.hpp"
#include "program.hpp"
#include "segments.hpp"
#include "tool.hpp"

namespace evo::test {
namespace {

class LinkOfATool : public ToolTest {
 protected:
  [[nodiscard]] static LinkDescription link() {
    return {.name = "probe", .owner = "server", .max_clients = 4, .warm_clients = 1, .ring = 4096};
  }
};

TEST_F(LinkOfATool, IsListedAndInspected) {
  const auto server = LinkListener::create(link(), {.domain = domain()});
  ASSERT_TRUE(server) << server.error().message;
  const auto client = LinkConnection::connect(link(), {.domain = domain()});
  ASSERT_TRUE(client) << client.error().message;

  const ToolAnswer list = run({"list"});
  EXPECT_EQ(list.code, 0) << list.err;
  EXPECT_NE(list.out.find("probe  link  alive"), std::string::npos) << list.out;
  const ToolAnswer inspected = run({"inspect", "probe"});
  EXPECT_EQ(inspected.code, 0) << inspected.err;
  EXPECT_NE(inspected.out.find("readers      1 of 4"), std::string::npos) << inspected.out;
  EXPECT_NE(inspected.out.find("link with 4 connections, each with two rings of 4 KiB"),
            std::string::npos)
      << inspected.out;
  EXPECT_EQ(run({"validate"}).code, 0);

  const ToolAnswer watched = run({"watch", "probe", "--count", "1"});
  EXPECT_NE(watched.code, 0);
  EXPECT_NE(watched.err.find("is a link, which has no values"), std::string::npos) << watched.err;
}

TEST_F(LinkOfATool, IsCleanedUpAfterItsServer) {
  in_child([&]() -> std::string {
    const auto server = LinkListener::create(link(), {.domain = domain()});
    die();
  });
  const ToolAnswer cleaned = run({"cleanup", "--grace", "0s"});
  EXPECT_EQ(cleaned.code, 0) << cleaned.err;
  EXPECT_NE(cleaned.out.find("probe"), std::string::npos) << cleaned.out;
  EXPECT_EQ(run({"list"}).out.find("probe"), std::string::npos);
}

}  // namespace
}  // namespace evo::test
