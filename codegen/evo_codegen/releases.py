# SPDX-License-Identifier: Apache-2.0
"""A released layout of a segment, and the changes from one to the next."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

from evo_codegen.ir import Version
from evo_codegen.layout import FORMAT_LINE, Line, schema_id


@dataclass(frozen=True)
class Release(ABC):
    """One released layout of a channel: its canonical text."""

    version: Version
    lines: tuple[str, ...]

    @property
    def id(self) -> str:
        return schema_id(list(self.lines))

    @abstractmethod
    def check(self) -> None:
        """Raises an error if the canonical text cannot be read."""

    @abstractmethod
    def is_prefix_of(self, later: Release) -> bool:
        """Whether `later` only appends, so that peers with either layout understand each other."""

    @abstractmethod
    def changes_to(self, later: Release) -> list[str]:
        """Returns what changed in `later`, one by one."""


@dataclass(frozen=True)
class SegmentRelease(Release):
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

    def check(self) -> None:
        if self.lines[0] != FORMAT_LINE:
            raise ValueError(f"unknown layout format: {self.lines[0]}")
        self.fields, self.size  # parse errors show now

    def is_prefix_of(self, later: Release) -> bool:
        """Whether `later` only appends fields."""
        assert isinstance(later, SegmentRelease)
        mine, other = self.lines[1:-1], later.lines[1:-1]
        return (
            self.lines[0] == later.lines[0]
            and len(mine) < len(other)
            and mine == other[: len(mine)]
            and later.fields[len(mine)].path.count(".") == 0
        )

    def changes_to(self, later: Release) -> list[str]:
        assert isinstance(later, SegmentRelease)
        return describe_changes(self, later)


def describe_changes(before: SegmentRelease, after: SegmentRelease) -> list[str]:
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
