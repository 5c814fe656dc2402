# SPDX-License-Identifier: Apache-2.0
"""The schema lock: which layouts may follow which."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import read_segment, segment_text

from evo_codegen.diagnostics import BrokenLock, Diagnostics
from evo_codegen.evolution import (
    SchemaLock,
    check_evolution,
    compatible_releases,
    present_release,
)
from evo_codegen.ir import Segment

MODE = "enum Mode : ubyte { Off, On }\n"
POINT = "struct Point { x:float; y:float; }\n"


def segment_of(directory: Path, fields: str, version: str, before: str = MODE + POINT) -> Segment:
    _, segment = read_segment(directory, segment_text(fields, f'version: "{version}"', before))
    return segment


def locked(directory: Path, *releases: tuple[str, str]) -> SchemaLock:
    lock = SchemaLock.empty(directory / "lock.json")
    for fields, version in releases:
        lock = lock.with_current([segment_of(directory, fields, version)])
    return lock


def errors_of(segment: Segment, lock: SchemaLock) -> list[str]:
    diagnostics = Diagnostics()
    check_evolution(segment, lock, diagnostics)
    return [str(each) for each in diagnostics.in_order([])]


OLD = "a:int; m:Mode; p:[Point:2]"


@pytest.mark.parametrize(
    ("fields", "version", "needed"),
    [
        (OLD, "1.0", None),
        (OLD, "1.1", None),
        (OLD, "2.0", None),
        (OLD, "0.9", "1.1"),
        (OLD + "; z:int", "1.0", "1.1"),
        (OLD + "; z:int", "0.9", "1.1"),
        (OLD + "; z:int", "1.1", None),
        (OLD + "; z:int", "1.7", None),
        (OLD + "; z:int", "2.0", None),
        (OLD + "; z:Point", "1.1", None),
        ("z:int; " + OLD, "1.1", "2.0"),
        ("z:int; " + OLD, "2.0", None),
        ("a:int; m:Mode", "1.1", "2.0"),
        ("b:int; m:Mode; p:[Point:2]", "1.1", "2.0"),
        ("a:uint; m:Mode; p:[Point:2]", "1.1", "2.0"),
        ('a:int (unit: "m"); m:Mode; p:[Point:2]', "1.1", "2.0"),
        ("a:int; m:Mode; p:[Point:3]", "1.1", "2.0"),
        ('a:int (min: "0", max: "5"); m:Mode; p:[Point:2]', "1.0", None),
    ],
)
def test_versions(tmp_path: Path, fields: str, version: str, needed: str | None) -> None:
    lock = locked(tmp_path, (OLD, "1.0"))
    errors = errors_of(segment_of(tmp_path, fields, version), lock)
    if needed is None:
        assert errors == []
    else:
        (error,) = errors
        assert f'write version: "{needed}"' in error


@pytest.mark.parametrize(
    "before",
    [
        "enum Mode : ubyte { Off, On, Fault }\n" + POINT,
        "enum Mode : ubyte { Off, Running }\n" + POINT,
        MODE + "struct Point { x:float; y:float; z:float; }\n",
        MODE + 'struct Point { x:float (unit: "mm"); y:float; }\n',
        MODE + "struct Point (force_align: 8) { x:float; y:float; }\n",
    ],
)
def test_changes_of_the_types_that_old_fields_use(tmp_path: Path, before: str) -> None:
    lock = locked(tmp_path, (OLD, "1.0"))
    changed = segment_of(tmp_path, OLD + "; z:int", "1.1", before)
    (error,) = errors_of(changed, lock)
    assert 'write version: "2.0"' in error
    assert compatible_releases(changed, lock) == []


def test_a_released_version_may_come_back(tmp_path: Path) -> None:
    lock = locked(tmp_path, (OLD, "1.0"), (OLD + "; z:int", "1.1"))
    assert errors_of(segment_of(tmp_path, OLD, "1.0"), lock) == []


def test_a_released_version_cannot_change(tmp_path: Path) -> None:
    lock = locked(tmp_path, (OLD, "1.0"), (OLD + "; z:int", "1.1"))
    (error,) = errors_of(segment_of(tmp_path, OLD + "; z:int; y:int", "1.1"), lock)
    assert "`y` appended" in error and 'write version: "1.2"' in error


def test_compatible_releases_are_the_prefixes_of_the_same_major(tmp_path: Path) -> None:
    lock = locked(
        tmp_path,
        ("a:int", "1.0"),
        (OLD, "2.0"),
        (OLD + "; y:int", "2.1"),
        (OLD + "; y:int; z:int", "2.2"),
    )
    present = segment_of(tmp_path, OLD + "; y:int; z:int; w:ubyte", "2.3")
    found = compatible_releases(present, lock)
    assert [str(each.version) for each in found] == ["2.0", "2.1", "2.2"]
    assert [each.field_count for each in found] == [3, 4, 5]
    assert [each.size for each in found] == [24, 28, 32]
    assert errors_of(present, lock) == []


def test_a_new_field_may_lie_in_the_old_padding(tmp_path: Path) -> None:
    lock = locked(tmp_path, ("a:ulong; b:ubyte", "1.0"))
    present = segment_of(tmp_path, "a:ulong; b:ubyte; c:ubyte", "1.1")
    (release,) = compatible_releases(present, lock)
    assert release.size == present_release(present).size == 16


def test_a_field_appended_to_the_last_nested_struct_is_not_appended(tmp_path: Path) -> None:
    old = "struct Point { x:ulong; y:ubyte; }\n"
    new = "struct Point { x:ulong; y:ubyte; z:ubyte; }\n"
    lock = SchemaLock.empty(tmp_path / "lock.json")
    lock = lock.with_current([segment_of(tmp_path, "p:Point", "1.0", old)])
    changed = segment_of(tmp_path, "p:Point", "1.1", new)
    assert compatible_releases(changed, lock) == []
    (error,) = errors_of(changed, lock)
    assert 'write version: "2.0"' in error


def test_the_lock_survives_writing_and_reading(tmp_path: Path) -> None:
    lock = locked(tmp_path, (OLD, "1.0"), (OLD + '; z:int (unit: "µm")', "1.1"))
    lock.path.write_text(lock.text())
    again = SchemaLock.read(lock.path)
    assert again.text() == lock.text()
    assert again.releases("state") == lock.releases("state")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": 2, "segments": {}}',
        '{"format": 1, "segments": []}',
        '{"format": 1, "segments": {"a": [{}]}}',
        '{"format": 1, "segments": {"a": [{"version": "1", "id": "", "layout": []}]}}',
    ],
)
def test_a_damaged_lock_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "lock.json"
    path.write_text(text)
    with pytest.raises(BrokenLock):
        SchemaLock.read(path)


def test_a_lock_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lock.json"
    path.write_text("[" * 100_000)
    with pytest.raises(BrokenLock):
        SchemaLock.read(path)


def test_an_edited_layout_does_not_fit_its_id(tmp_path: Path) -> None:
    lock = locked(tmp_path, (OLD, "1.0"))
    document = json.loads(lock.text())
    document["segments"]["state"][0]["layout"][1] = "0 a u32"
    lock.path.write_text(json.dumps(document))
    with pytest.raises(BrokenLock):
        SchemaLock.read(lock.path)


def test_a_bad_merge_is_named(tmp_path: Path) -> None:
    lock = locked(tmp_path, (OLD, "1.0"), (OLD + "; z:int", "1.1"))
    other = locked(tmp_path, (OLD, "1.0"), (OLD + "; y:float", "1.1"))
    document = json.loads(lock.text())
    document["segments"]["state"] += json.loads(other.text())["segments"]["state"][1:]
    text = json.dumps(document)
    for bad, message in (
        (text, "has version 1.1 of segment `state` twice, with different layouts"),
        ('{"format": 1, "segments": {"a": [], "a": []}}', '"a" appears twice'),
        ("{\n<<<<<<< ours\n=======\n>>>>>>> theirs\n}", "lock.json:2: the schema lock contains"),
        ('{\n"format": 1,\n}', "lock.json:3: the schema lock is not JSON"),
    ):
        lock.path.write_text(bad)
        with pytest.raises(BrokenLock) as broken:
            SchemaLock.read(lock.path)
        assert message in str(broken.value.diagnostic)


@pytest.mark.parametrize(
    ("fields", "changes"),
    [
        ("b:int; m:Mode; p:[Point:2]", "`a` renamed to `b`"),
        ("a:int; m:Mode; q:[Point:2]", "`p` renamed to `q`"),
        ("b:float; m:Mode; p:[Point:2]", "`a` removed; `b` inserted at byte 0"),
    ],
)
def test_a_rename_is_told_as_one(tmp_path: Path, fields: str, changes: str) -> None:
    (error,) = errors_of(segment_of(tmp_path, fields, "1.1"), locked(tmp_path, (OLD, "1.0")))
    assert f"in lock.json: {changes}; write version" in error
