#include "repair/assignment.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace evo::tools {

namespace {

Result<Change> assign_one(const Fields& fields, const std::string& assignment,
                          std::span<std::byte> payload) {
  const auto equals = assignment.find('=');
  if (equals == std::string::npos) {
    return detail::fail(ErrorCode::InvalidName, "'{}' is no assignment; write field=value",
                        assignment);
  }
  const std::string path = assignment.substr(0, equals);
  const auto found = fields.find(path);
  if (!found) return tl::unexpected(found.error());
  if (found->size() != 1) {
    return detail::fail(ErrorCode::InvalidSize, "'{}' stands for {} fields; name one, such as '{}'",
                        path, found->size(), found->empty() ? "" : found->front().path);
  }
  const Field& field = found->front();
  Change change{
      .path = field.path, .before = fields.text(field, payload), .after = {}, .complaint = {}};
  if (auto done = fields.set(field, std::string_view(assignment).substr(equals + 1), payload);
      !done) {
    return tl::unexpected(done.error());
  }
  change.after = fields.text(field, payload);
  change.complaint = fields.complaint(field, payload);
  return change;
}

}  // namespace

Result<std::vector<Change>> assign(const Fields& fields,
                                   const std::vector<std::string>& assignments,
                                   std::span<std::byte> payload) {
  std::vector<std::byte> changed(payload.begin(), payload.end());
  std::vector<Change> changes;
  for (const std::string& assignment : assignments) {
    auto change = assign_one(fields, assignment, changed);
    if (!change) return tl::unexpected(change.error());
    changes.push_back(std::move(*change));
  }
  std::ranges::copy(changed, payload.begin());
  return changes;
}

}  // namespace evo::tools
