// SPDX-License-Identifier: Apache-2.0
/// Large values without a copy: the writer fills a slot in place, the reader reads it there.
///
/// Try it: EVO_DOMAIN=user ./05_zero_copy
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include <evo/format.hpp>
#include "frame.evo.hpp"

int main() {
  auto camera = example::FrameWriter::create();
  auto viewer = example::FrameReader::attach();
  if (!camera || !viewer) {
    fmt::print(stderr, "{}\n", camera ? viewer.error() : camera.error());
    return 1;
  }

  auto loan = camera->loan();  // the next slot of the stream
  if (!loan) return 1;
  example::Frame& filled = **loan;
  filled.number = 1;
  std::fill(filled.pixels.begin(), filled.pixels.end(), std::uint8_t{7});
  if (auto published = loan->publish(); !published) {
    fmt::print(stderr, "{}\n", published.error());
    return 1;
  }

  // While the view exists, the writer of a blocking stream leaves its slot alone.
  if (const auto frame = viewer->view()) {
    const auto& pixels = (*frame)->pixels;
    const auto sum = std::accumulate(pixels.begin(), pixels.end(), std::uint64_t{0});
    fmt::print("frame {}: mean brightness {}\n", (*frame)->number, sum / pixels.size());
  }
  return 0;
}
