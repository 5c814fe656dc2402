# SPDX-License-Identifier: Apache-2.0
"""Compares the barriers of the data path with those that are expected.

usage: check_barriers.py EXPECTED COMPILER [FLAG...]

Compiles data_path.cpp to assembly. EXPECTED lists, for each of its functions, the instructions that order memory, in
the order of the assembly: fences, locked instructions, and loads and stores with an order. After a `#` is the name of
the synchronization point. The functions of writers have the number of their instructions, too: whatever readers learn
to do, a publish pays nothing for it. Prints the difference; the exit code is 1 if there is any.
"""

import difflib
import re
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parent / "data_path.cpp"
FUNCTION = re.compile(r"^(state_\w+|stream_\w+)(\.cold)?:")
ANY_LABEL = re.compile(r"^[A-Za-z_]\S*:")
INSTRUCTION = re.compile(r"^\s+[a-z]")
WRITERS = ("state_write", "stream_push")
# x86-64: a plain load or store has an order already. 64-bit ARM: dmb, and loads and stores with acquire or release.
BARRIER = re.compile(r"^\s+(lock\b.*|[lms]fence\b.*|xchg\w*\b.*\(.*|dmb\b.*|dsb\b.*|isb\b.*|"
                     r"ld(?:a|apr|ax|axp)r?[bh]?\b.*|stl(?:r|xr|xp|ur)[bh]?\b.*|(?:cas|swp|ld(?:add|set|clr))(?:a|l|al)\b.*)$")


def barriers_of(assembly: str) -> list[str]:
    found: dict[str, list[str]] = {}
    instructions: dict[str, int] = {}
    function = ""
    for line in assembly.splitlines():
        if match := FUNCTION.match(line):
            function = match[1] + (match[2] or "")
            found[function] = []
        elif ANY_LABEL.match(line):
            function = ""
        elif function and INSTRUCTION.match(line):
            instructions[function] = instructions.get(function, 0) + 1
            if not (match := BARRIER.match(line)):
                continue
            # Registers and offsets may change; what is ordered does not.
            words = match[1].replace(",", " ").split()
            kept = words[:2] if words[0] in ("lock", "dmb") else words[:1]
            found[function].append("  " + " ".join(kept))
    lines: list[str] = []
    for name, barriers in found.items():
        if barriers or not name.endswith(".cold"):
            lines += [f"{name}:", *barriers]
        if name in WRITERS:
            lines.append(f"  {instructions[name]} instructions")
    return lines


def main(arguments: list[str]) -> int:
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    expected_file, *command = arguments
    run = subprocess.run([*command, "-S", "-o", "-", str(SOURCE)], capture_output=True, text=True)
    if run.returncode != 0:
        print(run.stderr, file=sys.stderr)
        return 1
    text = Path(expected_file).read_text(encoding="utf-8")
    expected = [line for line in (each.split("#")[0].rstrip() for each in text.splitlines()) if line]
    difference = list(difflib.unified_diff(expected, barriers_of(run.stdout), expected_file, "assembly", lineterm=""))
    for line in difference:
        print(line)
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
