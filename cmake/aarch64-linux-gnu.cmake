# SPDX-License-Identifier: Apache-2.0
# Builds for 64-bit ARM with Debian's cross compiler and its packages for arm64, and runs the tests
# under emulation: `scripts/bootstrap --arm64`, then `cmake --preset arm64`.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
# Without -L: the packages for arm64 are in the same tree as those of the build machine.
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static)
