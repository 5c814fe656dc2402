// SPDX-License-Identifier: Apache-2.0
#include "evo/writer_state.hpp"

namespace evo {

std::string_view to_string(WriterState state) noexcept {
  switch (state) {
    case WriterState::Alive:
      return "Alive";
    case WriterState::Dead:
      return "Dead";
    case WriterState::Closed:
      return "Closed";
    case WriterState::Detached:
      return "Detached";
  }
  return "?";
}

}  // namespace evo
