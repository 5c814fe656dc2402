# SPDX-License-Identifier: Apache-2.0
"""Prints the JSON of a benchmark as a table.

usage: table.py [--markdown] FILE.json
"""

import json
import sys
from typing import Any

HEAD = ["bytes", "readers", "cores", "line ns", "runs", "least", "median", "most", "p99", "p99.9", "x limit", ""]


def number(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if abs(value) < 10000 else f"{value:.0f}"


def cells(row: dict[str, Any]) -> list[str]:
    ratio = row.get("ratio")
    return [
        row["what"],
        str(row["bytes"]),
        str(row["readers"]),
        row["cores"],
        number(row.get("line_ns")),
        str(row["runs"]),
        *[number(row.get(key)) for key in ("least", "median", "most", "p99", "p99.9")],
        "-" if ratio is None else f"{ratio:.2f}",
        row.get("note", ""),
    ]


def main(arguments: list[str]) -> int:
    markdown = arguments[:1] == ["--markdown"]
    if len(arguments) != 1 + markdown:
        print(__doc__, file=sys.stderr)
        return 2
    with open(arguments[-1], encoding="utf-8") as file:
        answer = json.load(file)
    lines = [[f"{answer['question']} ({answer['unit']})", *HEAD], *map(cells, answer["rows"])]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for index, line in enumerate(lines):
        padded = [text.ljust(width) if i in (0, len(line) - 1) else text.rjust(width)
                  for i, (text, width) in enumerate(zip(line, widths))]
        print("| " + " | ".join(padded) + " |" if markdown else "  ".join(padded).rstrip())
        if markdown and index == 0:
            print("| --- |" + " ---: |" * (len(line) - 2) + " --- |")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
