# SPDX-License-Identifier: Apache-2.0
"""Puts measured tables into docs/performance.md.

usage: update_performance.py DIR      DIR as left by scripts/bench --output DIR

Replaces the text between the lines `<!-- NAME -->` and `<!-- end -->` by the table of DIR/NAME.json,
or by DIR/NAME.txt unchanged; `peers` is the table that peers.py builds from all of them. A name
without a file in DIR keeps its table.
"""

import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "performance.md"


def printed_by(script: str, *results: Path) -> str:
    command = [sys.executable, str(HERE / script), "--markdown", *map(str, results)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def block(directory: Path, name: str) -> str | None:
    if name == "peers":
        results = [directory / f"{question}.json" for question in ("latency", "stream", "wake")]
        return printed_by("peers.py", *results) if all(map(Path.exists, results)) else None
    result = directory / f"{name}.json"
    if result.exists():
        return printed_by("table.py", result)
    text = directory / f"{name}.txt"
    marker = "<!-- test: skip, measured by scripts/bench -->"
    return f"{marker}\n```text\n{text.read_text(encoding='utf-8')}```\n" if text.exists() else None


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print(__doc__, file=sys.stderr)
        return 2
    directory = Path(arguments[0])

    def replace(match: re.Match[str]) -> str:
        new = block(directory, match[1])
        return match[0] if new is None else f"<!-- {match[1]} -->\n{new}<!-- end -->"

    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(re.sub(r"<!-- (\w+) -->\n.*?<!-- end -->", replace, page, flags=re.DOTALL), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
