// SPDX-License-Identifier: Apache-2.0
// Serves a link, and calls it.
#include <fmt/core.h>

#include <cstdlib>
#include <evo/format.hpp>
#include <press.evo.hpp>
#include <thread>

using namespace std::chrono_literals;

class Motor : public press::PressService {
  evo::Status press(const press::Depth& request, press::PressReplyT& reply) override {
    if (request.value > 10) return {evo::StatusCode::OutOfRange, "too deep"};
    reply.force = 2 * request.value;
    return {};
  }
};

int serve_and_call() {
  Motor motor;
  auto server = press::PressServer::create(motor).value();
  std::jthread thread([&] {
    while (!server.stopped()) server.serve(1s);
  });
  auto client = press::PressClient::connect({.wait = 20s}).value();
  const auto reply = client.press({1.5F});
  const auto refused = client.press({11.0F});
  server.stop();
  const bool right = reply && (*reply)->force() == 3 && !refused;
  fmt::print("{}\n", right ? refused.error().message : "wrong");
  return right ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main() {
  return serve_and_call();
}
