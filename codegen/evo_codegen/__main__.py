"""Entry point of `python3 -m evo_codegen`, and of `python3 -P .../evo_codegen`."""

import sys
from pathlib import Path

if not __package__:
    # Run as a directory: so a file next to the caller's files cannot be imported as a module.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from evo_codegen.cli import main  # noqa: E402

sys.exit(main(sys.argv[1:]))
