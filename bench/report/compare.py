# SPDX-License-Identifier: Apache-2.0
"""Compares measured ratios to the limit with the accepted ones.

usage: compare.py --compare REFERENCE.json RESULT.json...
       compare.py --accept REFERENCE.json RESULT.json...

A ratio is the time of an operation divided by the machine's best time in the same round, so apart
from noise it is the same on a fast and a slow machine. The reference has for each case the ratio
and the noise, the factor by which the ratio may be exceeded. Times are never compared.

--compare exits with 1 and a line for each case that became worse. --accept writes the measured
ratios and keeps the noise of existing cases.
"""

import json
import sys
from typing import Any

USUAL_NOISE = 1.6


def load(path: str) -> Any:
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def rows_of(paths: list[str]) -> list[tuple[str, Any]]:
    """Returns the rows with their keys."""
    return [
        (f"{answer['question']}: {row['what']}, {row['bytes']} bytes, {row['readers']} readers", row)
        for answer in map(load, paths) for row in answer["rows"]
    ]


def measured(paths: list[str]) -> dict[str, float]:
    """Returns the ratio of each case; the best one of several measurements or distances."""
    ratios: dict[str, float] = {}
    for key, row in rows_of(paths):
        if row.get("ratio") is not None:
            ratios[key] = min(row["ratio"], ratios.get(key, row["ratio"]))
    return ratios


def is_unresolved(paths: list[str]) -> bool:
    """Whether a limit is too short for the clock (0 ns), so that a ratio to it is null."""
    return any("ratio" in row and row["ratio"] is None for _, row in rows_of(paths))


def compare(reference: dict[str, Any], ratios: dict[str, float], paths: list[str]) -> int:
    worse = 0
    for key, expected in reference.items():
        if key not in ratios:
            continue
        most = expected["ratio"] * expected["noise"]
        if ratios[key] > most:
            worse += 1
            print(f"{key}: {ratios[key]:.2f} times the limit, accepted are {expected['ratio']:.2f} and up to "
                  f"{most:.2f} with noise", file=sys.stderr)
    known = [key for key in ratios if key in reference]
    if not ratios and is_unresolved(paths):
        print("no ratio to compare: the limit is shorter than the clock can tell")
        return 0
    if not known:
        print("none of the cases that were measured is in the reference; write them with --accept", file=sys.stderr)
        return 1
    print(f"{len(known)} ratios compared, {worse} worse than accepted")
    return 1 if worse else 0


def accept(path: str, reference: dict[str, Any], ratios: dict[str, float]) -> int:
    for key, ratio in ratios.items():
        noise = reference.get(key, {}).get("noise", USUAL_NOISE)
        reference[key] = {"ratio": round(ratio, 2), "noise": noise}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(dict(sorted(reference.items())), file, indent=2)
        file.write("\n")
    print(f"{len(ratios)} ratios written to {path}")
    return 0


def main(arguments: list[str]) -> int:
    if len(arguments) < 3 or arguments[0] not in ("--compare", "--accept"):
        print(__doc__, file=sys.stderr)
        return 2
    ratios = measured(arguments[2:])
    try:
        reference = load(arguments[1])
    except FileNotFoundError:
        if arguments[0] == "--compare":
            print(f"{arguments[1]} does not exist; create it with: scripts/bench --quick --accept", file=sys.stderr)
            return 1
        reference = {}
    if arguments[0] == "--accept":
        return accept(arguments[1], reference, ratios)
    return compare(reference, ratios, arguments[2:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
