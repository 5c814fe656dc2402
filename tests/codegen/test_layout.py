# SPDX-License-Identifier: Apache-2.0
"""Offsets, the canonical text, the schema id."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest
from support import read, read_segment, segment_text

from evo_codegen.ir import StructType
from evo_codegen.layout import Line, canonical_lines, layout_of, schema_id


def lines_of(directory: Path, fields: str, before: str = "", attributes: str = "") -> list[str]:
    struct, _ = read_segment(directory, segment_text(fields, attributes, before))
    return canonical_lines(struct)


def test_offsets_and_padding(tmp_path: Path) -> None:
    struct, _ = read_segment(tmp_path, segment_text("a:ubyte; b:double; c:ushort; d:ubyte"))
    layout = layout_of(struct)
    assert (layout.size, layout.alignment) == (24, 8)
    assert [(each.offset, each.size, each.padding) for each in layout.fields] == [
        (0, 1, 7),
        (8, 8, 0),
        (16, 2, 0),
        (18, 1, 5),
    ]


def test_force_align(tmp_path: Path) -> None:
    before = "struct V (force_align: 16) { x:float; }\n"
    struct, _ = read_segment(tmp_path, segment_text("a:ubyte; v:[V:2]", "force_align: 32", before))
    layout = layout_of(struct)
    assert (layout.size, layout.alignment) == (64, 32)
    assert [(each.offset, each.size, each.padding) for each in layout.fields] == [
        (0, 1, 15),
        (16, 32, 16),
    ]


def test_offsets_beyond_16_bits(tmp_path: Path) -> None:
    struct, _ = read_segment(tmp_path, segment_text("a:[ulong:65535]; b:[ulong:65535]; c:bool"))
    assert [each.offset for each in layout_of(struct).fields] == [0, 524280, 1048560]


@pytest.mark.parametrize("seed", range(20))
def test_random_structs_are_laid_out_as_flatc_does(tmp_path: Path, seed: int) -> None:
    """The front end compares every offset and size with flatc's, and raises if one differs."""
    chance = random.Random(seed)
    scalars = ["bool", "byte", "ushort", "int", "ulong", "float", "double"]
    types: list[str] = []
    text = "namespace test;\n"
    for index in range(12):
        fields = ""
        for place in range(chance.randint(1, 8)):
            type_ = chance.choice(scalars + types)
            length = chance.randint(1, 5)
            fields += f"f{place}:{f'[{type_}:{length}]' if chance.random() < 0.3 else type_};"
        align = chance.choice(["", "", " (force_align: 32)"])
        text += f"struct S{index}{align} {{ {fields} }}\n"
        types.append(f"S{index}")
        if len(types) > 4:
            types.pop(0)
    schema, errors = read(tmp_path, text)
    assert errors == []
    for struct in schema.declared:
        assert isinstance(struct, StructType)
        layout = layout_of(struct)
        assert sum(each.size + each.padding for each in layout.fields) == layout.size


def test_canonical_text(tmp_path: Path) -> None:
    before = (
        "enum Mode : short { A = -1, Zero = 0, B = 5 }\n"
        'struct Point { x:float (unit: "mm"); on:bool; }\n'
    )
    fields = 'mode:Mode; point:Point; path:[Point:2]; raw:[ubyte:3] (unit: "µV", max: "9")'
    assert lines_of(tmp_path, fields, before) == [
        "evo layout 1",
        "0 mode i16{A=-1,Zero=0,B=5}",
        "4 point struct<8,4>",
        '4 point.x f32 unit="mm"',
        "8 point.on bool",
        "12 path struct<8,4>[2]",
        '12 path[].x f32 unit="mm"',
        "16 path[].on bool",
        '28 raw u8[3] unit="µV"',
        "size=32 alignment=4",
    ]


def test_schema_id_is_blake2b_of_the_text() -> None:
    text = "evo layout 1\n0 x i32\nsize=4 alignment=4\n"
    expected = hashlib.blake2b(text.encode(), digest_size=32).hexdigest()
    assert schema_id(text.splitlines()) == expected


def test_the_text_is_about_the_layout_alone(tmp_path: Path) -> None:
    plain = segment_text("x:int; y:[float:2]")
    renamed = plain.replace("State", "Other").replace("namespace test", "namespace quite.another")
    limited = plain.replace("x:int;", 'x:int (min: "-1", max: "1");')
    moved = plain.replace('"tester"', '"another", readers: "a", slots: 8, period: "1ms"')
    commented = plain.replace("/// A field.", "/// Another comment.")
    texts = [plain, renamed, limited, moved, commented]
    assert len({tuple(canonical_lines(read_segment(tmp_path, text)[0])) for text in texts}) == 1


@pytest.mark.parametrize(
    "changed",
    [
        "z:int; y:float",
        "x:uint; y:float",
        "x:int; y:double",
        "x:[int:1]; y:float",
        'x:int (unit: "m"); y:float',
        "y:float; x:int",
        "x:int",
        "x:int; y:float; z:int",
    ],
)
def test_the_text_changes_with_the_layout(tmp_path: Path, changed: str) -> None:
    assert lines_of(tmp_path, changed) != lines_of(tmp_path, "x:int; y:float")


def test_enumerators_are_part_of_the_text(tmp_path: Path) -> None:
    texts = {
        tuple(lines_of(tmp_path, "mode:Mode", f"enum Mode : ubyte {{ {values} }}\n"))
        for values in ("A, B", "A, C", "A, B = 2", "A, B, C")
    }
    assert len(texts) == 4


def test_lines_can_be_parsed_back(tmp_path: Path) -> None:
    before = "enum Mode : byte { A = -1, B = 0 }\nstruct P { x:[int:2]; m:Mode; }\n"
    text = lines_of(tmp_path, 'p:[P:2]; v:float (unit: "kg·m/s²"); m:[Mode:3]', before)
    for line in text[1:-1]:
        assert str(Line.parse(line)) == line
    with pytest.raises(ValueError, match="not a line"):
        Line.parse("0 x")
