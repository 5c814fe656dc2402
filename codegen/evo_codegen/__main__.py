# SPDX-License-Identifier: Apache-2.0
"""Entry point of `python3 -m evo_codegen`, and of `python3 -P .../evo_codegen`."""

import importlib
import sys
from pathlib import Path

if not __package__:
    # Run as a directory, so that a file of the caller's cannot be imported as a module.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

_PACKAGES = {"flatbuffers": "python3-flatbuffers", "jinja2": "python3-jinja2"}


def _has(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True


def run() -> int:
    """Runs the generator, unless a module that it needs is missing."""
    missing = [module for module in _PACKAGES if not _has(module)]
    if missing:
        print(
            f"evo_codegen: {sys.executable} has no module {' and no module '.join(missing)}: "
            f"install the Debian package {' and '.join(_PACKAGES[each] for each in missing)} and "
            "use /usr/bin/python3",
            file=sys.stderr,
        )
        return 1
    code: int = importlib.import_module("evo_codegen.cli").main(sys.argv[1:])
    return code


if __name__ == "__main__":
    sys.exit(run())
