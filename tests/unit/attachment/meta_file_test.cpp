// SPDX-License-Identifier: Apache-2.0
/// The `.meta` file, read by an independent JSON parser.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <probe.evo.hpp>

#include "attachment/writer_attachment.hpp"
#include "evo/raw_stream_writer.hpp"
#include "file_bytes.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

nlohmann::json meta_of(const TemporaryDomain& directory, const std::string& name) {
  std::ifstream file(directory.path() / ("evo_" + name + ".meta"));
  return nlohmann::json::parse(file);
}

TEST(MetaFile, TellsWhatAPersonWantsToKnow) {
  const TemporaryDomain directory;
  const std::uint64_t before = detail::realtime_ns();
  auto writer = probe::ProbeWriter::create({.domain = directory.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  const nlohmann::json meta = meta_of(directory, "probe");
  EXPECT_EQ(meta["name"], "probe");
  EXPECT_EQ(meta["module"], "probe_writer");
  EXPECT_EQ(meta["kind"], "state");
  EXPECT_EQ(meta["version"], "1.0");
  EXPECT_EQ(meta["schema_id"], probe::ProbeChannel::schema_id.hex());
  EXPECT_EQ(meta["data_file"], directory.data_file().filename().string());
  EXPECT_EQ(meta["file_size"], std::filesystem::file_size(directory.data_file()));
  EXPECT_EQ(meta["payload_size"], 48);
  EXPECT_EQ(meta["slots"], 4);
  EXPECT_EQ(meta["period_ns"], 1'000'000);
  EXPECT_EQ(meta["max_age_ns"], 1'000'000'000);
  EXPECT_EQ(meta["max_readers"], 128);
  EXPECT_EQ(meta["boot_id"], detail::boot_id().text());
  EXPECT_EQ(meta["incarnation"], writer->incarnation());
  EXPECT_EQ(meta["writer"]["pid"], ::getpid());
  EXPECT_EQ(meta["writer"]["uid"], ::geteuid());
  EXPECT_EQ(meta["writer"]["executable"], detail::executable_path());
  for (const auto& time : {meta["created_realtime_ns"], meta["writer"]["started_realtime_ns"]}) {
    EXPECT_GE(time.get<std::uint64_t>(), before);
    EXPECT_LE(time.get<std::uint64_t>(), detail::realtime_ns());
  }
  EXPECT_EQ(mode_of(directory.path() / "evo_probe.meta"), 0600U);
}

TEST(MetaFile, IsReplacedAtATakeover) {
  const TemporaryDomain directory;
  const pid_t dead = leave_orphan(directory.domain(), raw_channel("probe", 8), 1);
  const nlohmann::json before = meta_of(directory, "probe");
  EXPECT_EQ(before["writer"]["pid"], dead);
  const ino_t inode = inode_of(directory.path() / "evo_probe.meta");
  auto writer = RawStateWriter::create(raw_channel("probe", 8), {.domain = directory.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_NE(inode_of(directory.path() / "evo_probe.meta"), inode)
      << "replaced by rename, so always whole";
  const nlohmann::json after = meta_of(directory, "probe");
  EXPECT_EQ(after["writer"]["pid"], ::getpid());
  EXPECT_EQ(after["incarnation"], writer->incarnation());
  EXPECT_EQ(after["created_realtime_ns"], before["created_realtime_ns"]) << "the same segment";
  EXPECT_EQ(after["data_file"], before["data_file"]);
}

TEST(MetaFile, StreamsAndGroupAccessAreTold) {
  const TemporaryDomain directory;
  ChannelDescription channel = raw_channel("probe", 8, 16);
  channel.kind = Kind::Stream;
  channel.access = Access::Group;
  channel.version = {12, 34};
  const auto writer = RawStreamWriter::create(channel, {.domain = directory.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(meta_of(directory, "probe")["kind"], "stream");
  EXPECT_EQ(meta_of(directory, "probe")["capacity"], 16);
  EXPECT_EQ(meta_of(directory, "probe")["version"], "12.34");
  EXPECT_EQ(mode_of(directory.path() / "evo_probe.meta"), 0640U);
}

TEST(MetaFile, QuotesWhatJsonMustQuote) {
  // An executable may have any name; run a copy of the program under a bad one.
  const TemporaryDomain directory;
  const std::filesystem::path odd = directory.path() / "q\"uote\\back\nline\x01";
  std::filesystem::copy_file(EVO_SEGMENT_HOLDER, odd);
  const Pipe output;
  const Pipe input;
  Child child([&]() -> std::string {
    ::dup2(input.reading(), STDIN_FILENO);
    ::dup2(output.writing(), STDOUT_FILENO);
    ::execl(odd.c_str(), odd.c_str(), directory.path().c_str(), "probe",
            static_cast<char*>(nullptr));
    return "exec failed";
  });
  ASSERT_TRUE(output.await_byte());
  const nlohmann::json meta = meta_of(directory, "probe");
  EXPECT_EQ(meta["writer"]["executable"], odd.string());
  child.kill();
}

TEST(MetaFile, AnyBytesOfAPathMakeValidJson) {
  const std::string replaced = "\xef\xbf\xbd";  // U+FFFD
  const auto parsed = [](std::string_view text) {
    return nlohmann::json::parse(detail::json_string(text)).get<std::string>();
  };
  for (const std::string_view valid :
       {"", "a\"b\\c", "tab\tnul\x01", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
    EXPECT_EQ(parsed(valid), valid);
  }
  EXPECT_EQ(parsed("a\xff"
                   "b"),
            "a" + replaced + "b");
  EXPECT_EQ(parsed("cut\xe2\x82"), "cut" + replaced + replaced);
  EXPECT_EQ(parsed("\xc0\x80"), replaced + replaced) << "an overlong zero";
  EXPECT_EQ(parsed("\xed\xa0\x80"), replaced + replaced + replaced) << "a surrogate";
  EXPECT_EQ(parsed("\xf4\x90\x80\x80"), replaced + replaced + replaced + replaced);
}

}  // namespace
}  // namespace evo::test
