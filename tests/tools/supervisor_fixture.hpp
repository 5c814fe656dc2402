// SPDX-License-Identifier: Apache-2.0
/// A running evo-shm supervise, its events, and segments for it to supervise.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "program.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::test {

class Supervise : public testing::Test {
 protected:
  using json = nlohmann::json;

  [[nodiscard]] std::vector<std::string> arguments(std::vector<std::string> more) const {
    more.insert(more.begin(), {"supervise", "--domain", directory_.path().string()});
    return more;
  }
  /// `in_child` runs in the supervisor's process before its program starts.
  std::unique_ptr<Program> start(std::vector<std::string> more = {},
                                 const std::function<void()>& in_child = {}) const {
    more.insert(more.end(), {"--log-format", "json"});
    auto program = std::make_unique<Program>(EVO_SHM, arguments(std::move(more)), in_child);
    EXPECT_TRUE(await(*program, "started"));
    return program;
  }
  /// The next line that reports this event, for this segment if one is named.
  static std::optional<json> await(Program& program, const std::string& event,
                                   const std::string& segment = "") {
    while (const auto line = program.next_line()) {
      json said = json::parse(*line, nullptr, false);
      if (said.is_discarded()) {
        ADD_FAILURE() << "not JSON: " << *line;
        return std::nullopt;
      }
      if (said["event"] == event && (segment.empty() || said["segment"] == segment)) return said;
    }
    ADD_FAILURE() << "no event " << event;
    return std::nullopt;
  }
  /// Ends the supervisor. Returns the events that were not awaited.
  static std::vector<json> end_and_read(Program& program) {
    ::kill(program.pid(), SIGTERM);
    std::string text;
    EXPECT_EQ(program.join(&text), 0);
    return events_in(text);
  }
  static std::vector<json> events_in(const std::string& text) {
    std::vector<json> events;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      json event = json::parse(line, nullptr, false);
      EXPECT_FALSE(event.is_discarded()) << "not JSON: " << line;
      if (!event.is_discarded()) events.push_back(std::move(event));
    }
    return events;
  }
  [[nodiscard]] Result<RawStateWriter> create(std::string_view name = "probe") const {
    return RawStateWriter::create(raw_channel(name, 8), {.domain = directory_.domain()});
  }
  /// A process that writes this segment until it is killed.
  [[nodiscard]] std::unique_ptr<Child> start_writer(const std::string& name = "probe",
                                                    std::size_t size = 8) const {
    Pipe ready;
    auto writer = std::make_unique<Child>([&]() -> std::string {
      const auto own =
          RawStateWriter::create(raw_channel(name, size), {.domain = directory_.domain()});
      if (!own) return message_of(own);
      ready.write("x");
      ::pause();
      return {};
    });
    ready.close_writing();  // the child then holds the last open end
    if (!ready.await_byte()) throw std::runtime_error(writer->join().text);
    return writer;
  }

  TemporaryDomain directory_;
};

}  // namespace evo::test
