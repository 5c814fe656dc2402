# SPDX-License-Identifier: Apache-2.0
"""From text to the intermediate representation."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support import HEAD, read, read_segment, segment_text

from evo_codegen.diagnostics import Diagnostics, MissingTool, UsageError
from evo_codegen.front_end import read_schemas
from evo_codegen.ir import EnumType, Kind, Scalar, StructType, Version


def test_fields_come_in_the_order_of_the_schema(tmp_path: Path) -> None:
    struct, _ = read_segment(tmp_path, segment_text("zebra:int; apple:int; mango:int"))
    assert [field.name for field in struct.fields] == ["zebra", "apple", "mango"]


@pytest.mark.parametrize(
    ("text", "scalar"),
    [
        ("bool", Scalar.BOOL),
        ("byte", Scalar.I8),
        ("uint8", Scalar.U8),
        ("short", Scalar.I16),
        ("uint16", Scalar.U16),
        ("int32", Scalar.I32),
        ("uint", Scalar.U32),
        ("long", Scalar.I64),
        ("uint64", Scalar.U64),
        ("float", Scalar.F32),
        ("float64", Scalar.F64),
    ],
)
def test_scalars(tmp_path: Path, text: str, scalar: Scalar) -> None:
    struct, _ = read_segment(tmp_path, segment_text(f"one:{text}; several:[{text}:3]"))
    one, several = struct.fields
    assert (one.type, one.length) == (scalar, None)
    assert (several.type, several.length) == (scalar, 3)


def test_enums_keep_values_above_two_to_the_63(tmp_path: Path) -> None:
    before = "enum Big : ulong { Zero, Most = 18446744073709551615 }\n"
    struct, _ = read_segment(tmp_path, segment_text("big:Big", before=before))
    big = struct.fields[0].type
    assert isinstance(big, EnumType)
    values = {each.name: each.value for each in big.enumerators}
    assert values == {"Zero": 0, "Most": 2**64 - 1}


def test_documentation_and_attributes(tmp_path: Path) -> None:
    text = HEAD + (
        "/// First line.\n///   second line\n"
        'struct S (segment: "s", owner: "o") {\n'
        "  /// Field.\n"
        '  x:int (unit: "mm", min: -5, max: "7");\n}\n'
    )
    struct, _ = read_segment(tmp_path, text)
    assert struct.documentation == (" First line.", "   second line")
    (field,) = struct.fields
    assert field.unit == "mm"
    assert (field.text("min"), field.text("max")) == ("-5", "7")
    assert field.attributes["unit"].location.line == 9


def test_segment_defaults(tmp_path: Path) -> None:
    _, segment = read_segment(tmp_path, segment_text("x:int"))
    assert (segment.kind, segment.slots, segment.max_readers) == (Kind.STATE, 4, 128)
    assert (segment.period_ns, segment.max_age_ns, segment.readers) == (0, 0, ())
    assert (segment.checksum, segment.stamp, segment.access) == ("none", "monotonic", "owner")
    assert (segment.overflow, segment.version) == ("overwrite", Version(1, 0))


def test_stream_defaults(tmp_path: Path) -> None:
    _, segment = read_segment(tmp_path, segment_text("x:int", 'kind: "stream"'))
    assert (segment.kind, segment.slots) == (Kind.STREAM, 256)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [("1ns", 1), ("250us", 250_000), ("1ms", 1_000_000), ("2s", 2_000_000_000)],
)
def test_durations(tmp_path: Path, text: str, nanoseconds: int) -> None:
    _, segment = read_segment(tmp_path, segment_text("x:int", f'period: "{text}"'))
    assert segment.period_ns == nanoseconds


def test_includes_are_found_adjacent_the_schema_and_in_directories(tmp_path: Path) -> None:
    (tmp_path / "near").mkdir()
    (tmp_path / "far").mkdir()
    (tmp_path / "near/adjacent.fbs").write_text("namespace test; enum Adjacent : ubyte { A }\n")
    (tmp_path / "far/distant.fbs").write_text(
        'include "further.fbs";\nnamespace test; enum Distant : ubyte { A }\n'
    )
    (tmp_path / "far/further.fbs").write_text("namespace test; enum Further : ubyte { A }\n")
    schema = tmp_path / "near/schema.fbs"
    schema.write_text(
        'include "adjacent.fbs";\ninclude "distant.fbs";\nnamespace test;\n'
        "struct S { a:Adjacent; b:Distant; c:Further; }\n"
    )
    diagnostics = Diagnostics()
    front = read_schemas([schema], [tmp_path / "far"], "flatc", diagnostics)
    assert not diagnostics
    assert [each.file for each in front.schemas] == [
        "schema.fbs",
        "adjacent.fbs",
        "distant.fbs",
        "further.fbs",
    ]
    main = front.schemas[0]
    assert main.includes == ("adjacent.fbs", "distant.fbs")
    assert [each.name for each in main.declared] == ["S"]
    (struct,) = main.declared
    assert isinstance(struct, StructType)
    assert len(front.dependencies) == 4


def test_a_missing_schema_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read_schemas([tmp_path / "none.fbs"], [], "flatc", Diagnostics())


def test_a_missing_flatc_names_the_package(tmp_path: Path) -> None:
    (tmp_path / "a.fbs").write_text("struct S { x:int; }\n")
    with pytest.raises(MissingTool, match="flatbuffers-compiler"):
        read_schemas([tmp_path / "a.fbs"], [], "no-such-flatc", Diagnostics())


def test_errors_are_on_the_line_of_what_they_are_about(tmp_path: Path) -> None:
    _, errors = read(
        tmp_path,
        HEAD + '/// S\nstruct S (\n  segment: "s",\n  owner: "o",\n'
        '  slots: 99,\n  period: "x"\n) {\n'
        "  /// F\n"
        '  x:int (\n    unit: "mm",\n    min: "3"\n  );\n}\n',
    )
    lines = [int(error.split(":")[1]) for error in errors]
    assert lines == [9, 10, 15]


def test_unknown_attributes_are_told_from_undeclared_ones(tmp_path: Path) -> None:
    """Without evo.fbs, its attributes are one error; an undeclared attribute is another."""
    text = '/// S\nstruct S (segment: "s", owner: "o", colour: "red") {\n  /// F\n  x:int;\n}\n'
    _, errors = read(tmp_path, text)
    assert [error.partition(";")[0] for error in errors] == [
        "schema.fbs:2: there is no attribute `colour`",
        "schema.fbs:2: the attributes of segments are not declared here",
    ]


def test_all_errors_that_stop_flatc_are_found_in_one_run(tmp_path: Path) -> None:
    fields = "a:string; b:int = 1; c:[int:0]; d:Nothing; e:[int]; f:int; f:int"
    _, errors = read(tmp_path, segment_text(fields))
    assert [int(error.split(":")[1]) for error in errors] == [8, 10, 12, 14, 16, 20]


def test_an_error_is_one_line_without_controls(tmp_path: Path) -> None:
    _, errors = read(tmp_path, segment_text("x:int (min: 1\n  2)"))
    assert errors[0].endswith('; write min: "1 2"')
    _, errors = read(tmp_path, segment_text("x:int", 'checksum: "\u2028\u202e"'))
    assert errors[0].startswith("schema.fbs:6: attribute `checksum`: `??` is not one of")


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    (tmp_path / "work").mkdir()
    read(tmp_path / "work", segment_text("x:int"))
    assert list(scratch.iterdir()) == []
    assert [each.name for each in (tmp_path / "work").iterdir()] == ["schema.fbs"]


def test_plain_flatc_accepts_our_schemas(tmp_path: Path) -> None:
    """The attributes are ordinary ones: editors and other tools can read the schemas."""
    for schema in sorted((Path(__file__).resolve().parents[2] / "schemas").glob("*.fbs")):
        command = ["flatc", "-b", "--schema", "-o", str(tmp_path), str(schema)]
        subprocess.run(command, check=True)
