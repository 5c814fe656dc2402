// SPDX-License-Identifier: Apache-2.0
#include "schema/schema_census.hpp"

#include <flatbuffers/reflection_generated.h>

namespace evo::detail {

namespace {

using flatbuffers::Table;
using flatbuffers::voffset_t;
using TableVector = flatbuffers::Vector<flatbuffers::Offset<Table>>;

/// Counts the visits that the verifier would make. Each function returns false as soon as there are
/// too many, or if the next place to visit lies outside the bytes.
class Census {
 public:
  explicit Census(std::span<const std::uint8_t> bfbs)
      : verifier_(bfbs.data(), bfbs.size(), Options{.max_tables = UINT32_MAX}) {}

  bool schema(const Table& table) {
    using reflection::Schema;
    return enter(table) &&
           each(table, Schema::VT_OBJECTS, [&](const Table& t) { return object(t); }) &&
           each(table, Schema::VT_ENUMS, [&](const Table& t) { return enumeration(t); }) &&
           child(table, Schema::VT_ROOT_TABLE) &&
           each(table, Schema::VT_SERVICES, [&](const Table& t) { return service(t); }) &&
           each(table, Schema::VT_FBS_FILES, [&](const Table& t) {
             return enter(t) && count(t, reflection::SchemaFile::VT_INCLUDED_FILENAMES);
           });
  }
  [[nodiscard]] bool has_too_many() const { return too_many_; }

  static bool is_inside(std::span<const std::uint8_t> bfbs) {
    const flatbuffers::Verifier verifier(bfbs.data(), bfbs.size());
    return bfbs.size() >= 2 * sizeof(flatbuffers::uoffset_t) && verifier.VerifyOffset(0) != 0;
  }

 private:
  using Options = flatbuffers::Verifier::Options;

  bool object(const Table& table) {
    using reflection::Object;
    return enter(table) && count(table, Object::VT_ATTRIBUTES) &&
           count(table, Object::VT_DOCUMENTATION) &&
           each(table, Object::VT_FIELDS, [&](const Table& t) {
             return enter(t) && count(t, reflection::Field::VT_ATTRIBUTES) &&
                    count(t, reflection::Field::VT_DOCUMENTATION);
           });
  }
  bool enumeration(const Table& table) {
    using reflection::Enum;
    constexpr voffset_t kAttributes = 14;  // in an EnumVal of later versions of FlatBuffers
    return enter(table) && count(table, Enum::VT_ATTRIBUTES) &&
           count(table, Enum::VT_DOCUMENTATION) &&
           each(table, Enum::VT_VALUES, [&](const Table& t) {
             return enter(t) && count(t, reflection::EnumVal::VT_DOCUMENTATION) &&
                    count(t, kAttributes);
           });
  }
  bool service(const Table& table) {
    using reflection::RPCCall;
    using reflection::Service;
    return enter(table) && count(table, Service::VT_ATTRIBUTES) &&
           count(table, Service::VT_DOCUMENTATION) &&
           each(table, Service::VT_CALLS, [&](const Table& t) {
             return enter(t) && count(t, RPCCall::VT_ATTRIBUTES) &&
                    count(t, RPCCall::VT_DOCUMENTATION) && child(t, RPCCall::VT_REQUEST) &&
                    child(t, RPCCall::VT_RESPONSE);
           });
  }

  bool enter(const Table& table) {
    return table.VerifyTableStart(verifier_) && verifier_.EndTable();
  }
  /// Visits an object that another table refers to.
  bool child(const Table& parent, voffset_t place) {
    if (!parent.VerifyOffset(verifier_, place)) return false;
    const auto* table = parent.GetPointer<const Table*>(place);
    return table == nullptr || (take(1) && object(*table));
  }
  /// Counts entries that are visited without descending into them.
  bool count(const Table& parent, voffset_t place) {
    const TableVector* entries = nullptr;
    return find(parent, place, entries);
  }
  template <class Visit>
  bool each(const Table& parent, voffset_t place, Visit&& visit) {
    const TableVector* entries = nullptr;
    if (!find(parent, place, entries)) return false;
    for (flatbuffers::uoffset_t i = 0; entries != nullptr && i < entries->size(); ++i) {
      const std::uint8_t* entry = entries->Data() + i * sizeof(flatbuffers::uoffset_t);
      if (verifier_.VerifyOffset(entry, 0) == 0 || !visit(*entries->Get(i))) return false;
    }
    return true;
  }
  bool find(const Table& parent, voffset_t place, const TableVector*& entries) {
    if (!parent.VerifyOffset(verifier_, place)) return false;
    entries = parent.GetPointer<const TableVector*>(place);
    return entries == nullptr || (verifier_.VerifyVector(entries) && take(entries->size()));
  }
  bool take(std::size_t entries) {
    too_many_ = too_many_ || entries > left_;
    if (too_many_) return false;
    left_ -= entries;
    return true;
  }

  flatbuffers::Verifier verifier_;
  std::size_t left_ = kMostSchemaEntries;
  bool too_many_ = false;
};

}  // namespace

SchemaShape shape_of_schema(std::span<const std::uint8_t> bfbs) {
  if (!Census::is_inside(bfbs)) return SchemaShape::Damaged;
  Census census(bfbs);
  const bool whole = census.schema(*flatbuffers::GetRoot<Table>(bfbs.data()));
  if (census.has_too_many()) return SchemaShape::TooManyEntries;
  flatbuffers::Verifier verifier(bfbs.data(), bfbs.size());
  return whole && reflection::VerifySchemaBuffer(verifier) ? SchemaShape::Sound
                                                           : SchemaShape::Damaged;
}

}  // namespace evo::detail
