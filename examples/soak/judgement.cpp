// SPDX-License-Identifier: Apache-2.0
/// The results of a soak run as text.
#include <fmt/format.h>

#include <utility>

#include "soak/soak.hpp"

namespace evo::machine {

namespace {

double megabytes(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1 << 20);
}

}  // namespace

void SoakResult::add_error(std::string error) {
  if (errors.size() < kErrorsKept) {
    errors.push_back(std::move(error));
  } else {
    ++more_errors;
  }
}

std::vector<std::string> judge(const SoakResult& result) {
  std::vector<std::string> faults;
  const auto must_be_zero = [&](std::uint64_t number, std::string_view what) {
    if (number != 0) faults.push_back(fmt::format("{} {}", number, what));
  };
  must_be_zero(result.misses, "values missed");
  must_be_zero(result.torn, "values torn");
  must_be_zero(result.vanished, "values vanished");
  must_be_zero(result.broken, "breaks in the streams");
  for (const LongLived& process : result.long_lived) {
    if (process.after.resident_bytes > process.before.resident_bytes + kResidentGrowth) {
      faults.push_back(fmt::format(
          "{} grew by {:.1f} MiB", process.name,
          megabytes(process.after.resident_bytes) - megabytes(process.before.resident_bytes)));
    }
    if (process.after.descriptors > process.before.descriptors) {
      faults.push_back(fmt::format("{} had {} open descriptors, then {}", process.name,
                                   process.before.descriptors, process.after.descriptors));
    }
  }
  if (result.files_after > result.files_before) {
    faults.push_back(
        fmt::format("the domain had {} files, then {}", result.files_before, result.files_after));
  }
  if (!result.leftovers.empty()) {
    faults.push_back(
        fmt::format("files were left in the domain: {}", fmt::join(result.leftovers, ", ")));
  }
  for (const std::string& error : result.errors) faults.push_back(error);
  must_be_zero(result.more_errors, "more errors");
  for (const auto& [name, number] : result.kills) {
    if (number == 0) faults.push_back(fmt::format("no kill of {}: the run was too short", name));
  }
  return faults;
}

std::vector<std::string> summarize(const SoakResult& result) {
  std::string kills;
  for (const auto& [name, number] : result.kills) kills += fmt::format(" {} {}", name, number);
  std::vector<std::string> lines = {
      "",
      fmt::format("Soak of {:.0f} s", result.seconds),
      fmt::format("  kill -9         {}", kills),
      fmt::format("  misses           {} values older than their max_age while their writer ran; "
                  "{} while it was being started or the computer was too busy",
                  result.misses, result.stalls - std::min(result.stalls, result.misses)),
      fmt::format(
          "  readers          {} reads, {} values of streams, {} torn, {} vanished, {} broken",
          result.reads, result.taken, result.torn, result.vanished, result.broken),
      fmt::format("  in the meantime  {} listings of the domain, {} commands", result.listings,
                  result.commands)};
  for (const LongLived& process : result.long_lived) {
    lines.push_back(fmt::format(
        "  {:<16} resident {:.2f} MiB {:+.2f} MiB, descriptors {} {:+d}", process.name,
        megabytes(process.before.resident_bytes),
        megabytes(process.after.resident_bytes) - megabytes(process.before.resident_bytes),
        process.before.descriptors,
        static_cast<std::int64_t>(process.after.descriptors) -
            static_cast<std::int64_t>(process.before.descriptors)));
  }
  lines.push_back(fmt::format("  domain           {} files {:+d}, {} left at the end",
                              result.files_before,
                              static_cast<std::int64_t>(result.files_after) -
                                  static_cast<std::int64_t>(result.files_before),
                              result.leftovers.size()));
  return lines;
}

}  // namespace evo::machine
