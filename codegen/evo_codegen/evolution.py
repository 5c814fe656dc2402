# SPDX-License-Identifier: Apache-2.0
"""The schema lock: every released layout, and the changes allowed from one to the next.

The rules for a segment whose layout differs from the last released one:
  - fields appended at the end, all else unchanged: the minor version must increase;
  - anything else: the major version must increase.
A released version never changes its layout.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

from evo_codegen.attributes import BadValue, layout_version, where
from evo_codegen.diagnostics import BrokenLock, Diagnostics
from evo_codegen.ir import Segment, Version
from evo_codegen.layout import FORMAT_LINE, Line, canonical_lines, schema_id

LOCK_FORMAT = 1


@dataclass(frozen=True)
class Release:
    """One released layout of a segment."""

    version: Version
    lines: tuple[str, ...]

    @property
    def id(self) -> str:
        return schema_id(list(self.lines))

    @property
    def size(self) -> int:
        return int(self.lines[-1].split()[0].removeprefix("size="))

    @property
    def fields(self) -> list[Line]:
        return [Line.parse(line) for line in self.lines[1:-1]]

    @property
    def field_count(self) -> int:
        """The number of top-level fields."""
        return sum("." not in field.path for field in self.fields)

    def is_prefix_of(self, later: Release) -> bool:
        """Whether `later` only appends fields."""
        mine, other = self.lines[1:-1], later.lines[1:-1]
        return (
            self.lines[0] == later.lines[0]
            and len(mine) < len(other)
            and mine == other[: len(mine)]
            and later.fields[len(mine)].path.count(".") == 0
        )


class SchemaLock:
    """The releases of each segment, oldest version first."""

    def __init__(self, path: Path, releases: dict[str, list[Release]]) -> None:
        self.path = path
        self._releases = releases

    @classmethod
    def read(cls, path: Path) -> SchemaLock:
        """Reads a lock file; BrokenLock says what is wrong with it."""
        try:
            text = path.read_text("utf-8")
            _refuse_conflict(path, text)
            document = json.loads(text, object_pairs_hook=_without_duplicates)
            if document["format"] != LOCK_FORMAT:
                raise BrokenLock(
                    path,
                    f"the schema lock has format {document['format']}",
                    f"use the generator that wrote it; this one supports format {LOCK_FORMAT}",
                )
            releases = {
                name: _releases(path, name, [_release(entry) for entry in entries])
                for name, entries in document["segments"].items()
            }
        except json.JSONDecodeError as error:
            raise BrokenLock(
                path,
                f"the schema lock is not JSON: {error.msg}",
                "restore it from version control",
                error.lineno,
            ) from error
        except (
            ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, BadValue
        ) as error:
            raise BrokenLock(
                path,
                f"the schema lock is damaged: {error}",
                "restore it from version control",
            ) from error
        return cls(path, releases)

    @classmethod
    def empty(cls, path: Path) -> SchemaLock:
        return cls(path, {})

    def releases(self, segment: str) -> list[Release]:
        return self._releases.get(segment, [])

    def with_current(self, segments: list[Segment]) -> SchemaLock:
        """Returns the lock with the current layouts recorded as released."""
        releases = dict(self._releases)
        for segment in segments:
            present = present_release(segment)
            kept = [each for each in self.releases(segment.name) if each != present]
            releases[segment.name] = sorted([*kept, present], key=lambda each: each.version)
        return SchemaLock(self.path, releases)

    def text(self) -> str:
        """Returns the contents of the file."""
        document = {
            "format": LOCK_FORMAT,
            "segments": {
                name: [
                    {"version": str(each.version), "id": each.id, "layout": list(each.lines)}
                    for each in releases
                ]
                for name, releases in sorted(self._releases.items())
            },
        }
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def present_release(segment: Segment) -> Release:
    return Release(segment.version, tuple(canonical_lines(segment.struct)))


def compatible_releases(segment: Segment, lock: SchemaLock) -> list[Release]:
    """Returns the released layouts of this major version to which the current one only appends."""
    present = present_release(segment)
    return [
        each
        for each in lock.releases(segment.name)
        if each.version.major == present.version.major
        and each.version < present.version
        and each.is_prefix_of(present)
    ]


def check_evolution(segment: Segment, lock: SchemaLock, diagnostics: Diagnostics) -> None:
    """Compares the current layout with the released ones."""
    releases = lock.releases(segment.name)
    present = present_release(segment)
    if not releases or present in releases:
        return
    newest = releases[-1]
    same = [each for each in releases if each.version == present.version]
    before = same[0] if same else newest
    location = where(segment.struct, "version")
    if before.lines == present.lines:
        if present.version > newest.version:
            return
        needed = Version(newest.version.major, newest.version.minor + 1)
    elif newest.is_prefix_of(present):
        if present.version > newest.version:
            return
        needed = Version(newest.version.major, newest.version.minor + 1)
    else:
        if present.version.major > newest.version.major:
            return
        needed = Version(newest.version.major + 1, 0)
    changes = "; ".join(describe_changes(before, present)) or "only in its version number"
    diagnostics.error(
        location,
        f"segment `{segment.name}` differs from its version {before.version} in "
        f"{lock.path.name}: {changes}",
        f'write version: "{needed}", or undo the change',
    )


def describe_changes(before: Release, after: Release) -> list[str]:
    """Returns the changes, field by field."""
    old = {field.path: field for field in before.fields}
    new = {field.path: field for field in after.fields}
    last_kept = max((field.offset for field in after.fields if field.path in old), default=-1)
    changes = []
    renamed = _renamed(old, new)
    for path, field in old.items():
        outer = path.rpartition(".")[0].removesuffix("[]")
        if path in renamed:
            if outer not in renamed:  # else only its outer field was renamed
                changes.append(f"`{path}` renamed to `{renamed[path]}`")
            continue
        if path not in new:
            changes.append(f"`{path}` removed")
            continue
        moved_along = (
            outer in old
            and outer in new
            and new[outer].offset - old[outer].offset == new[path].offset - field.offset
        )
        changes += _field_changes(field, new[path], moved_along)
    for path, field in new.items():
        if path not in old and path not in renamed.values():
            place = "appended" if field.offset > last_kept else f"inserted at byte {field.offset}"
            changes.append(f"`{path}` {place}")
    if not changes and before.lines[-1] != after.lines[-1]:
        changes.append(f"{before.lines[-1]} became {after.lines[-1]}")
    return changes


def _renamed(old: dict[str, Line], new: dict[str, Line]) -> dict[str, str]:
    """Returns the fields of which only the name changed, by their former paths."""
    added = {replace(field, path=""): path for path, field in new.items() if path not in old}
    gone = {path: replace(field, path="") for path, field in old.items() if path not in new}
    return {path: added[field] for path, field in gone.items() if field in added}


def _field_changes(old: Line, new: Line, moved_along: bool) -> list[str]:
    changes = []
    if old.offset != new.offset and not moved_along:
        changes.append(f"`{old.path}` moved from byte {old.offset} to {new.offset}")
    if old.type != new.type:
        changes.append(f"`{old.path}` changed from {old.type} to {new.type}")
    if old.length != new.length:
        changes.append(
            f"`{old.path}` changed from {_length_text(old)} to {_length_text(new)}"
        )
    if old.unit != new.unit:
        changes.append(f"`{old.path}` changed its unit from {_unit_text(old)} to {_unit_text(new)}")
    return changes


def _length_text(line: Line) -> str:
    return "one value" if line.length is None else f"an array of {line.length}"


def _unit_text(line: Line) -> str:
    return f'"{line.unit}"' if line.unit else "none"


def _refuse_conflict(path: Path, text: str) -> None:
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"(<{7}|={7}|>{7}|\|{7})( |$)", line):
            raise BrokenLock(
                path,
                "the schema lock contains a merge conflict marker",
                "keep the versions released on either side, then remove the markers",
                number,
            )


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f'"{key}" appears twice, probably after a bad merge')
        found[key] = value
    return found


def _releases(path: Path, segment: str, releases: list[Release]) -> list[Release]:
    """Returns the releases in the order of their versions, none of them twice."""
    by_version: dict[Version, Release] = {}
    for release in releases:
        if release.version in by_version:
            is_same = by_version[release.version] == release
            same = "the same layout" if is_same else "different layouts"
            raise BrokenLock(
                path,
                f"the schema lock has version {release.version} of segment `{segment}` twice, with "
                f"{same}, probably after a bad merge",
                "keep the released one, and give the other a version of its own",
            )
        by_version[release.version] = release
    return [by_version[version] for version in sorted(by_version)]


def _release(entry: dict[str, object]) -> Release:
    lines = entry["layout"]
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise ValueError("a layout is not a list of lines")
    release = Release(layout_version(str(entry["version"])), tuple(lines))
    if lines[0] != FORMAT_LINE:
        raise ValueError(f"unknown layout format: {lines[0]}")
    if release.id != entry["id"]:
        raise ValueError(f"id {entry['id']} does not match its layout")
    release.fields, release.size  # parse errors show now
    return release
