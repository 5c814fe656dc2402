/// evo-shm snapshot: out of a domain, into a file, and back.

#include <sys/stat.h>
#include <alarm.evo.hpp>
#include <gantry.evo.hpp>
#include <nlohmann/json.hpp>

#include "evo/segment_info.hpp"
#include "repair/snapshot.hpp"
#include "segments.hpp"
#include "text/base64.hpp"
#include "tool.hpp"

namespace evo::test {
namespace {

using gantry::Gantry;
using gantry::GantryReader;
using gantry::GantryWriter;

TEST(Base64, GoesBothWaysAndTakesNothingElse) {
  using tools::base64;
  using tools::from_base64;
  std::vector<std::uint8_t> bytes;
  for (const char* text : {"", "AA==", "AAE=", "AAEC", "AAECAw=="}) {
    EXPECT_EQ(base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
    bytes.push_back(static_cast<std::uint8_t>(bytes.size()));
  }
  for (const char* text : {"A", "A===", "AB==", "AA=A", "AA==AAAA", "A A=", "****"}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
}

class Snapshot : public ToolTest {
 protected:
  [[nodiscard]] std::string file() const { return (directory_.path() / "saved.json").string(); }
  [[nodiscard]] nlohmann::ordered_json document() const {
    std::ifstream stream(file());
    return nlohmann::ordered_json::parse(stream);
  }
  void write_gantry() {
    auto writer = GantryWriter::create({.domain = domain()}).value();
    writer.write({.cycle = 7, .offset = -3});
    EXPECT_EQ(run({"snapshot", "save", file()}).code, 0);
  }
};

TEST_F(Snapshot, KeepsAStateWithItsProperties) {
  SegmentLayout layout;
  {
    auto writer = GantryWriter::create({.domain = domain()}).value();
    writer.write({.cycle = 7, .offset = -3});
    layout = inspect_segment(domain(), "gantry").value().layout;
    const ToolAnswer saved = run({"snapshot", "save", file()});
    EXPECT_EQ(saved.code, 0) << saved.err;
    EXPECT_EQ(saved.out, "saved gantry: 1 value\n");
    struct stat status {};
    ASSERT_EQ(::stat(file().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
  }
  EXPECT_EQ(directory_.files(), std::vector<std::string>{"saved.json"});
  const ToolAnswer loaded = run({"snapshot", "load", file()});
  EXPECT_EQ(loaded.code, 0) << loaded.err;
  EXPECT_EQ(loaded.out, "loaded gantry: 1 value\n");
  auto info = inspect_segment(domain(), "gantry").value();
  EXPECT_EQ(info.writer_state, WriterState::Dead);
  info.layout.created_realtime_ns = layout.created_realtime_ns;
  info.layout.generation = layout.generation;
  EXPECT_EQ(info.layout, layout);
  auto writer = GantryWriter::create({.domain = domain()}).value();
  EXPECT_EQ(writer.current_version(), 2U) << "taken over";
  const Gantry value = GantryReader::attach({.domain = domain()}).value().read().value().value;
  EXPECT_EQ(value.cycle, 7U);
  EXPECT_EQ(value.offset, -3);
}

TEST_F(Snapshot, KeepsWhatIsInTheRingOfAStream) {
  {
    auto writer = AlarmWriter::create({.domain = domain()}).value();
    for (std::uint32_t code = 1; code <= 6; ++code) writer.push({.code = code});
    EXPECT_EQ(run({"snapshot", "save", file(), "alarm"}).out, "saved alarm: 4 values\n");
  }
  ASSERT_EQ(run({"snapshot", "load", file()}).code, 0);
  auto reader = AlarmReader::attach({.domain = domain()}).value();
  reader.seek_oldest();
  std::vector<std::uint32_t> codes;
  while (auto item = reader.next()) codes.push_back(item->value.code);
  EXPECT_EQ(codes, (std::vector<std::uint32_t>{3, 4, 5, 6}));
}

TEST_F(Snapshot, ALiveWriterIsLeftAlone) {
  auto writer = GantryWriter::create({.domain = domain()}).value();
  writer.write({.cycle = 7});
  ASSERT_EQ(run({"snapshot", "save", file()}).code, 0);
  writer.write({.cycle = 8});
  const ToolAnswer answer = run({"snapshot", "load", file()});
  EXPECT_EQ(answer.code, 6);
  EXPECT_NE(answer.err.find("pid " + std::to_string(::getpid())), std::string::npos) << answer.err;
  EXPECT_TRUE(writer.write({.cycle = 9}));
}

TEST_F(Snapshot, EveryDamagedMemberIsFound) {
  write_gantry();
  const auto sound = document();
  const auto code_of = [&](const nlohmann::ordered_json& changed) {
    std::ofstream(file()) << changed;
    const ToolAnswer answer = run({"snapshot", "load", file()});
    EXPECT_EQ(answer.out, "");
    return answer.code;
  };
  for (const auto& [key, value] : sound["segments"][0].items()) {
    auto changed = sound;
    changed["segments"][0].erase(key);
    EXPECT_EQ(code_of(changed), 1) << "without " << key;
    for (const nlohmann::ordered_json& odd :
         {nlohmann::ordered_json(), nlohmann::ordered_json(-1), nlohmann::ordered_json("?"),
          nlohmann::ordered_json(UINT64_MAX), nlohmann::ordered_json{{"a", 1}}}) {
      changed = sound;
      changed["segments"][0][key] = odd;
      EXPECT_EQ(code_of(changed), 1) << key << " " << odd;
    }
  }
  auto changed = sound;
  changed["segments"][0]["slots"] = 5;
  EXPECT_EQ(code_of(changed), 1) << "possible, but not what was saved";
  changed = sound;
  changed["evo_snapshot"] = 2;
  EXPECT_EQ(code_of(changed), 4);
  EXPECT_EQ(code_of(nlohmann::ordered_json::array()), 1);
  EXPECT_EQ(directory_.files(), std::vector<std::string>{"saved.json"}) << "nothing was made";
}

TEST_F(Snapshot, AFileThatCannotBeWrittenStaysAsItWas) {
  write_gantry();
  const auto before = document();
  const auto writer = GantryWriter::create({.domain = domain()}).value();
  EXPECT_NE(run({"snapshot", "save", (directory_.path() / "none/saved.json").string()}).code, 0);
  EXPECT_NE(run({"snapshot", "save", file(), "missing"}).code, 0);
  EXPECT_EQ(document(), before);
}

TEST_F(Snapshot, OnlyWhatWasAskedForIsLoaded) {
  write_gantry();
  EXPECT_EQ(run({"snapshot", "load", file(), "missing"}).code, 3);
  EXPECT_EQ(run({"snapshot", "load", file(), "gantry"}).code, 0);
}

}  // namespace
}  // namespace evo::test
