// SPDX-License-Identifier: Apache-2.0
/// Typed messages as bytes: tables as FlatBuffers, structs as they lie in memory.
///
/// The bytes of a table are checked before they are used (flatbuffers::Verifier), and belong to the
/// receiver alone, so the sender cannot change them any more.
#pragma once

#include <flatbuffers/flatbuffers.h>

#include <cstring>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

namespace evo {

/// A message that was received: a table, or a struct.
template <class Message>
class Received;

namespace links {

template <class Message>
inline constexpr bool kIsTable = std::is_base_of_v<flatbuffers::Table, Message>;

/// Encodes messages in a buffer of its own, which is used again and again.
class Encoder {
 public:
  /// The bytes of a table, which the caller passes as an object of flatc's object API. Valid until
  /// the next call.
  template <class Message>
  requires kIsTable<Message> std::span<const std::byte> encode(
      const typename Message::NativeTableType& object) {
    builder_.Clear();
    builder_.Finish(Message::Pack(builder_, &object));
    return std::as_bytes(std::span(builder_.GetBufferPointer(), builder_.GetSize()));
  }
  /// The bytes of a struct. Valid as long as the value.
  template <class Message>
  requires(!kIsTable<Message>) std::span<const std::byte> encode(const Message& value) {
    return std::as_bytes(std::span(&value, 1));
  }

 private:
  flatbuffers::FlatBufferBuilder builder_;
};

/// The table in these bytes, which must be aligned to 8; null if they hold none.
template <class Table>
const Table* checked_table(std::span<const std::byte> bytes) {
  const auto* const data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  flatbuffers::Verifier verifier(data, bytes.size());
  return verifier.VerifyBuffer<Table>(nullptr) ? flatbuffers::GetRoot<Table>(data) : nullptr;
}

/// The struct in these bytes, if they hold one.
template <class Struct>
std::optional<Struct> copied_struct(std::span<const std::byte> bytes) {
  static_assert(std::is_trivially_copyable_v<Struct>);
  if (bytes.size() != sizeof(Struct)) return std::nullopt;
  Struct value;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

/// Calls `use(message)` with the message in these bytes; false if they hold none.
template <class Message, class Use>
bool with_message(std::span<const std::byte> bytes, Use&& use) {
  if constexpr (kIsTable<Message>) {
    const Message* const table = checked_table<Message>(bytes);
    if (table != nullptr) use(*table);
    return table != nullptr;
  } else {
    const auto value = copied_struct<Message>(bytes);
    if (value) use(*value);
    return value.has_value();
  }
}

}  // namespace links

template <class Message>
requires links::kIsTable<Message>
class Received<Message> {
 public:
  static std::optional<Received> of(std::vector<std::byte> bytes) {
    if (links::checked_table<Message>(bytes) == nullptr) return std::nullopt;
    return Received(std::move(bytes));
  }
  [[nodiscard]] const Message& operator*() const noexcept {
    return *flatbuffers::GetRoot<Message>(bytes_.data());
  }
  [[nodiscard]] const Message* operator->() const noexcept { return &**this; }

 private:
  explicit Received(std::vector<std::byte> bytes) noexcept : bytes_(std::move(bytes)) {}

  std::vector<std::byte> bytes_;
};

template <class Message>
requires(!links::kIsTable<Message>) class Received<Message> {
 public:
  static std::optional<Received> of(const std::vector<std::byte>& bytes) {
    const auto value = links::copied_struct<Message>(bytes);
    return value ? std::optional(Received(*value)) : std::nullopt;
  }
  [[nodiscard]] const Message& operator*() const noexcept { return value_; }
  [[nodiscard]] const Message* operator->() const noexcept { return &value_; }

 private:
  explicit Received(const Message& value) noexcept : value_(value) {}

  Message value_;
};

}  // namespace evo
