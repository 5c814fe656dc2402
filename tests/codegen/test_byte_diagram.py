# SPDX-License-Identifier: Apache-2.0
"""The drawing of a payload, where the golden pages do not show it."""

from __future__ import annotations

from pathlib import Path

from support import read_segment, segment_text

from evo_codegen.byte_diagram import byte_diagram


def diagram(directory: Path, fields: str, before: str = "") -> list[str]:
    struct, _ = read_segment(directory, segment_text(fields, before=before))
    return byte_diagram(struct)


def rows(lines: list[str]) -> list[str]:
    """The text of the rows, without blanks and rules."""
    return ["".join(line.split()) for line in lines if "|" in line or ":" in line]


def test_every_byte_has_its_place(tmp_path: Path) -> None:
    assert diagram(tmp_path, "a:ubyte; b:ushort; c:uint; d:ubyte") == [
        "        0    1    2    3    4    5    6    7",
        "     +----+----+---------+-------------------+",
        "   0 | a  |....|    b    |         c         |",
        "     +----+----+---------+-------------------+",
        "   8 | d  |..............|",
        "     +----+--------------+",
    ]


def test_the_middle_of_a_long_array_is_one_row(tmp_path: Path) -> None:
    lines = rows(diagram(tmp_path, "first:ubyte; many:[ushort:1000]"))
    assert lines == [
        "0|first|.....|many[0..2]|",
        "8|many[3..6]|",
        "16:many[7..994]:",
        "1992|many[995..998]|",
        "2000|many[999]|",
    ]


def test_a_row_is_left_out_only_where_that_is_shorter(tmp_path: Path) -> None:
    assert rows(diagram(tmp_path, "x:[ulong:3]")) == ["0|x[0]|", "8|x[1]|", "16|x[2]|"]
    assert rows(diagram(tmp_path, "x:[ulong:4]")) == ["0|x[0]|", "8:x[1..2]:", "24|x[3]|"]


def test_of_many_structs_the_first_and_the_last_are_drawn(tmp_path: Path) -> None:
    before = "struct Pair { a:uint; b:uint; }\n\n"
    assert rows(diagram(tmp_path, "pairs:[Pair:3]", before)) == [
        "0|pairs[0].a|pairs[0].b|",
        "8|pairs[1].a|pairs[1].b|",
        "16|pairs[2].a|pairs[2].b|",
    ]
    assert rows(diagram(tmp_path, "pairs:[Pair:9]", before)) == [
        "0|pairs[0].a|pairs[0].b|",
        "8:pairs[1..7]:",
        "64|pairs[8].a|pairs[8].b|",
    ]


def test_structs_that_share_rows(tmp_path: Path) -> None:
    before = "struct Odd { a:ubyte; b:ubyte; c:ubyte; }\n\n"
    assert rows(diagram(tmp_path, "odd:[Odd:5]; last:ubyte", before)) == [
        "0|odd[0].a|odd[0].b|odd[0].c|odd[1..2]|",
        "8|odd[2..3]|odd[4].a|odd[4].b|odd[4].c|last|",
    ]


def test_a_name_that_does_not_fit_is_cut(tmp_path: Path) -> None:
    lines = diagram(tmp_path, "a_name_of_twenty_one:ubyte; other:ubyte")
    assert rows(lines) == ["0|a_name_o..|other|"]
    assert max(map(len, lines)) <= 100


def test_a_large_payload_stays_a_small_drawing(tmp_path: Path) -> None:
    lines = rows(diagram(tmp_path, "x:[ubyte:60000]"))
    assert lines == ["0|x[0..7]|", "8:x[8..59991]:", "59992|x[59992..59999]|"]
