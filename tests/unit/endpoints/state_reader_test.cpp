// SPDX-License-Identifier: Apache-2.0
/// The typed reader: as generated, and with older and newer writers.
#include "evo/state_reader.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <bulk.evo.hpp>
#include <camera.evo.hpp>
#include <counter.evo.hpp>
#include <functional>
#include <memory>
#include <probe.evo.hpp>

#include "file_bytes.hpp"
#include "segments.hpp"
#include "temporary_domain.hpp"
#include "typed_ends.hpp"

namespace evo::test {
namespace {

using namespace std::chrono_literals;
using namespace evo::probe;

static_assert(std::is_move_constructible_v<ProbeReader> &&
              !std::is_copy_constructible_v<ProbeReader>);
static_assert(
    std::is_same_v<decltype(std::declval<ProbeReader&>().read()), ReadResult<Sample<Probe>>>);
static_assert(std::is_same_v<ProbeReader::Info, SampleInfo>);
static_assert(std::is_same_v<CounterReader::Info, UnstampedSampleInfo>);

class Read : public testing::Test {
 protected:
  Read()
      : writer_(std::move(ProbeWriter::create({.domain = directory_.domain()}).value())),
        reader_(std::move(ProbeReader::attach({.domain = directory_.domain()}).value())) {}

  TemporaryDomain directory_;
  ProbeWriter writer_;
  ProbeReader reader_;
};

TEST_F(Read, BeforeTheFirstPublishIsNeverWritten) {
  EXPECT_EQ(outcome(reader_.read()), "NeverWritten");
  Probe probe;
  EXPECT_EQ(outcome(reader_.read_into(probe)), "NeverWritten");
  EXPECT_EQ(outcome(reader_.cycle()), "NeverWritten");
  EXPECT_EQ(reader_.version(), 0U);
  EXPECT_FALSE(reader_.has_changed());
}

TEST_F(Read, GivesValueSequenceAndAge) {
  const std::uint64_t before = monotonic_ns();
  writer_.write({.cycle = 5});
  const auto sample = reader_.read();
  ASSERT_TRUE(sample);
  EXPECT_EQ(sample->value, (Probe{.cycle = 5}));
  EXPECT_EQ(sample->sequence, 1U);
  EXPECT_TRUE(before <= sample->stamp_ns && sample->stamp_ns <= monotonic_ns());
  const auto age = sample->age();  // read before the clock that bounds it
  EXPECT_GE(age, 0ns);
  EXPECT_LE(age, std::chrono::nanoseconds(monotonic_ns() - before));
  EXPECT_FALSE(reader_.has_changed());
}

TEST_F(Read, IntoAValueIsTheSame) {
  writer_.write({.cycle = 5, .contact = true});
  Probe probe;
  const auto info = reader_.read_into(probe);
  ASSERT_TRUE(info);
  EXPECT_EQ(probe, (Probe{.cycle = 5, .contact = true}));
  EXPECT_EQ(info->sequence, 1U);
  EXPECT_EQ(info->max_age, 1s);
  EXPECT_EQ(info->stamp_ns, reader_.read()->stamp_ns);
  EXPECT_FALSE(reader_.has_changed());
}

TEST_F(Read, FieldsComeOneByOne) {
  writer_.write({.cycle = 5,
                 .mode = Mode::Fault,
                 .position = {.x = 1, .y = 2, .z = 3},
                 .forces = {4, 5, 6, 7},
                 .contact = true});
  EXPECT_EQ(reader_.cycle(), 5U);
  EXPECT_EQ(reader_.mode(), Mode::Fault);
  EXPECT_EQ(reader_.position(), (Point{1, 2, 3}));
  EXPECT_EQ(reader_.forces(), (std::array<float, 4>{4, 5, 6, 7}));
  EXPECT_EQ(reader_.contact(), true);
  EXPECT_TRUE(reader_.has_changed()) << "reading a field does not count as reading the value";
}

TEST_F(Read, HasEveryFieldOfItsOwnSchema) {
  EXPECT_TRUE(reader_.has("cycle") && reader_.has("contact"));
  EXPECT_EQ(to_string(reader_.writer_state()), "Alive");
  EXPECT_TRUE(reader_.memory().prefaulted);
  EXPECT_EQ(reader_.retries(), 0U);
}

TEST_F(Read, WaitsForAChange) {
  EXPECT_FALSE(reader_.wait_for_change(1ms));
  writer_.write({.cycle = 1});
  EXPECT_TRUE(reader_.wait_for_change(60s));
}

TEST_F(Read, DetachedSegmentIsReadAnewAfterAttachingAgain) {
  writer_.write({.cycle = 1});
  EXPECT_TRUE(reader_.read());
  { const ProbeWriter ended = std::move(writer_); }
  EXPECT_EQ(reader_.read()->value.cycle, 1U) << "closed: the latest value stays";
  auto fresh = ProbeWriter::create({.domain = directory_.domain()});
  ASSERT_TRUE(fresh) << message_of(fresh);
  EXPECT_EQ(outcome(reader_.read()), "Detached");
  EXPECT_EQ(outcome(reader_.cycle()), "Detached");
  reader_ = std::move(ProbeReader::attach({.domain = directory_.domain()}).value());
  EXPECT_EQ(outcome(reader_.read()), "NeverWritten");
  fresh->write({.cycle = 2});
  EXPECT_EQ(reader_.read()->value.cycle, 2U);
}

TEST(ChecksummedRead, DamageIsNoticedInTheValueAndInEveryField) {
  const TemporaryDomain directory;
  auto writer = BulkWriter::create({.domain = directory.domain()});
  auto reader = BulkReader::attach({.domain = directory.domain()});
  ASSERT_TRUE(writer && reader);
  Bulk bulk{};
  bulk.words.fill(5);
  writer->write(bulk);
  EXPECT_EQ(outcome(reader->read()), "ok");
  const SlotGeometry geometry = slot_geometry(describe<BulkChannel>());
  auto untyped = RawStateReader::attach("bulk", {.domain = directory.domain()});
  ASSERT_TRUE(untyped) << message_of(untyped);
  const std::size_t slot = untyped->layout().slots_offset + geometry.stride;
  poke(directory.data_file(), slot + geometry.payload_offset + 100, std::byte{0x55});
  EXPECT_EQ(outcome(reader->read()), "ChecksumMismatch");
  EXPECT_EQ(outcome(reader->read_into(bulk)), "ChecksumMismatch");
  EXPECT_EQ(outcome(reader->words()), "ChecksumMismatch");
  EXPECT_EQ(outcome(reader->last()), "ChecksumMismatch") << "although this field is undamaged";
  poke(directory.data_file(), slot + geometry.payload_offset + 96, std::uint64_t{5});
  EXPECT_EQ(outcome(reader->last()), "ok") << "restored";
  poke(directory.data_file(), slot + geometry.checksum_offset(), std::byte{1});
  EXPECT_EQ(outcome(reader->last()), "ChecksumMismatch") << "the checksum itself";
}

/// Runs `body` in a thread with a stack of `bytes`.
void with_stack(std::size_t bytes, const std::function<void()>& body) {
  pthread_attr_t attributes;
  ASSERT_EQ(::pthread_attr_init(&attributes), 0);
  ASSERT_EQ(::pthread_attr_setstacksize(&attributes, bytes), 0);
  pthread_t thread{};
  const auto run = [](void* argument) -> void* {
    (*static_cast<const std::function<void()>*>(argument))();
    return nullptr;
  };
  auto* argument = const_cast<std::function<void()>*>(&body);
  ASSERT_EQ(::pthread_create(&thread, &attributes, run, argument), 0);
  ::pthread_join(thread, nullptr);
  ::pthread_attr_destroy(&attributes);
}

TEST(ChecksummedRead, FieldOfALargeValueNeedsNoRoomForTheWhole) {
  const TemporaryDomain directory;
  auto writer = CameraWriter::create({.domain = directory.domain()});
  auto reader = CameraReader::attach({.domain = directory.domain()});
  ASSERT_TRUE(writer && reader);
  const auto value = std::make_unique<Camera>();
  value->exposure_ns = 7;
  value->rows.back().pixels.fill(1);
  writer->write(*value);
  with_stack(std::size_t{256} << 10U, [&] { EXPECT_EQ(reader->exposure_ns(), 7U); });
}

/// A layout, and its successor with a field appended.
struct OldValue {
  std::uint64_t a{};
  std::uint32_t b{};
  std::array<std::uint8_t, 4> padding{};
};
struct NewValue {
  std::uint64_t a{};
  std::uint32_t b{};
  std::array<std::uint8_t, 4> padding{};
  std::uint64_t c{};
};

constexpr SchemaId kOldId =
    SchemaId::from_hex("0101010101010101010101010101010101010101010101010101010101010101");
constexpr SchemaId kNewId =
    SchemaId::from_hex("0202020202020202020202020202020202020202020202020202020202020202");

template <Checksum kChecksum>
struct OldChannel : CounterChannel {
  using Value = OldValue;
  static constexpr std::string_view name = "growing";
  static constexpr std::size_t size = sizeof(Value);
  static constexpr Checksum checksum = kChecksum;
  static constexpr LayoutVersion version{1, 0};
  static constexpr SchemaId schema_id = kOldId;
  static constexpr std::array<FieldInfo, 2> fields{
      {{"a", 0, 8, "", "", ""}, {"b", 8, 4, "", "", ""}}};
  static constexpr std::span<const std::uint8_t> bfbs{};
};
template <Checksum kChecksum>
struct NewChannel : OldChannel<kChecksum> {
  using Value = NewValue;
  static constexpr std::size_t size = sizeof(Value);
  static constexpr LayoutVersion version{1, 1};
  static constexpr SchemaId schema_id = kNewId;
  static constexpr std::array<CompatibleLayout, 1> compatible{{{kOldId, {1, 0}, 16, 2}}};
  static constexpr std::array<FieldInfo, 3> fields{
      {{"a", 0, 8, "", "", ""}, {"b", 8, 4, "", "", ""}, {"c", 16, 8, "", "", ""}}};
};

template <class>
class Evolution;
template <Checksum kChecksum>
class Evolution<std::integral_constant<Checksum, kChecksum>> : public testing::Test {
 protected:
  using Old = OldChannel<kChecksum>;
  using New = NewChannel<kChecksum>;
  TemporaryDomain directory_;
};

using Checksums = testing::Types<std::integral_constant<Checksum, Checksum::None>,
                                 std::integral_constant<Checksum, Checksum::Crc32c>>;
TYPED_TEST_SUITE(Evolution, Checksums);

TYPED_TEST(Evolution, ReaderOfAnOlderWriterLacksTheNewField) {
  auto writer =
      TypedWriter<typename TestFixture::Old>::create({.domain = this->directory_.domain()});
  auto reader =
      TypedReader<typename TestFixture::New>::attach({.domain = this->directory_.domain()});
  ASSERT_TRUE(writer && reader);
  EXPECT_TRUE(reader->has("a") && reader->has("b"));
  EXPECT_FALSE(reader->has("c"));
  EXPECT_EQ(outcome(reader->template get<std::uint64_t, 16>()), "NeverWritten");
  writer->write({.a = 1, .b = 2});
  NewValue value{.a = 9, .b = 9, .c = 9};
  ASSERT_EQ(outcome(reader->read_into(value)), "ok");
  EXPECT_EQ(value.a, 1U);
  EXPECT_EQ(value.b, 2U);
  EXPECT_EQ(value.c, 0U) << "the new field reads zero";
  EXPECT_EQ(reader->read()->value.c, 0U);
  EXPECT_EQ((reader->template get<std::uint32_t, 8>()), 2U);
  EXPECT_EQ((reader->template get<std::uint64_t, 16>()), 0U);
  EXPECT_FALSE(reader->has_changed());
}

TYPED_TEST(Evolution, ReaderOfANewerWriterReadsItsOwnPart) {
  auto writer =
      TypedWriter<typename TestFixture::New>::create({.domain = this->directory_.domain()});
  auto reader =
      TypedReader<typename TestFixture::Old>::attach({.domain = this->directory_.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  ASSERT_TRUE(reader) << message_of(reader);
  EXPECT_TRUE(reader->has("a") && reader->has("b"));
  writer->write({.a = 1, .b = 2, .c = 3});
  const auto sample = reader->read();
  ASSERT_EQ(outcome(sample), "ok");
  EXPECT_EQ(sample->value.a, 1U);
  EXPECT_EQ(sample->value.b, 2U);
  EXPECT_EQ((reader->template get<std::uint32_t, 8>()), 2U);
}

TYPED_TEST(Evolution, NewerWriterMakesTheSegmentAnewAndOldReadersAttachAgain) {
  std::optional<TypedReader<typename TestFixture::Old>> reader;
  {
    auto writer =
        TypedWriter<typename TestFixture::Old>::create({.domain = this->directory_.domain()});
    ASSERT_TRUE(writer) << message_of(writer);
    writer->write({.a = 1});
    reader.emplace(std::move(
        TypedReader<typename TestFixture::Old>::attach({.domain = this->directory_.domain()})
            .value()));
  }
  auto writer =
      TypedWriter<typename TestFixture::New>::create({.domain = this->directory_.domain()});
  ASSERT_TRUE(writer) << message_of(writer);
  EXPECT_EQ(outcome(reader->read()), "Detached");
  writer->write({.a = 2, .c = 3});
  auto again =
      TypedReader<typename TestFixture::Old>::attach({.domain = this->directory_.domain()});
  ASSERT_TRUE(again) << message_of(again);
  EXPECT_EQ(again->read()->value.a, 2U);
}

TEST(Evolution, DamageInThePartThatTheReaderDoesNotKnowIsNoticed) {
  const TemporaryDomain directory;
  auto writer = TypedWriter<NewChannel<Checksum::Crc32c>>::create({.domain = directory.domain()});
  auto reader = TypedReader<OldChannel<Checksum::Crc32c>>::attach({.domain = directory.domain()});
  ASSERT_TRUE(writer && reader);
  writer->write({.a = 1, .b = 2, .c = 3});
  const SlotGeometry geometry = slot_geometry(describe<NewChannel<Checksum::Crc32c>>());
  poke(directory.data_file(), 4096 + geometry.stride + geometry.payload_offset + 16,
       std::byte{0x77});
  EXPECT_EQ(outcome(reader->read()), "ChecksumMismatch");
}

}  // namespace
}  // namespace evo::test
