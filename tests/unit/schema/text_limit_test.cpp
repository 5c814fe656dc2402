// SPDX-License-Identifier: Apache-2.0
/// A schema's texts have a limit in total, wherever they stand; and two faults that a schema file
/// cannot express.
#include <flatbuffers/reflection_generated.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "evo/checked_schema.hpp"
#include "outcome.hpp"

namespace evo::test {
namespace {

enum class Place { None, Struct, Enum, Value, FieldName, ValueName, Key, Text, Union, EmptyArray };

/// A schema that is sound but for what stands in one place. Its comments are almost as long as they
/// may be.
class Talkative {
 public:
  explicit Talkative(Place place) : place_(place) {}

  [[nodiscard]] Result<CheckedSchema> check() {
    using namespace reflection;
    const auto enumeration =
        CreateEnum(builder_, builder_.CreateString("E"), values(), place_ == Place::Union,
                   CreateType(builder_, UShort), 0, comment(place_ == Place::Enum ? 50 : 0));
    const auto segment = CreateKeyValueDirect(builder_, "segment", "s");
    const auto object = CreateObject(builder_, builder_.CreateString("S"), fields(), true, 2,
                                     kFields + 1, builder_.CreateVector(std::vector{segment}),
                                     comment(place_ == Place::Struct ? 50 : 0));
    const auto objects = builder_.CreateVector(std::vector{object});
    const auto enums = builder_.CreateVector(std::vector{enumeration});
    builder_.Finish(CreateSchema(builder_, objects, enums), "BFBS");
    return CheckedSchema::of({builder_.GetBufferPointer(), builder_.GetSize()}, "s");
  }

 private:
  static constexpr std::uint16_t kFields = 4001;

  template <class T>
  using Offsets = std::vector<flatbuffers::Offset<T>>;

  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>> comment(
      std::size_t lines) {
    if (line_.IsNull()) line_ = builder_.CreateString(std::string(100'000, ' '));
    return builder_.CreateVector(Offsets<flatbuffers::String>(lines, line_));
  }
  auto name(Place place, std::size_t number) {
    return builder_.CreateString(
        fmt::format("x{}{}", std::string(place_ == place ? 110 : 0, 'x'), number));
  }

  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<reflection::EnumVal>>> values() {
    Offsets<reflection::EnumVal> all;
    for (std::uint16_t i = 0; i < 4000; ++i) {
      const auto said = comment(i == 0 && place_ == Place::Value ? 50 : 0);
      all.push_back(reflection::CreateEnumVal(builder_, name(Place::ValueName, i), i, 0, said));
    }
    return builder_.CreateVector(all);
  }
  auto attributes(std::size_t count) {
    Offsets<reflection::KeyValue> all;
    for (std::size_t i = 0; i < count; ++i) {
      const auto text = builder_.CreateString(std::string(place_ == Place::Text ? 110 : 0, 'v'));
      all.push_back(reflection::CreateKeyValue(builder_, name(Place::Key, i), text));
    }
    return builder_.CreateVector(all);
  }
  /// The enum first, then bytes.
  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<reflection::Field>>> fields() {
    using namespace reflection;
    const bool filled = place_ != Place::Struct && place_ != Place::Enum && place_ != Place::Value;
    Offsets<Field> all;
    for (std::uint16_t i = 0; i < kFields; ++i) {
      const bool empty_array = place_ == Place::EmptyArray && i == kFields - 1;
      auto type = i == 0 ? CreateType(builder_, UShort, None, 0) : CreateType(builder_, UByte);
      if (empty_array) type = CreateType(builder_, Array, UByte, -1, 0);
      const auto offset = static_cast<std::uint16_t>(i == 0 ? 0 : i + 1);
      all.push_back(CreateField(builder_, name(Place::FieldName, i), type, i, offset, 0, 0.0, false,
                                false, false, attributes(i < 64 ? 60 : 0),
                                comment(i == 0 && filled ? 41 : 0)));
    }
    return builder_.CreateVector(all);
  }

  Place place_;
  flatbuffers::FlatBufferBuilder builder_;
  flatbuffers::Offset<flatbuffers::String> line_;
};

TEST(SchemaText, IsLimitedInTotalWhereverItStands) {
  const auto sound = Talkative(Place::None).check();
  EXPECT_TRUE(sound) << message_of(sound);
  for (const Place place : {Place::Struct, Place::Enum, Place::Value, Place::FieldName,
                            Place::ValueName, Place::Key, Place::Text}) {
    const auto schema = Talkative(place).check();
    EXPECT_TRUE(contains(message_of(schema), "too much text"))
        << static_cast<int>(place) << ": " << message_of(schema);
  }
}

TEST(CheckedSchema, UnionsAndEmptyArraysAreRefused) {
  EXPECT_TRUE(contains(message_of(Talkative(Place::Union).check()), "has a different type"));
  EXPECT_TRUE(contains(message_of(Talkative(Place::EmptyArray).check()), "has no elements"));
}

}  // namespace
}  // namespace evo::test
