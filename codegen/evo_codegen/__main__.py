"""Entry point of `python3 -m evo_codegen`."""

import sys

from evo_codegen.cli import main

sys.exit(main(sys.argv[1:]))
