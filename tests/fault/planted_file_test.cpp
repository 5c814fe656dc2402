// SPDX-License-Identifier: Apache-2.0
/// Something other than a segment's file has one of its three names.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <map>

#include "fault_matrix.hpp"
#include "segment_ends.hpp"
#include "temporary_domain.hpp"

namespace evo::test {
namespace {

constexpr const char* kForeign = "another program's words";

void plant_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("path too long");
  path.copy(address.sun_path, path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int failed = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::close(fd);
  if (failed != 0) throw std::runtime_error("bind failed");
}

void plant_text(const std::filesystem::path& path, std::size_t size) {
  std::string text(size, '\0');
  std::string_view(kForeign).copy(text.data(), size);
  std::ofstream(path) << text;
  ::chmod(path.c_str(), 0600);
}

using Plant = std::function<void(const std::filesystem::path&)>;

/// What can have that name. The target of a symbolic link is next to the domain's files.
const std::map<std::string, Plant> kPlants = {
    {"fifo", [](const auto& path) { ::mkfifo(path.c_str(), 0600); }},
    {"socket", [](const auto& path) { plant_socket(path); }},
    {"directory", [](const auto& path) { std::filesystem::create_directory(path); }},
    {"dangling link",
     [](const auto& path) { std::filesystem::create_symlink(path.parent_path() / "none", path); }},
    {"link to a file",
     [](const auto& path) {
       plant_text(path.parent_path() / "foreign", 8192);
       std::filesystem::create_symlink(path.parent_path() / "foreign", path);
     }},
    {"empty file", [](const auto& path) { plant_text(path, 0); }},
    {"file of another", [](const auto& path) { plant_text(path, 8192); }},
};

class PlantedFile : public testing::Test {
 protected:
  /// Runs `body()` in a child that is killed if it hangs.
  template <class Body>
  static std::string without_hanging(Body&& body) {
    const ChildResult child = in_child([&]() -> std::string {
      ::alarm(kHangSeconds);
      return body();
    });
    if (child.killed_by(SIGALRM)) return "hangs";
    return child.status == 0 ? child.text : fmt::format("dies with status {}", child.status);
  }

  [[nodiscard]] static std::string create(const TemporaryDomain& directory) {
    return outcome(RawStateWriter::create(channel(), {.domain = directory.domain()}));
  }

  /// Nothing was followed or created through a link.
  static void expect_links_untouched(const TemporaryDomain& directory, const std::string& what) {
    EXPECT_FALSE(std::filesystem::exists(directory.path() / "none")) << what;
    if (what != "link to a file") return;
    std::ifstream file(directory.path() / "foreign");
    std::string words(std::string_view(kForeign).size(), '\0');
    file.read(words.data(), static_cast<std::streamsize>(words.size()));
    EXPECT_EQ(words, kForeign);
    EXPECT_EQ(std::filesystem::file_size(directory.path() / "foreign"), 8192U);
  }

  static ChannelDescription channel() { return raw_channel("probe", 256); }
};

TEST_F(PlantedFile, AsControlFileIsCorrupt) {
  for (const auto& [what, plant] : kPlants) {
    const TemporaryDomain directory;
    plant(directory.path() / "evo_probe.ctl");
    const auto before = directory.files();
    EXPECT_EQ(without_hanging([&] { return create(directory); }), "Corrupt") << what;
    EXPECT_EQ(without_hanging([&] { return attach_and_read(directory.domain(), channel()); }),
              "Corrupt")
        << what;
    EXPECT_EQ(directory.files(), before) << what;
    expect_links_untouched(directory, what);
  }
  tried(kPlants.size(), "create and attach: Corrupt, what stands there stays");
}

TEST_F(PlantedFile, AsMetaIsReplaced) {
  for (const auto& [what, plant] : kPlants) {
    const TemporaryDomain directory;
    plant(directory.path() / "evo_probe.meta");
    const auto before = directory.files();
    const bool stays = what == "directory";  // the only one that a file cannot replace
    const std::string said = without_hanging([&]() -> std::string {
      auto writer = RawStateWriter::create(channel(), {.domain = directory.domain()});
      if (!writer) return outcome(writer);
      publish(*writer, 7);
      return attach_and_read(directory.domain(), channel());
    });
    EXPECT_EQ(said, stays ? "Io" : "7") << what;
    if (stays) {
      EXPECT_EQ(directory.files(), before) << what << ": nothing else is left behind";
    }
    expect_links_untouched(directory, what);
  }
  tried(kPlants.size(), "replaced; only a directory is an error (Io)");
}

TEST_F(PlantedFile, AtTheNameOfTheDataFileMakesWay) {
  for (const auto& [what, plant] : kPlants) {
    const TemporaryDomain directory;
    const bool stays = what == "directory";
    const std::string said = without_hanging([&, &place = plant]() -> std::string {
      place(directory.path() / fmt::format("evo_tester_probe_{}", ::getpid()));
      auto writer = RawStateWriter::create(channel(), {.domain = directory.domain()});
      if (!writer) return outcome(writer);
      publish(*writer, 7);
      return attach_and_read(directory.domain(), channel());
    });
    EXPECT_EQ(said, stays ? "Io" : "7") << what;
    for (const std::string& file : directory.files()) {
      EXPECT_TRUE(file == "foreign" || (stays && !file.ends_with(".ctl"))) << what << ": " << file;
    }
    expect_links_untouched(directory, what);
  }
  tried(kPlants.size(), "a leftover of that name is removed; only a directory is an error (Io)");
}

TEST_F(PlantedFile, InPlaceOfAnOrphansDataIsMadeAnew) {
  for (const auto& [what, plant] : kPlants) {
    const TemporaryDomain directory;
    leave_whole_orphan(directory.domain(), channel(), 7);
    const std::filesystem::path data = directory.data_file();
    std::filesystem::remove(data);
    plant(data);
    const std::string read =
        without_hanging([&] { return attach_and_read(directory.domain(), channel()); });
    EXPECT_TRUE(read == "Corrupt" || read == "NotFound") << what << ": " << read;
    EXPECT_EQ(without_hanging([&] { return works_again(directory.domain(), channel()); }), "ok")
        << what;
    expect_links_untouched(directory, what);
  }
  tried(kPlants.size(), "attach: Corrupt; create recreates the segment");
}

}  // namespace
}  // namespace evo::test
