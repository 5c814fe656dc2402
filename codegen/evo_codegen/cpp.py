# SPDX-License-Identifier: Apache-2.0
"""The words of C++ text: names, literals and comments. The templates hold the rest."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Sequence

from evo_codegen.ir import EnumType, Field, Member, Scalar, Schema, TableType, Type

COLUMNS = 100

# Replaces a space at which a comment must not be broken.
_UNBROKEN = "\N{NO-BREAK SPACE}"


def namespace_text(namespace: Sequence[str]) -> str:
    return "::".join(namespace)


def type_name(type_: Type | TableType, inside: Sequence[str]) -> str:
    """Returns the spelling of the type inside a namespace.

    A type of another namespace is spelt from the root: other names inside this namespace, even
    those of other schemas, must not hide the beginning of its name.
    """
    if isinstance(type_, Scalar):
        return type_.cpp
    if tuple(type_.namespace) == tuple(inside):
        return type_.name
    return "::" + namespace_text((*type_.namespace, type_.name))


def field_type(field: Field, inside: Sequence[str]) -> str:
    """Returns the type of a member: the value's type or an array of it."""
    name = type_name(field.type, inside)
    return name if field.length is None else f"std::array<{name}, {field.length}>"


def bfbs_name(schema: Schema, inside: Sequence[str]) -> str:
    """Returns the spelling, inside a namespace, of the array with the compiled schema."""
    first = next(schema.channels())
    is_same = tuple(first.namespace) == tuple(inside)
    root = "" if is_same else "::" + namespace_text((*first.namespace, ""))
    return f"{root}{first.name}Bfbs"


def checksum(word: str) -> str:
    """Returns the enumerator of evo::Checksum."""
    return {"none": "None", "crc32c": "Crc32c"}[word]


def enumeration(words: Sequence[str]) -> str:
    quoted = [f"`{word}`" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def string_literal(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def grouped(number: int) -> str:
    """Writes 1000000 as 1'000'000."""
    return f"{number:,}".replace(",", "'")


def enumerator_value(enum: EnumType, value: int) -> str:
    """Returns the shortest literal that causes no compiler warning."""
    if enum.is_flags:
        return f"0x{value:x}"
    if value == -(1 << 63):
        return f"{value + 1} - 1"
    return f"{value}U" if value >= 1 << 63 else str(value)


def facts(field: Member) -> list[str]:
    """Returns the meaning of the attributes, as sentences after the doc comment."""
    facts = [f"Unit: {field.unit}."] if field.unit else []
    low, high = field.text("min"), field.text("max")
    if low is not None and high is not None:
        facts.append(f"Range: {low} to {high}.")
    elif low is not None:
        facts.append(f"At least {low}.")
    elif high is not None:
        facts.append(f"At most {high}.")
    return facts


def comment(
    documentation: Sequence[str], indent: int, additions: Sequence[str] = ()
) -> list[str]:
    """Returns a doc comment: the schema's lines, then sentences; rewrapped only if too wide."""
    paragraphs = [_plain(line) for line in documentation]
    while paragraphs and not paragraphs[0]:
        paragraphs.pop(0)
    while paragraphs and not paragraphs[-1]:
        paragraphs.pop()
    if additions:
        addition = " ".join(each.replace(" ", _UNBROKEN) for each in additions)
        if paragraphs:
            end = "" if paragraphs[-1][-1] in ".:!?" else "."
            paragraphs[-1] += f"{end} {addition}"
        else:
            paragraphs = [addition]
    prefix = " " * indent + "/// "
    room = COLUMNS - len(prefix)
    lines: list[str] = []
    index = 0
    while index < len(paragraphs):
        end_index = index + 1
        while end_index < len(paragraphs) and _continues(paragraphs[end_index]):
            end_index += 1
        lines += _wrapped(paragraphs[index:end_index], room)
        index = end_index
    return [_unjoined(prefix + line.replace(_UNBROKEN, " ")) for line in lines]


def _plain(line: str) -> str:
    """Removes the one space after `///`, and characters that are not text: a compiler could treat
    a control character as the end of the line, and an editor could show text in another order."""
    line = line.removeprefix(" ").expandtabs(2)
    return _unjoined("".join(each for each in line if _is_text(each)))


def _is_text(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _unjoined(line: str) -> str:
    """Removes a trailing backslash or its trigraph, which would join the line to the next one."""
    return re.sub(r"(\s|\\|\?\?/)+$", "", line)


def _continues(line: str) -> bool:
    """Whether a line continues the sentence above: not blank, not indented, not a list item."""
    return bool(re.match(r"(?![-*+#|>@\\] ?)(?!\d+[.)] )\S", line))


def _wrapped(lines: list[str], room: int) -> list[str]:
    if all(_width(line) <= room for line in lines):
        return lines
    first = lines[0]
    indent = len(first) - len(first.lstrip())
    hanging = " " * indent + ("  " if re.match(r"\s*[-*+] ", first) else "")
    spare = max(_width(line) - len(line) for line in lines)
    return textwrap.wrap(
        " ".join(line.strip() for line in lines),
        room - spare,
        initial_indent=" " * indent,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _width(text: str) -> int:
    """Returns columns on a screen: East Asian characters take two, combining characters none."""
    columns = 0
    for character in text:
        if unicodedata.combining(character) == 0:
            columns += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return columns


def bytes_lines(data: bytes) -> list[str]:
    """Returns hexadecimal bytes, sixteen per line."""
    rows = (data[start : start + 16] for start in range(0, len(data), 16))
    return ["      " + ", ".join(f"0x{byte:02x}" for byte in row) + "," for row in rows]
