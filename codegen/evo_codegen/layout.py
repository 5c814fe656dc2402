# SPDX-License-Identifier: Apache-2.0
"""The place of each byte of a struct, the canonical text of a segment's layout, and its schema id.

The rules are those of C and of FlatBuffers structs: each field at the next multiple of its
alignment, the size a multiple of the struct's alignment. Offsets are computed here because a
binary schema stores only 16 bits of them; the front end compares.

The canonical text is documented in codegen/README.md.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from evo_codegen.ir import EnumType, Field, Scalar, StructType, Type

FORMAT_LINE = "evo layout 1"


@dataclass(frozen=True)
class Placed:
    """A field with its bytes, and the padding after it."""

    field: Field
    offset: int
    size: int
    padding: int


@dataclass(frozen=True)
class Layout:
    """The bytes of a struct without gaps: fields and padding add up to its size."""

    size: int
    alignment: int
    fields: tuple[Placed, ...]


def round_up(value: int, alignment: int) -> int:
    return (value + alignment - 1) // alignment * alignment


def alignment_of(type_: Type) -> int:
    return type_.alignment if isinstance(type_, StructType) else size_of(type_)


def size_of(type_: Type) -> int:
    """Returns the bytes of one value of the type."""
    if isinstance(type_, StructType):
        return layout_of(type_).size
    return type_.scalar.size if isinstance(type_, EnumType) else type_.size


@cache
def holds_bools(type_: Type) -> bool:
    """Whether a value of the type contains a bool."""
    if isinstance(type_, StructType):
        return any(holds_bools(field.type) for field in type_.fields)
    return type_ is Scalar.BOOL


@cache
def layout_of(struct: StructType) -> Layout:
    """Places the fields of a struct."""
    offsets = []
    sizes = []
    end = 0
    for field in struct.fields:
        offset = round_up(end, alignment_of(field.type))
        size = size_of(field.type) * (field.length or 1)
        offsets.append(offset)
        sizes.append(size)
        end = offset + size
    total = round_up(end, struct.alignment)
    following = [*offsets[1:], total]
    placed = tuple(
        Placed(field, offset, size, next_offset - offset - size)
        for field, offset, size, next_offset in zip(struct.fields, offsets, sizes, following)
    )
    return Layout(total, struct.alignment, placed)


@dataclass(frozen=True)
class Line:
    """One line of the canonical text: a field, possibly nested."""

    offset: int
    path: str  # `axes[].position.x`: `[]` stands for each element
    type: str  # `u8`, `struct<24,8>`, `u8{Idle=0,Running=1}`
    length: int | None
    unit: str | None

    def __str__(self) -> str:
        length = f"[{self.length}]" if self.length is not None else ""
        unit = f" {unit_text(self.unit)}" if self.unit else ""
        return f"{self.offset} {self.path} {self.type}{length}{unit}"

    @classmethod
    def parse(cls, text: str) -> Line:
        """The inverse of str(); raises ValueError if the text is not such a line."""
        match = re.fullmatch(
            r"(\d+) ([\w.\[\]]+) (\w+(?:<\d+,\d+>|\{[-\w=,]+\})?)(?:\[(\d+)\])?"
            r"(?: unit=(\".*\"))?",
            text,
        )
        if not match:
            raise ValueError(f"not a line of a layout: {text}")
        offset, path, type_, length, unit = match.groups()
        return cls(
            int(offset),
            path,
            type_,
            int(length) if length else None,
            str(json.loads(unit)) if unit else None,
        )


def canonical_lines(struct: StructType) -> list[str]:
    """Returns the canonical text of a segment's layout, line by line."""
    layout = layout_of(struct)
    lines = [str(line) for line in _lines(layout, 0, "")]
    return [FORMAT_LINE, *lines, f"size={layout.size} alignment={layout.alignment}"]


def schema_id(lines: list[str]) -> str:
    """Returns the BLAKE2b-256 of the canonical text, as hexadecimal digits."""
    text = "".join(f"{line}\n" for line in lines)
    return hashlib.blake2b(text.encode("utf-8"), digest_size=32).hexdigest()


def _lines(layout: Layout, base: int, prefix: str) -> Iterator[Line]:
    for placed in layout.fields:
        field = placed.field
        path = prefix + field.name
        offset = base + placed.offset
        yield Line(offset, path, type_text(field.type), field.length, field.unit)
        if isinstance(field.type, StructType):
            inner = f"{path}[]." if field.length is not None else f"{path}."
            yield from _lines(layout_of(field.type), offset, inner)


def unit_text(unit: str) -> str:
    return f"unit={json.dumps(unit, ensure_ascii=False)}"


def type_text(type_: Type) -> str:
    if isinstance(type_, Scalar):
        return type_.canonical
    if isinstance(type_, EnumType):
        ordered = sorted(type_.enumerators, key=lambda enumerator: enumerator.value)
        values = ",".join(f"{enumerator.name}={enumerator.value}" for enumerator in ordered)
        return f"{type_.scalar.canonical}{{{values}}}"
    layout = layout_of(type_)
    return f"struct<{layout.size},{layout.alignment}>"
