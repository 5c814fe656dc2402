# SPDX-License-Identifier: Apache-2.0
"""Checks on single schemas and on several together.

The wording of each error is in ../golden/error_*. These tests cover values exactly at the limits,
and schemas that must not be refused.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support import HEAD, ROOT, read, segment_text

from evo_codegen.diagnostics import Diagnostics
from evo_codegen.front_end import read_schemas
from evo_codegen.names import CPP_KEYWORDS, READER_MEMBERS
from evo_codegen.collisions import validate_together
from evo_codegen.validate import validate


@pytest.mark.parametrize(
    "attributes",
    [
        "slots: 2",
        "slots: 64",
        'slots: "8"',
        "max_readers: 1",
        "max_readers: 10240",
        'kind: "stream", capacity: 2',
        'kind: "stream", capacity: 1048576',
        'kind: "stream", overflow: "overwrite"',
        'period: "1ms", max_age: "1ms"',
        'version: "0.0"',
        'version: "65535.65535"',
        "version: 2.1",
        'readers: "one,two , three"',
    ],
)
def test_attributes_that_just_pass(tmp_path: Path, attributes: str) -> None:
    _, errors = read(tmp_path, segment_text("x:int", attributes))
    assert errors == []


@pytest.mark.parametrize(
    "field",
    [
        'x:long (min: "-9223372036854775808", max: "9223372036854775807")',
        'x:ulong (min: "0", max: "18446744073709551615")',
        'x:byte (min: "-128", max: "127")',
        'x:float (min: "-3.4028235e38", max: "3.402823467e38")',
        'x:double (max: "1.7976931348623157e308")',
        'x:int (min: "0", max: "0")',
        'x:float (min: "-0.0")',
        "x:double (min: -1.5, max: 1e3)",
        'x:[int:4] (unit: "1", max: "10")',
        'x:int (unit: "a unit of exactly 32 characters.")',
    ],
)
def test_ranges_that_just_pass(tmp_path: Path, field: str) -> None:
    _, errors = read(tmp_path, segment_text(field))
    assert errors == []


@pytest.mark.parametrize(
    "field",
    [
        'x:long (min: "-9223372036854775809")',
        'x:ulong (max: "18446744073709551616")',
        'x:ulong (max: "18446744073709551615.0")',
        'x:float (max: "3.4028236e38")',
        'x:double (max: "1.8e308")',
        'x:int (min: "1")',
        'x:int (max: "-1")',
        'x:float (min: "0.0000000000000000000000000000000000000000000000000001")',
    ],
)
def test_ranges_that_just_fail(tmp_path: Path, field: str) -> None:
    _, errors = read(tmp_path, segment_text(field))
    assert len(errors) == 1


def test_every_keyword_is_refused_as_a_field(tmp_path: Path) -> None:
    words = sorted(CPP_KEYWORDS)
    fields = "".join(f"  /// A field.\n  {word}:int;\n" for word in words)
    text = f'{HEAD}/// S\nstruct S (segment: "s", owner: "o") {{\n{fields}}}\n'
    _, errors = read(tmp_path, text)
    assert len([each for each in errors if "is a C++ keyword" in each]) == len(words)


def test_names_that_are_fine(tmp_path: Path) -> None:
    names = "size name value sequence error state incarnation age x_1 data T".split()
    _, errors = read(tmp_path, segment_text(";".join(f"{name}:int" for name in names)))
    assert errors == []


def test_nested_structs_may_use_the_names_of_reader_members(tmp_path: Path) -> None:
    before = "struct Inner { version:int; read:int; }\n"
    _, errors = read(tmp_path, segment_text("inner:Inner", before=before))
    assert errors == []


def test_nested_structs_need_no_comments(tmp_path: Path) -> None:
    _, errors = read(tmp_path, segment_text("inner:Inner", before="struct Inner { x:int; }\n"))
    assert errors == []


def test_the_largest_segment(tmp_path: Path) -> None:
    """The limit of 1 GiB covers the header's 4 KiB and the slots."""
    before = "struct Half { data:[ulong:32768]; }\n"  # 256 KiB
    _, errors = read(tmp_path, segment_text("data:[Half:2047]", "slots: 2", before))
    assert errors == []
    _, errors = read(tmp_path, segment_text("data:[Half:2048]", "slots: 2", before))
    assert len(errors) == 1 and "more than 1 GiB" in errors[0]


def nested(levels: int) -> str:
    structs = "".join(f"struct L{n} {{ x:L{n + 1}; }}\n" for n in reversed(range(1, levels)))
    return f"struct L{levels} {{ x:int; }}\n{structs}"


def test_nesting(tmp_path: Path) -> None:
    _, errors = read(tmp_path, segment_text("x:L1", before=nested(16)))
    assert errors == []
    for levels in (17, 300):
        path = tmp_path / "deep.fbs"
        path.write_text(segment_text("x:L1", before=nested(levels)))
        diagnostics = Diagnostics()
        read_schemas([path], [], "flatc", diagnostics)
        (error,) = diagnostics.in_order([])
        assert "structs are nested more than 16 deep" in str(error)


@pytest.mark.parametrize(
    ("count", "message"),
    [(4096, None), (4097, "enum `Many` has 4097 enumerators; use at most 4096")],
)
def test_enumerators(tmp_path: Path, count: int, message: str | None) -> None:
    names = ", ".join(f"V{n}" for n in range(count))
    _, errors = read(tmp_path, segment_text("x:Many", before=f"enum Many : ushort {{ {names} }}\n"))
    assert len(errors) == (2 if message else 0)  # the second is about the segment
    assert message is None or message in errors[0]


def test_fields(tmp_path: Path) -> None:
    """The tools show at most 4096 fields; nested ones count, fields of arrays count once."""
    wide = "struct Wide { " + " ".join(f"f{n}:int;" for n in range(255)) + " }\n"
    fields = "; ".join(f"w{n}:Wide" for n in range(16))
    _, errors = read(tmp_path, segment_text(fields, before=wide))
    assert errors == []
    _, errors = read(tmp_path, segment_text(f"{fields}; x:[int:1000]", before=wide))
    assert errors == [
        f"schema.fbs:{wide.count(chr(10)) + 6}: segment `state` has 4097 fields, including "
        "those of nested structs; use at most 4096; an array counts once"
    ]


def test_a_long_full_name(tmp_path: Path) -> None:
    parts = ".".join("n" * 48 for _ in range(4))
    text = segment_text("x:int", name="S").replace("namespace test", f"namespace {parts}")
    _, errors = read(tmp_path, text)
    assert errors == []
    _, errors = read(tmp_path, text.replace("struct S ", "struct Statement "))
    assert len(errors) == 1 and "has 205 characters; shorten it" in errors[0]


def test_an_included_segment_is_no_duplicate_of_itself(tmp_path: Path) -> None:
    (tmp_path / "one.fbs").write_text(segment_text("x:int"))
    (tmp_path / "two.fbs").write_text(
        'include "evo.fbs";\ninclude "one.fbs";\nnamespace two;\n'
        '/// S\nstruct S (segment: "two", owner: "o") {\n  /// F\n  x:test.State;\n}\n'
    )
    diagnostics = Diagnostics()
    paths = [tmp_path / "one.fbs", tmp_path / "two.fbs"]
    front = read_schemas(paths, [], "flatc", diagnostics)
    segments = validate(front.schemas, diagnostics)
    validate_together(front.schemas, diagnostics)
    assert not diagnostics
    assert sorted(each.name for each in segments.values()) == ["state", "two"]


def test_a_schema_named_twice_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "one.fbs"
    path.write_text(segment_text("x:int"))
    diagnostics = Diagnostics()
    front = read_schemas([path, tmp_path / "." / "one.fbs"], [], "flatc", diagnostics)
    validate_together(front.schemas, diagnostics)
    assert len(front.schemas) == 1 and not diagnostics


def test_duplicates_within_one_schema(tmp_path: Path) -> None:
    text = segment_text("x:int") + (
        '/// Another.\nstruct Other (segment: "state", owner: "tester") {\n  /// F\n  x:int;\n}\n'
    )
    _, errors = read(tmp_path, text)
    assert errors == [
        "schema.fbs:11: segment `state` is already declared at "
        f"{tmp_path}/schema.fbs:6; give each segment a name of its own"
    ]


def test_all_members_of_the_readers_are_reserved() -> None:
    """A new member of the runtime's reader must be added to names.py."""
    text = (ROOT / "runtime/include/evo/state_reader.hpp").read_text()
    reader = text[text.index("class StateReader") :].partition(" private:")[0]
    functions = set(re.findall(r"^  (?:\S+ )+(\w+)\(", reader, re.M))
    types = set(re.findall(r"^  using (\w+) =", reader, re.M))
    assert {"read", "wait_for_change", "field", "Value"} <= functions | types
    assert (functions | types) - {"StateReader", "sizeof"} <= READER_MEMBERS
