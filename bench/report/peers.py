# SPDX-License-Identifier: Apache-2.0
"""Prints one table that compares ours with the limit and with each other library.

usage: peers.py [--markdown] RESULT.json...

Takes the results of the benchmarks that include other libraries. Ours is `state` (one way),
`block` (streams) and `state, wait_for_change` (waking). A figure is the median of the other library
divided by ours, and the inverse for rates: 5.0 means that ours was five times as fast, 0.9 that the
other library was faster.
"""

import json
import sys
from typing import Any

OURS = {"latency": "state", "stream": "block", "wake": "state, wait_for_change"}
NAMES = {"latency": "one way", "stream": "stream", "wake": "waking"}
# Our other cases, which are not peers.
ALSO_OURS = {"state, stamped", "stream", "block, batches of 32", "block, idle readers sleep", "overwrite"}


def peers_of(answers: list[dict[str, Any]]) -> list[str]:
    seen: dict[str, None] = {}
    for answer in answers:
        for row in answer["rows"]:
            what = row["what"]
            if not what.startswith("limit") and what != OURS[answer["question"]] and what not in ALSO_OURS:
                seen.setdefault(what)
    return list(seen)


def line_of(answer: dict[str, Any], bytes_: int, readers: int, peers: list[str]) -> list[str]:
    rows = {row["what"]: row for row in answer["rows"] if (row["bytes"], row["readers"]) == (bytes_, readers)}
    ours = rows[OURS[answer["question"]]]

    def times_better(peer: str) -> str:
        if peer not in rows:
            return "-"
        other = rows[peer]["median"]
        better = other / ours["median"] if answer["better"] == "lower" else ours["median"] / other
        return f"{better:.2g}" if better < 100 else f"{better:.0f}"

    return [
        f"{NAMES[answer['question']]} ({answer['unit']})",
        str(bytes_),
        str(readers),
        f"{ours['median']:.4g}",
        f"{ours['ratio']:.2f}",
        *map(times_better, peers),
    ]


def main(arguments: list[str]) -> int:
    markdown = arguments[:1] == ["--markdown"]
    answers = []
    for path in arguments[markdown:]:
        with open(path, encoding="utf-8") as file:
            answers.append(json.load(file))
    answers = [answer for answer in answers if answer["question"] in OURS]
    if not answers:
        print(__doc__, file=sys.stderr)
        return 2
    peers = peers_of(answers)
    lines = [["ours against others", "bytes", "readers", "ours", "x limit", *peers]]
    for answer in answers:
        cases = sorted({(row["readers"], row["bytes"]) for row in answer["rows"]})
        lines += [line_of(answer, bytes_, readers, peers) for readers, bytes_ in cases]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for index, line in enumerate(lines):
        padded = [text.ljust(width) if i == 0 else text.rjust(width)
                  for i, (text, width) in enumerate(zip(line, widths))]
        print("| " + " | ".join(padded) + " |" if markdown else "  ".join(padded).rstrip())
        if markdown and index == 0:
            print("| --- |" + " ---: |" * (len(line) - 1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
