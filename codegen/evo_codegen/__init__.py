# SPDX-License-Identifier: Apache-2.0
"""Turns schemas (.fbs) into C++ headers (.evo.hpp). Reading order: codegen/README.md."""
