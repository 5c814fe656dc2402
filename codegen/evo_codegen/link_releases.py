# SPDX-License-Identifier: Apache-2.0
"""A released layout of a link, and the changes from one to the next.

The rules are those of FlatBuffers, in both directions: the server or the client may have the older
layout. Methods and fields of tables may be appended; nothing that was released may change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from evo_codegen.layout import FORMAT_LINE, Line
from evo_codegen.link_layout import LINK_FORMAT_LINE
from evo_codegen.releases import Release, SegmentRelease


@dataclass(frozen=True)
class MethodLine:
    number: int
    name: str
    request: str
    reply: str
    streaming: str

    @classmethod
    def parse(cls, text: str) -> MethodLine:
        """Raises ValueError if the text is not such a line."""
        match = _match(r"(\d+) (\w+) ([\w.]+) ([\w.]+)(?: streaming=(server|client|bidi))?", text)
        number, name, request, reply, streaming = match.groups()
        return cls(int(number), name, request, reply, streaming or "none")


@dataclass(frozen=True)
class FieldLine:
    id: int
    name: str
    type: str
    default: str
    is_required: bool
    unit: str  # with its quotes

    @classmethod
    def parse(cls, text: str) -> FieldLine:
        """Raises ValueError if the text is not such a line."""
        match = _match(
            r"(\d+) (\w+) (\[?(?:\w+(?:\{[-\w=,]+\})?|(?:struct|table)<[\w.]+>)\]?)"
            r"(?: default=(\S+))?( optional)?( required)?(?: unit=(\".*\"))?",
            text,
        )
        id_, name, type_, default, optional, required, unit = match.groups()
        default = "null" if optional else default or "0"
        return cls(int(id_), name, type_, default, bool(required), unit or "none")

    @property
    def is_struct(self) -> bool:
        return self.type.startswith("struct<")


@dataclass(frozen=True)
class Contents:
    """The canonical text of a link, read."""

    methods: list[MethodLine] = field(default_factory=list)
    tables: dict[str, list[FieldLine]] = field(default_factory=dict)
    structs: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def parse(cls, lines: tuple[str, ...]) -> Contents:
        """Raises ValueError if the lines are not those of a link."""
        if lines[0] != LINK_FORMAT_LINE:
            raise ValueError(f"unknown layout format: {lines[0]}")
        contents = cls()
        section = ("", "")
        for line in lines[1:]:
            start = re.fullmatch(r"(table|struct) ([\w.]+)", line)
            if start:
                section = (start[1], start[2])
                contents.tables.update({start[2]: []} if start[1] == "table" else {})
            elif section[0] == "struct":
                contents.structs.setdefault(section[1], []).append(line)
            elif section[0] == "table":
                contents.tables[section[1]].append(FieldLine.parse(line))
            else:
                contents.methods.append(MethodLine.parse(line))
        return contents

    def users(self) -> dict[str, str]:
        """Returns the first method that sends each table or struct."""
        users: dict[str, str] = {}
        for method in self.methods:
            waiting = [method.request, method.reply]
            while waiting:
                name = waiting.pop(0)
                if name not in users:
                    users[name] = method.name
                    for each in self.tables.get(name, []):
                        waiting += re.findall(r"(?:struct|table)<([\w.]+)>", each.type)
        return users

    def plain_tables(self) -> set[str]:
        """Returns the tables that methods send as the structs in them."""
        return {
            name
            for method in self.methods
            for name in (method.request, method.reply)
            if [each.is_struct and each.is_required for each in self.tables[name]] == [True]
        }


@dataclass(frozen=True)
class Change:
    """A difference between two layouts."""

    text: str
    is_compatible: bool = False


@dataclass(frozen=True)
class LinkRelease(Release):
    @cached_property
    def contents(self) -> Contents:
        return Contents.parse(self.lines)

    def check(self) -> None:
        self.contents.plain_tables()
        users = self.contents.users()
        for name, lines in self.contents.structs.items():
            _struct_release(self, name, lines).check()
        for name in (*self.contents.structs, *self.contents.tables):
            if name not in users:
                raise ValueError(f"no method uses {name}")

    def is_prefix_of(self, later: Release) -> bool:
        """Whether `later` only appends methods and fields."""
        changes = list(self._changes_to(later))
        return bool(changes) and all(change.is_compatible for change in changes)

    def changes_to(self, later: Release) -> list[str]:
        return [change.text for change in self._changes_to(later)]

    def _changes_to(self, later: Release) -> Iterator[Change]:
        assert isinstance(later, LinkRelease)
        old, new = self.contents, later.contents
        yield from _method_changes(old.methods, new.methods)
        users = old.users()
        for name, fields in old.tables.items():
            for change in _table_changes(name, fields, new.tables.get(name, fields)):
                yield replace(change, text=f"method `{users[name]}`: {change.text}")
        for name in sorted(old.plain_tables() - new.plain_tables()):
            if name in new.tables:
                what = f"`{_short(name)}` is no longer sent as its struct"
                yield Change(f"method `{users[name]}`: {what}")
        for name, lines in old.structs.items():
            before = _struct_release(self, name, lines)
            after = _struct_release(later, name, new.structs.get(name, lines))
            for text in before.changes_to(after):
                yield Change(f"method `{users[name]}`: {text}")


def _match(pattern: str, text: str) -> re.Match[str]:
    match = re.fullmatch(pattern, text)
    if not match:
        raise ValueError(f"not a line of a layout: {text}")
    return match


def _short(full_name: str) -> str:
    return full_name.rpartition(".")[2]


def _struct_release(release: LinkRelease, name: str, lines: list[str]) -> SegmentRelease:
    """Returns the layout of a struct, each field with the name of the struct in front."""
    parsed = [Line.parse(line) for line in lines[:-1]]
    fields = [str(replace(each, path=f"{_short(name)}.{each.path}")) for each in parsed]
    return SegmentRelease(release.version, (FORMAT_LINE, *fields, lines[-1]))


def _method_changes(old: list[MethodLine], new: list[MethodLine]) -> Iterator[Change]:
    by_name = {method.name: method for method in new}
    by_number = {method.number: method for method in new}
    old_names = {method.name for method in old}
    renamed = set()
    for method in old:
        other = by_number.get(method.number)
        if method.name in by_name:
            yield from _changes_of_method(method, by_name[method.name])
        elif other and other.name not in old_names and other == replace(method, name=other.name):
            renamed.add(other.name)
            yield Change(f"method `{method.name}` renamed to `{other.name}`")
        else:
            yield Change(f"method `{method.name}` removed")
    for method in new:
        if method.name not in old_names and method.name not in renamed:
            is_last = method.number > len(old)
            place = "appended" if is_last else f"inserted as number {method.number}"
            yield Change(f"method `{method.name}` {place}", is_compatible=is_last)


def _changes_of_method(old: MethodLine, new: MethodLine) -> Iterator[Change]:
    parts = (
        ("number", old.number, new.number),
        ("request", f"`{old.request}`", f"`{new.request}`"),
        ("reply", f"`{old.reply}`", f"`{new.reply}`"),
        ("streaming", old.streaming, new.streaming),
    )
    for part, before, after in parts:
        if before != after:
            yield Change(f"method `{old.name}` changed its {part} from {before} to {after}")


def _table_changes(table: str, old: list[FieldLine], new: list[FieldLine]) -> Iterator[Change]:
    by_name = {each.name: each for each in new}
    renamed = _renamed(old, new)
    added = [each for each in new if each.name not in renamed.values()]
    gone = [each for each in old if each.name not in renamed]
    for each in old:
        name = f"`{_short(table)}.{each.name}`"
        if each in gone:
            yield Change(f"{name} removed instead of deprecated")
            continue
        other = by_name[renamed[each.name]]
        if other.name != each.name:
            yield Change(f"{name} renamed to `{other.name}`")
        moved_along = sum(field.id < other.id for field in added)
        moved_along -= sum(field.id < each.id for field in gone)
        yield from _changes_of_field(name, each, other, other.id - each.id == moved_along)
    last_kept = max((each.id for each in new if each not in added), default=-1)
    for each in added:
        name = f"`{_short(table)}.{each.name}`"
        if each.id < last_kept:
            yield Change(f"{name} inserted with id {each.id}")
        elif each.is_required:
            yield Change(f"{name} appended as required, but older peers do not send it")
        else:
            yield Change(f"{name} appended", is_compatible=True)


def _renamed(old: list[FieldLine], new: list[FieldLine]) -> dict[str, str]:
    """Returns the present name of each field that is still there, by its former name."""
    present = {each.name for each in new}
    former = {each.name for each in old}
    names = {name: name for name in former & present}
    by_rest = {replace(each, name=""): each.name for each in new if each.name not in former}
    for each in old:
        rest = replace(each, name="")
        if each.name not in present and rest in by_rest:
            names[each.name] = by_rest[rest]
    return names


def _changes_of_field(
    name: str, old: FieldLine, new: FieldLine, moved_along: bool
) -> Iterator[Change]:
    """`moved_along`: the id is only another because of fields before this one."""
    if old.id != new.id and not moved_along:
        yield Change(f"{name} changed its id from {old.id} to {new.id}")
    if old.type != new.type:
        yield Change(f"{name} changed from {old.type} to {new.type}")
    if old.default != new.default:
        yield Change(f"{name} changed its default from {old.default} to {new.default}")
    if old.is_required != new.is_required:
        yield Change(f"{name} {'became' if new.is_required else 'is no longer'} required")
    if old.unit != new.unit:
        yield Change(f"{name} changed its unit from {old.unit} to {new.unit}")
