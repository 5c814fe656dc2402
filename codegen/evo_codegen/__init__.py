"""Turns schemas (.fbs) into C++ headers (.evo.hpp). Reading order: codegen/README.md."""
