// SPDX-License-Identifier: Apache-2.0
#include "evo/wait_reason.hpp"

namespace evo {

std::string_view to_string(WaitReason reason) noexcept {
  switch (reason) {
    case WaitReason::None:
      return "None";
    case WaitReason::Value:
      return "Value";
    case WaitReason::WriterDied:
      return "WriterDied";
    case WaitReason::WriterClosed:
      return "WriterClosed";
    case WaitReason::Replaced:
      return "Replaced";
    case WaitReason::Cycle:
      return "Cycle";
    case WaitReason::Readable:
      return "Readable";
  }
  return "?";
}

}  // namespace evo
