# SPDX-License-Identifier: Apache-2.0
"""The words of reference pages: headings, links, cells, numbers with their units."""

from __future__ import annotations

import re
from collections.abc import Sequence

from evo_codegen.attributes import in_largest_unit
from evo_codegen.ir import EnumType, Member, Schema, StructType, TableType

ACCESS = {"owner": "`owner` (0600)", "group": "`group` (0640)"}


def title(type_: EnumType | StructType | TableType) -> str:
    """Returns the heading of the type's section."""
    # With its namespace; otherwise two types on a page might have the same anchor.
    if isinstance(type_, EnumType):
        return f"Enum `{type_.full_name}`"
    if isinstance(type_, TableType):
        return f"Table `{type_.full_name}`"
    return f"Struct `{type_.full_name}`"


def type_link(schema: Schema, type_: EnumType | StructType | TableType) -> str:
    """Returns the link to the type's section, on this page or on the declaring schema's page."""
    page = "" if type_.file == schema.file else f"{type_.file.removesuffix('.fbs')}.md"
    return f"{page}#{_anchor(title(type_))}"


def _anchor(heading: str) -> str:
    """Returns the anchor that GitHub generates for a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def range_text(field: Member) -> str:
    low, high = field.text("min"), field.text("max")
    if low is not None and high is not None:
        return f"{low} to {high}"
    if low is not None:
        return f"at least {low}"
    return f"at most {high}" if high is not None else ""


def size(size: int) -> str:
    return "1 byte" if size == 1 else f"{size} bytes"


def duration(nanoseconds: int) -> str:
    number, unit = in_largest_unit(nanoseconds)
    return f"{number} {unit.replace('us', 'µs')}"


def paragraph(documentation: Sequence[str]) -> list[str]:
    lines = [_escaped(line.removeprefix(" ")).rstrip() for line in documentation]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def cell(documentation: Sequence[str]) -> str:
    """Puts a comment on a single line of a table."""
    joined = " ".join(line.strip() for line in documentation if line.strip())
    return _escaped(joined).replace("|", "\\|")


def _escaped(text: str) -> str:
    """Escapes characters that a browser would read as a tag, except in code."""
    parts = re.split(r"(`[^`]*`)", text)
    parts[::2] = [part.replace("&", "&amp;").replace("<", "&lt;") for part in parts[::2]]
    return "".join(parts)
