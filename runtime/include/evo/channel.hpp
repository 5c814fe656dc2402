// SPDX-License-Identifier: Apache-2.0
/// How a generated header describes one segment to the runtime.
///
/// The generator emits a `<Struct>Channel` whose static constexpr members hold all of this;
/// `describe<Channel>()` turns it into the plain `ChannelDescription` that the untyped endpoints
/// take.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "evo/detail/chrono.hpp"

namespace evo {

namespace detail {
// Never defined. A call that is evaluated at compile time is an error, and the compiler's message
// shows the name. `throw` would need exceptions, which a consumer may have disabled.
[[noreturn]] void a_schema_id_has_64_hexadecimal_digits();
[[noreturn]] void a_schema_id_has_lower_case_hexadecimal_digits_only();
}  // namespace detail

/// How a segment is used: latest value, every value in order, or connections of a link.
enum class Kind : std::uint8_t { State = 1, Stream = 2, Link = 3 };

/// "state", "stream", "link".
[[nodiscard]] std::string_view to_string(Kind kind) noexcept;

/// What a push to a full stream does: overwrite the oldest value, or block.
enum class Overflow : std::uint8_t { Overwrite = 0, Block = 1 };

/// Whether each publish carries its time.
enum class Stamp : std::uint8_t { None = 0, Monotonic = 1 };

/// The checksum of each value, checked on every read.
enum class Checksum : std::uint8_t { None = 0, Crc32c = 1 };

/// File modes: 0600, or 0640 (data) and 0660 (control file).
enum class Access : std::uint8_t { Owner = 0, Group = 1 };

/// The version of a layout, from the schema's `version` attribute.
struct LayoutVersion {
  std::uint16_t major = 1;
  std::uint16_t minor = 0;
  friend constexpr auto operator<=>(const LayoutVersion&, const LayoutVersion&) = default;
};

/// BLAKE2b-256 of the canonical layout text; all zero for a segment without a schema.
struct SchemaId {
  std::array<std::uint8_t, 32> bytes{};

  friend constexpr bool operator==(const SchemaId&, const SchemaId&) = default;

  /// Parses 64 hexadecimal digits at compile time; anything else does not compile.
  static consteval SchemaId from_hex(std::string_view hex) {
    if (hex.size() != 64) detail::a_schema_id_has_64_hexadecimal_digits();
    SchemaId id;
    for (std::size_t i = 0; i < id.bytes.size(); ++i) {
      id.bytes[i] = static_cast<std::uint8_t>(nibble(hex[2 * i]) * 16 + nibble(hex[2 * i + 1]));
    }
    return id;
  }

  /// The 64 hexadecimal digits.
  [[nodiscard]] std::string hex() const;

 private:
  static consteval unsigned nibble(char digit) {
    if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
    if (digit >= 'a' && digit <= 'f') return static_cast<unsigned>(digit - 'a') + 10;
    detail::a_schema_id_has_lower_case_hexadecimal_digits_only();
  }
};

/// An earlier layout that is a byte-for-byte prefix of the current one.
struct CompatibleLayout {
  SchemaId id;
  LayoutVersion version;
  std::uint32_t size = 0;         ///< bytes of the earlier payload
  std::uint32_t field_count = 0;  ///< top-level fields of the earlier layout
};

/// One top-level field, for tools, `has()` and messages.
struct FieldInfo {
  std::string_view name;
  std::size_t offset = 0;    ///< bytes from the start of the payload
  std::size_t size = 0;      ///< bytes
  std::string_view unit;     ///< empty if the schema names none
  std::string_view minimum;  ///< as written in the schema; empty if unbounded
  std::string_view maximum;
};

/// Everything that `create` and `attach` need to know, without the type.
struct ChannelDescription {
  std::string_view name;   ///< segment name
  std::string_view owner;  ///< module that may write
  Kind kind = Kind::State;
  std::size_t size = 0;       ///< payload bytes; link: bytes of each ring
  std::size_t alignment = 8;  ///< of the payload, at most 32
  std::uint32_t slots = 4;    ///< state: used in rotation; stream: capacity; link: connections
  Overflow overflow = Overflow::Overwrite;
  std::uint32_t max_readers = 128;
  std::chrono::nanoseconds period{0};   ///< zero: none promised
  std::chrono::nanoseconds max_age{0};  ///< zero: never stale
  Stamp stamp = Stamp::Monotonic;
  Checksum checksum = Checksum::None;
  Access access = Access::Owner;
  LayoutVersion version;
  SchemaId schema_id;
  std::span<const CompatibleLayout> compatible;
  std::span<const FieldInfo> fields;
  std::span<const std::uint8_t> bfbs;  ///< the binary schema that is embedded in the segment
};

/// The description of a generated channel.
template <class Channel>
constexpr ChannelDescription describe() {
  return {.name = Channel::name,
          .owner = Channel::owner,
          .kind = Channel::kind,
          .size = Channel::size,
          .alignment = Channel::alignment,
          .slots = Channel::slots,
          .overflow = Channel::overflow,
          .max_readers = Channel::max_readers,
          .period = Channel::period,
          .max_age = Channel::max_age,
          .stamp = Channel::stamp,
          .checksum = Channel::checksum,
          .access = Channel::access,
          .version = Channel::version,
          .schema_id = Channel::schema_id,
          .compatible = Channel::compatible,
          .fields = Channel::fields,
          .bfbs = Channel::bfbs};
}

/// A payload type whose generated header declares `channel_of(const T&)`. That function is never
/// called: its return type is the channel, found by argument-dependent lookup.
template <class T>
concept HasChannel = requires(const T& value) {
  channel_of(value);
};

/// The channel of a payload type.
template <HasChannel T>
using ChannelOf = decltype(channel_of(std::declval<const T&>()));

/// A string that can be a template argument.
template <std::size_t N>
struct FixedString {
  // NOLINTNEXTLINE(google-explicit-constructor): a literal is meant to convert.
  consteval FixedString(const char (&text)[N]) {
    for (std::size_t i = 0; i < N; ++i) characters[i] = text[i];
  }
  [[nodiscard]] constexpr std::string_view view() const { return {characters, N - 1}; }
  char characters[N]{};
};

/// The module of this translation unit (CMake: `evo_module`), or the empty string, which may write
/// every segment. Not inline: each target has its own.
#if defined(EVO_MODULE)
constexpr FixedString kThisModule{EVO_MODULE};
#elif defined(EVO_REQUIRE_MODULES)
constexpr FixedString kThisModule{"(no module)"};  // may write nothing: no owner has this name
#else
constexpr FixedString kThisModule{""};
#endif

/// Whether `module` may create the writer of a segment owned by `owner`.
constexpr bool may_write(std::string_view module, std::string_view owner) {
  return module.empty() || module == owner;
}

}  // namespace evo
