# SPDX-License-Identifier: Apache-2.0
"""The fenced blocks of a Markdown document, and what a test does with each.

A block that follows a line such as "**1. The schema**, `schemas/gripper_state.fbs`:" is that file. A `console` block
is a session: commands after `$ `, each with its output below. All other blocks need a comment on the line above:

    <!-- test: context=NAME -->        C++ statements, in a test of the class NAME of fixtures.hpp
    <!-- test: run -->                 shell commands; each must exit with 0
    <!-- test: output -->              what the last command of the block above prints
    <!-- test: output, in the end -->  the same, but it depends on the load: the command may be repeated
    <!-- test: output of COMMAND -->   what COMMAND prints
    <!-- test: skip, REASON -->        not tested

A comment of several lines, `<!-- test: session`, commands and output as in a console block, `-->`, is a session that
readers do not see. A block without any of these is an error, so every new block is tested or skipped explicitly.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

FILE_NAME = re.compile(r"`([\w./-]+\.(?:fbs|cpp|hpp|txt|json))`:$")
MARKER = re.compile(r"<!-- test: (.*?) -->$")


class DocumentError(Exception):
    pass


@dataclass
class Block:
    line: int  # the number of its first line of text, from 1
    kind: str  # file, context, run, output, session or skip
    argument: str = ""  # name of the file or context, the command, the reason
    in_the_end: bool = False
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)


def blocks_of(document: Path) -> list[Block]:
    blocks: list[Block] = []
    current: Block | None = None
    end = before = ""
    for number, line in enumerate(document.read_text(encoding="utf-8").splitlines(), start=1):
        if current and line == end:
            blocks.append(current)
            current, before = None, ""
        elif current:
            current.lines.append(line)
        elif line == "<!-- test: session":
            current, end = Block(number + 1, "session"), "-->"
        elif line.startswith("```"):
            current, end = classify(f"{document.name}:{number}", line[3:], before), "```"
            current.line = number + 1
        elif line or MARKER.match(before):
            before = line
    if current:
        raise DocumentError(f"{document.name}:{current.line}: the block does not end; write '{end}' below it")
    return blocks


def classify(place: str, language: str, before: str) -> Block:
    """`before` is the last line of text above the block."""
    if language == "console":
        return Block(0, "session")
    marker = MARKER.match(before)
    words = marker[1] if marker else ""
    kind, _, rest = words.partition(", " if "," in words else "=" if "=" in words else " ")
    if words.startswith("skip, ") and rest:
        return Block(0, "skip", rest)
    if words.startswith("output of "):
        return Block(0, "output", words.removeprefix("output of "))
    if words in ("output", "output, in the end"):
        return Block(0, "output", in_the_end=words != "output")
    if (language, words) == ("sh", "run"):
        return Block(0, "run")
    if language == "cpp" and kind == "context" and rest:
        return Block(0, "context", rest)
    name = FILE_NAME.search(before)
    if name and language in ("fbs", "cmake", "cpp", "json"):
        return Block(0, "file", name[1])
    raise DocumentError(
        f"{place}: nothing says how to test this block of '{language}'; name the file in the line above, "
        f"or add a comment as tests/docs/documents.py describes")
