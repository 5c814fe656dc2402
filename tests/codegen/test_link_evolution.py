# SPDX-License-Identifier: Apache-2.0
"""The schema lock: which layouts of a link may follow which."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from link_support import link_text, read_link
from support import read_segment, segment_text

from evo_codegen.diagnostics import BrokenLock, Diagnostics
from evo_codegen.evolution import SchemaLock, check_evolution, compatible_releases
from evo_codegen.ir import Link

POINT = "struct Point { x:int; }\n"
MODE = "enum Mode : ubyte { Off, On }\n"
FIELDS = 'a:double (unit: "mm"); b:[Mode]; c:Point; d:Inner'
INNER = "e:int"
METHODS = "Move(Message): Plain; Halt(Inner): Message"


def table(name: str, fields: str) -> str:
    commented = "".join(f"/// A field.\n{each.strip()};\n" for each in fields.split(";") if each)
    return f"/// A message.\ntable {name} {{\n{commented}}}\n"


def link_of(
    directory: Path,
    fields: str = FIELDS,
    inner: str = INNER,
    methods: str = METHODS,
    types: str = MODE + POINT,
    plain: str = "p:Point (required)",
    version: str = "1.0",
) -> Link:
    before = types + table("Message", fields) + table("Inner", inner) + table("Plain", plain)
    return read_link(directory, link_text(methods, f'version: "{version}"', before))


def errors_of(link: Link, lock: SchemaLock) -> list[str]:
    diagnostics = Diagnostics()
    check_evolution(link, lock, diagnostics)
    return [str(each) for each in diagnostics.in_order([])]


@pytest.fixture
def lock(tmp_path: Path) -> SchemaLock:
    """The lock with version 1.0 as above."""
    return SchemaLock.empty(tmp_path / "lock.json").with_current([link_of(tmp_path)])


APPENDED = [
    ({"fields": FIELDS + "; z:int"}, "`Message.z` appended"),
    ({"fields": FIELDS + "; z:Mode = On"}, "`Message.z` appended"),
    ({"inner": INNER + "; z:[Point]"}, "`Inner.z` appended"),
    ({"methods": METHODS + "; Go(Inner): Inner"}, "method `Go` appended"),
]

REFUSED = [
    ({"fields": FIELDS + "; z:string (required)"}, "`Message.z` appended as required"),
    ({"fields": "z:int; " + FIELDS}, "`Message.z` inserted with id 0"),
    ({"fields": FIELDS.replace("; d:Inner", "")}, "`Message.d` removed instead of deprecated"),
    ({"fields": FIELDS.replace('"mm"', '"m"')}, '`Message.a` changed its unit from "mm" to "m"'),
    ({"fields": FIELDS.replace("double", "float")}, "`Message.a` changed from f64 to f32"),
    ({"fields": FIELDS.replace("[Mode]", "Mode")}, "`Message.b` changed from [u8{Off=0,On=1}] to"),
    ({"fields": FIELDS.replace("c:Point", "z:Point")}, "`Message.c` renamed to `z`"),
    ({"fields": FIELDS.replace("c:Point", "c:Point (required)")}, "`Message.c` became required"),
    ({"inner": "e:int = 5"}, "`Inner.e` changed its default from 0 to 5"),
    ({"inner": "e:int = null"}, "`Inner.e` changed its default from 0 to null"),
    ({"plain": "p:Point"}, "`Plain.p` is no longer required"),
    ({"plain": "p:Point (required); z:int"}, "`Plain` is no longer sent as its struct"),
    ({"types": MODE + "struct Point { x:int; y:int; }\n"}, "`Point.y` appended"),
    (
        {"types": MODE + 'struct Point { x:int (unit: "m"); }\n'},
        '`Point.x` changed its unit from none to "m"',
    ),
    ({"types": "enum Mode : ubyte { Off, On, Z }\n" + POINT}, "to [u8{Off=0,On=1,Z=2}]"),
    ({"methods": "Move(Message): Plain"}, "method `Halt` removed"),
    ({"methods": "Move(Message): Plain; Stop(Inner): Message"}, "method `Halt` renamed to `Stop`"),
    ({"methods": "Go(Inner): Inner; " + METHODS}, "method `Go` inserted as number 1"),
    (
        {"methods": "Halt(Inner): Message; Move(Message): Plain"},
        "method `Halt` changed its number from 2 to 1",
    ),
    (
        {"methods": METHODS.replace("Halt(Inner)", "Halt(Plain)")},
        "method `Halt` changed its request from `test.Inner` to `test.Plain`",
    ),
    (
        {"methods": "Move(Message): Inner; Halt(Plain): Message"},
        "method `Move` changed its reply from `test.Plain` to `test.Inner`",
    ),
    (
        {"methods": METHODS.replace("Plain;", 'Plain (streaming: "server");')},
        "method `Move` changed its streaming from none to server",
    ),
]


@pytest.mark.parametrize(("changed", "text"), APPENDED)
def test_what_is_appended_needs_a_minor_version(
    changed: dict[str, str], text: str, lock: SchemaLock, tmp_path: Path
) -> None:
    (error,) = errors_of(link_of(tmp_path, **changed), lock)
    assert text in error and 'write version: "1.1"' in error
    later = link_of(tmp_path, **changed, version="1.1")
    assert errors_of(later, lock) == []
    assert [str(each.version) for each in compatible_releases(later, lock)] == ["1.0"]


@pytest.mark.parametrize(("changed", "text"), REFUSED)
def test_anything_else_needs_a_major_version(
    changed: dict[str, str], text: str, lock: SchemaLock, tmp_path: Path
) -> None:
    later = link_of(tmp_path, **changed, version="1.1")
    (error,) = errors_of(later, lock)
    assert text in error and 'write version: "2.0"' in error
    assert "link `motion` differs from its version 1.0 in lock.json: method `" in error
    assert compatible_releases(later, lock) == []
    assert errors_of(link_of(tmp_path, **changed, version="2.0"), lock) == []


def test_a_deprecated_field_changes_nothing(lock: SchemaLock, tmp_path: Path) -> None:
    fields = FIELDS.replace('(unit: "mm")', '(unit: "mm", deprecated)')
    assert errors_of(link_of(tmp_path, fields), lock) == []


def test_deadlines_and_attributes_change_nothing(lock: SchemaLock, tmp_path: Path) -> None:
    methods = METHODS.replace("Plain;", 'Plain (deadline: "1s", idempotent);')
    assert errors_of(link_of(tmp_path, methods=methods), lock) == []


def test_the_error_names_the_method_that_sends_an_inner_table(
    lock: SchemaLock, tmp_path: Path
) -> None:
    (error,) = errors_of(link_of(tmp_path, inner="e:uint"), lock)
    assert "method `Move`: `Inner.e` changed from i32 to u32" in error


def test_the_lock_is_read_as_it_was_written(lock: SchemaLock) -> None:
    lock.path.write_text(lock.text())
    again = SchemaLock.read(lock.path)
    assert again.text() == lock.text()
    assert again.releases("motion", "link") == lock.releases("motion", "link")
    assert again.releases("motion") == []


def test_a_lock_of_segments_alone_has_no_links(tmp_path: Path) -> None:
    _, segment = read_segment(tmp_path, segment_text("a:int"))
    lock = SchemaLock.empty(tmp_path / "lock.json").with_current([segment])
    assert list(json.loads(lock.text())) == ["format", "segments"]


def test_a_damaged_link(lock: SchemaLock) -> None:
    document = json.loads(lock.text())
    (release,) = document["links"]["motion"]
    release["layout"] += ["table test.Unused", "0 x i32"]
    lock.path.write_text(json.dumps(document))
    with pytest.raises(BrokenLock) as caught:
        SchemaLock.read(lock.path)
    assert "no method uses test.Unused" in str(caught.value.diagnostic)
