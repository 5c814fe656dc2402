// SPDX-License-Identifier: Apache-2.0
#include "fault_matrix.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

namespace evo::test {

namespace {

constexpr const char* kTries = "tries";
constexpr const char* kOutcome = "outcome";

struct Row {
  std::string name;
  std::string tries;
  std::string outcome;
};

std::string property_of(const testing::TestResult& result, std::string_view key) {
  for (int i = 0; i < result.test_property_count(); ++i) {
    const testing::TestProperty& property = result.GetTestProperty(i);
    if (property.key() == key) return property.value();
  }
  return "";
}

std::string skip_reason(const testing::TestResult& result) {
  for (int i = 0; i < result.total_part_count(); ++i) {
    const testing::TestPartResult& part = result.GetTestPartResult(i);
    if (part.skipped()) return part.message();
  }
  return "no reason given";
}

/// After all rows have run, prints one line for each of them, and the number of skipped rows.
class MatrixPrinter : public testing::EmptyTestEventListener {
 public:
  void OnTestEnd(const testing::TestInfo& test) override {
    const testing::TestResult& result = *test.result();
    Row row{fmt::format("{}.{}", test.test_suite_name(), test.name()), property_of(result, kTries),
            property_of(result, kOutcome)};
    if (result.Skipped()) {
      row.outcome = "skipped: " + skip_reason(result);
      ++skipped_;
    } else if (result.Failed()) {
      row.outcome = "FAILED";
    }
    rows_.push_back(std::move(row));
  }

  void OnTestProgramEnd(const testing::UnitTest& /*program*/) override {
    fmt::print("\n{:<60} {:>6}  {}\n", "case", "tries", "outcome");
    for (const Row& row : rows_) {
      fmt::print("{:<60} {:>6}  {}\n", row.name, row.tries, row.outcome);
    }
    fmt::print("{} cases, {} skipped\n", rows_.size(), skipped_);
    std::fflush(stdout);
  }

 private:
  std::vector<Row> rows_;
  std::size_t skipped_ = 0;
};

}  // namespace

void tried(std::size_t tries, std::string_view outcome) {
  testing::Test::RecordProperty(kTries, std::to_string(tries));
  testing::Test::RecordProperty(kOutcome, std::string(outcome));
}

}  // namespace evo::test

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  // GoogleTest owns it from here on.
  testing::UnitTest::GetInstance()->listeners().Append(new evo::test::MatrixPrinter);
  return RUN_ALL_TESTS();
}
