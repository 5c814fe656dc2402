# SPDX-License-Identifier: Apache-2.0
"""pyproject.toml describes the package that is there."""

from __future__ import annotations

import importlib
import re
import tomllib

from support import ROOT

PROJECT = tomllib.loads((ROOT / "codegen/pyproject.toml").read_text())


def test_the_version_is_the_runtime_s() -> None:
    header = (ROOT / "runtime/include/evo/version.hpp").read_text()
    found = re.search(r'kVersion = "([0-9.]+)"', header)
    assert found and PROJECT["project"]["version"] == found[1]


def test_the_dependencies_can_be_imported() -> None:
    for name in PROJECT["project"]["dependencies"]:
        importlib.import_module(name)


def test_the_program_exists() -> None:
    module, function = PROJECT["project"]["scripts"]["evo-codegen"].split(":")
    assert callable(getattr(importlib.import_module(module), function))
