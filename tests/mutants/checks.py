# SPDX-License-Identifier: Apache-2.0
"""Finds the numbered checks of the runtime's sources, and makes each of them removable.

The number stands in the comment before the check (`// A3. why`), or at the end of its line. A check is one of

  if (a || b) ...                         each operand is a mutant, in which it is never true
  if (a && b) return {};                  each operand is a mutant, in which it is always true
  return a && b;  fits = a && b;          likewise
  compare(a, b);                          the statement is removed

An operand `!x` or `x` next to others that use `*x` or `x->` is no mutant: without it, they would be undefined. For the
same reason, a statement that only hands on the error of another check has no number if it is followed by a use of the
value.

usage: checks.py files              prints the sources that have checks
       checks.py mutate FILE TO     writes FILE, with each of its checks removable

An `if` whose body reports an error of its own must have a number, so a new check is not forgotten.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "runtime" / "src"

# In the order in which an attach or a create gets there; see segment_format.md for the letters.
FILES = ["system/domain.cpp", "system/file.cpp", "attachment/control.cpp", "format/segment_header.cpp",
         "attachment/self_description.cpp", "attachment/reader_attachment.cpp", "schema/checked_schema.cpp",
         "schema/schema_check.cpp", "attachment/own_control.cpp", "attachment/writer_attachment.cpp",
         "attachment/data_file.cpp", "protocol/state_publisher.cpp", "attachment/segment_files.cpp",
         "attachment/teardown.cpp", "maintenance/cleanup.cpp", "maintenance/fencing.cpp"]

NUMBER = re.compile(r"^(?: *|[^\n]*; +)// ([ACDFGHKTW]\d+)(?:\.|$)", re.MULTILINE)
COMMENT = re.compile(r"[ ]*//[^\n]*\n")
REFUSES = re.compile(r"make_error\(|refuse\(|unusable\(|\bcorrupt\w*\(|wrong_size\(|not_ready\(|_not_found\(|return \"")
ACCEPTS = re.compile(r"\s*\{?\s*return (\{\}|true|(older->)?field_count);")
# Time that has passed, errors of system calls, and choices between two messages.
NO_CHECKS = re.compile(r"errno|tired|patience|interruptions|retire\(|pid == 0|control\.error\(\)")
DECLARATION = re.compile(r"(?:const )?[\w:]+\*? (\w+) = ")


NEVER, ALWAYS, REMOVED = "never true", "always true", "removed"


class BadMark(Exception):
    """A number without a check, or a check without a number."""


@dataclass
class Operand:
    """One mutant: a part of a check that can be removed."""
    number: str
    file: str
    text: str
    change: str
    start: int
    end: int
    declares: str = ""

    @property
    def place(self) -> str:
        return f"{Path(self.file).name}: {' '.join(self.text.split())}"

    @property
    def mutated(self) -> str:
        call = f'::evo::mutants::kept("{self.number}")'
        if self.declares:
            return f"{self.text}; static_cast<bool>({self.declares}) && {call}"
        if self.change == REMOVED:
            return f"if ({call}) {self.text}"
        if self.change == ALWAYS:
            return f"(static_cast<bool>({self.text}) || !{call})"
        return f"(static_cast<bool>({self.text}) && {call})"


def closing(text: str, start: int, ends: str) -> int:
    """The position of the first of `ends` outside of brackets and literals."""
    depth = 0
    at = start
    while at < len(text):
        letter = text[at]
        if letter in "\"'" and not (letter == "'" and text[at - 1].isdigit()):
            at += 1
            while text[at] != letter:
                at += 2 if text[at] == "\\" else 1
        elif text.startswith("//", at):
            at = text.index("\n", at)
        elif depth == 0 and letter in ends:
            return at
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        at += 1
    raise BadMark(f"no end: {text[start:start + 40]}")


def split(text: str, start: int, end: int, operator: str) -> list[tuple[int, int]]:
    """The operands of the outermost `operator`, as positions without blanks around them."""
    parts = []
    first = at = start
    while at < end:
        # A doubled letter ends `closing` at its first one.
        at = min(closing(text[:end] + operator[0], at, operator[0]), end)
        if at == end or text.startswith(operator, at):
            parts.append((first, at))
            first = at + 2
        at += 2 if text.startswith(operator, at) else 1
    result = []
    for low, high in parts:
        while text[low].isspace():
            low += 1
        while text[high - 1].isspace():
            high -= 1
        result.append((low, high))
    return result


def condition_of(text: str, opening: int) -> tuple[int, int, int]:
    """Start and end of the condition of an `if`, and the position after its bracket."""
    end = closing(text, opening + 1, ")")
    start = opening + 1
    semicolon = closing(text[:end] + ";", start, ";")
    return (semicolon + 1 if semicolon < end else start), end, end + 1


def body_of(text: str, start: int) -> str:
    """The statement that an `if` controls, without blocks that another condition controls."""
    while text[start].isspace():
        start += 1
    if text[start] == "{":
        body = text[start + 1:closing(text, start + 1, "}")]
        return re.split(r"\b(?:if|for|while|switch) \(", body)[0]
    if re.match(r"(if|for|while|switch) \(", text[start:]):
        return ""
    return text[start:closing(text, start, ";") + 1]


def operands_of(number: str, file: str, text: str, at: int) -> list[Operand]:
    """The mutants of the statement at `at`."""
    if match := re.compile(r"\s*(?:\} else )?if (\()").match(text, at):
        start, end, after = condition_of(text, match.start(1))
        condition = text[start:end].strip()
        if declared := DECLARATION.match(condition):
            return [Operand(number, file, condition, NEVER, start, end, declared[1])]
        change = ALWAYS if ACCEPTS.match(text, after) else NEVER
    elif match := re.compile(r"\s*(?:return|(?:const )?\w+ \w+ =|\w+ =)(?=\s)").match(text, at):
        start, end, change = match.end(), closing(text, match.end(), ";"), ALWAYS
    elif match := re.compile(r"\s*(?=\w+\()").match(text, at):
        start, end = match.end(), closing(text, match.end(), ";")
        return [Operand(number, file, text[start:end], REMOVED, start, end)]
    else:
        raise BadMark(f"{file}: {number} is not followed by a check")
    parts = [(text[low:high], low, high)
             for low, high in split(text, start, end, "&&" if change == ALWAYS else "||")]
    if len(parts) == 1 and change == NEVER:
        parts = alternatives_of(text, parts)
    used = [part for part in parts if not is_guard(part[0], parts)]
    return [Operand(number + (chr(ord("a") + i) if len(used) > 1 else ""), file, part, change, low, high)
            for i, (part, low, high) in enumerate(used)]


def alternatives_of(text: str, parts: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Of `a && (b || c)`: b and c."""
    low, high = split(text, parts[0][1], parts[0][2], "&&")[-1]
    if text[low] != "(" or closing(text, low + 1, ")") != high - 1:
        return parts
    inner = split(text, low + 1, high - 1, "||")
    return [(text[first:end], first, end) for first, end in inner] if len(inner) > 1 else parts


def is_guard(part: str, parts: list[tuple[str, int, int]]) -> bool:
    match = re.fullmatch(r"!?(\w+)(?: != [\w.]+\.end\(\))?", part)
    return match is not None and any(re.search(rf"\*{match[1]}\b|\b{match[1]}->", other) for other, _, _ in parts)


def find_in(file: str, text: str) -> list[Operand]:
    found: list[Operand] = []
    numbered = set()
    for mark in NUMBER.finditer(text):
        at = mark.start()
        while comment := COMMENT.match(text, at):
            at = comment.end()
        operands = operands_of(mark[1], file, text, at)
        numbered.add(at)
        found += operands
    for match in re.finditer(r"^[^\n]*\bif (\()", text, re.MULTILINE):
        line = match.start()
        if "//" in match[0] or line in numbered:
            continue
        start, end, after = condition_of(text, match.start(1))
        if NO_CHECKS.search(text, start, end) or not REFUSES.search(body_of(text, after)):
            continue
        raise BadMark(f"{file}: this check has no number: {text[line:after].strip()}")
    return found


def find_checks() -> list[Operand]:
    """All of them, in the order of their numbers."""
    found = [operand for file in FILES for operand in find_in(file, (SOURCES / file).read_text(encoding="utf-8"))]
    found.sort(key=lambda each: (each.number[0], int(re.sub(r"\D", "", each.number)), each.number))
    numbers = [(each.number[0], int(re.sub(r"\D", "", each.number))) for each in found]
    for letter in sorted({letter for letter, _ in numbers}):
        of_letter = sorted({number for each, number in numbers if each == letter})
        if of_letter != list(range(1, len(of_letter) + 1)):
            raise BadMark(f"the numbers of {letter} have a gap: {of_letter}")
    names = [each.number for each in found]
    for name in names:
        if names.count(name) > 1:
            raise BadMark(f"{name} is there twice")
    return found


def mutate(file: str) -> str:
    """The source in which EVO_MUTANT removes checks."""
    path = SOURCES / file
    text = path.read_text(encoding="utf-8")
    for operand in reversed(find_in(file, text)):
        text = text[:operand.start] + " " + operand.mutated + text[operand.end:]
    return f'#include "kept.hpp"\n#line 1 "{path}"\n{text}'


def main(arguments: list[str]) -> int:
    if arguments == ["files"]:
        print("\n".join(FILES))
    elif len(arguments) == 3 and arguments[0] == "mutate":
        to = Path(arguments[2])
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(mutate(arguments[1]), encoding="utf-8")
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BadMark as error:
        sys.exit(f"checks.py: {error}")
