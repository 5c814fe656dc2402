# SPDX-License-Identifier: Apache-2.0
"""Draws the bytes of a struct in rows of eight, with every field and all padding in place.

        0    1    2    3    4    5    6    7
      +---------------------------------------+
    0 |                 cycle                 |
      +---------+----+------------------------+
    8 |  speed  |mode|........................|
      +---------+----+------------------------+

Repetition is left out: only the first and the last row of a long array of numbers are drawn, and
only the first and the last element of a long array of structs. A row between colons stands for all
the bytes that it names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evo_codegen.ir import StructType
from evo_codegen.layout import Layout, layout_of, round_up, size_of

ROW = 8  # bytes

# Columns per byte, including its border: wide enough for most names, but a row must fit on a page.
_NARROWEST, _WIDEST = 5, 11

# An array of at most this many structs is drawn completely.
_FEW = 3


@dataclass(frozen=True)
class _Piece:
    """Bytes under one name: a number, an array of numbers, left out structs, padding."""

    start: int
    end: int
    name: str  # empty: padding
    element: int = 0  # bytes of an element; 0 if it is not an array
    first: int = 0  # index of its first element
    shown: int = 0  # full rows to draw at either end, if not all of them

    def names(self, start: int, end: int) -> list[str]:
        """Returns names for its bytes from `start` to `end`, the best name first."""
        index = ""
        if self.element:
            low = (start - self.start) // self.element + self.first
            high = (end - 1 - self.start) // self.element + self.first
            index = f"[{low}]" if low == high else f"[{low}..{high}]"
        outer, _, last = self.name.rpartition(".")
        return [self.name + index, f".{last}{index}"] if outer else [self.name + index]

    def left_out(self) -> range:
        """Returns the offsets of the rows that one row stands for; empty if all are drawn."""
        start = round_up(self.start, ROW) + self.shown * ROW
        end = self.end // ROW * ROW - self.shown * ROW
        return range(start, end, ROW) if end - start > ROW else range(0)


@dataclass(frozen=True)
class _Cell:
    """Bytes of a row that belong to one piece."""

    start: int  # bytes from the start of the row
    end: int
    names: Sequence[str]  # empty: padding

    def text(self, pitch: int) -> str:
        """Returns the text between its borders."""
        room = (self.end - self.start) * pitch - 1
        if not self.names:
            return "." * room
        fitting = (name for name in self.names if len(name) <= room)
        cut = f"{self.names[-1].removeprefix('.')[: room - 2]}.."
        return next(fitting, cut).center(room)


@dataclass(frozen=True)
class _Row:
    offset: int
    cells: tuple[_Cell, ...]
    is_left_out: bool = False

    def edges(self) -> set[int]:
        return {0, *(cell.end for cell in self.cells)}


def byte_diagram(struct: StructType) -> list[str]:
    """Returns the lines of the diagram: plain ASCII, at most 100 columns wide."""
    layout = layout_of(struct)
    rows = list(_rows(list(_pieces(layout, 0, "")), layout.size))
    pitch = _pitch(rows)
    margin = len(str(rows[-1].offset)) + 4
    numbers = "".join(f"{byte:^{pitch}}" for byte in range(ROW))
    lines = [f"{'':{margin + 1}}{numbers}".rstrip()]
    for above, row in zip((None, *rows), rows):
        lines.append(" " * margin + _rule(above, row, pitch))
        edge = ":" if row.is_left_out else "|"
        cells = edge.join(cell.text(pitch) for cell in row.cells)
        lines.append(f"{row.offset:>{margin - 1}} {edge}{cells}{edge}")
    lines.append(" " * margin + _rule(rows[-1], None, pitch))
    return lines


def _pieces(layout: Layout, base: int, prefix: str) -> Iterator[_Piece]:
    for placed in layout.fields:
        type_ = placed.field.type
        name = prefix + placed.field.name
        start = base + placed.offset
        end = start + placed.size
        length = placed.field.length
        if not isinstance(type_, StructType):
            element = size_of(type_) if length is not None else 0
            yield _Piece(start, end, name, element, shown=1)
        elif length is None:
            yield from _pieces(layout_of(type_), start, f"{name}.")
        else:
            yield from _elements(layout_of(type_), start, name, length)
        if placed.padding:
            yield _Piece(end, end + placed.padding, "")


def _elements(layout: Layout, start: int, name: str, length: int) -> Iterator[_Piece]:
    """The pieces of an array of structs: all elements if few, otherwise the first and the last."""
    for index in range(length) if length <= _FEW else (0, length - 1):
        if index > 1 and length > _FEW:
            between = (start + layout.size, start + index * layout.size)
            yield _Piece(*between, name, layout.size, first=1)
        yield from _pieces(layout, start + index * layout.size, f"{name}[{index}].")


def _rows(pieces: list[_Piece], size: int) -> Iterator[_Row]:
    offset = 0
    while offset < size:
        while pieces[0].end <= offset:
            pieces.pop(0)
        left_out = pieces[0].left_out()
        if offset in left_out:
            names = pieces[0].names(offset, left_out.stop) if pieces[0].name else []
            yield _Row(offset, (_Cell(0, ROW, names),), is_left_out=True)
            offset = left_out.stop
            continue
        end = min(offset + ROW, size)
        yield _Row(offset, tuple(_cells(pieces, offset, end)))
        offset = end


def _cells(pieces: list[_Piece], row: int, row_end: int) -> Iterator[_Cell]:
    for piece in pieces:
        if piece.start >= row_end:
            return
        start, end = max(piece.start, row), min(piece.end, row_end)
        yield _Cell(start - row, end - row, piece.names(start, end) if piece.name else [])


def _pitch(rows: list[_Row]) -> int:
    """Returns the columns per byte with which every name fits, the best name if possible."""
    pitch = _NARROWEST
    for cell in (cell for row in rows for cell in row.cells):
        span = cell.end - cell.start
        needed = [-(-(len(name) + 1) // span) for name in cell.names]
        if needed:
            pitch = max(pitch, next((each for each in needed if each <= _WIDEST), _WIDEST))
    return pitch


def _rule(above: _Row | None, below: _Row | None, pitch: int) -> str:
    """Returns the line between two rows."""
    edges = (above.edges() if above else set()) | (below.edges() if below else set())
    width = max(edges) * pitch
    corners = {edge * pitch for edge in edges}
    return "".join("+" if at in corners else "-" for at in range(width + 1))
