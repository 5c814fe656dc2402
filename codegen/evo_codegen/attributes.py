# SPDX-License-Identifier: Apache-2.0
"""The attributes of evo.fbs: where each is allowed, the form of its values, and its default.

To add an attribute: declare it in schemas/evo.fbs, name it here, add a reader below if needed,
and use it in `read_segment`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from typing import TypeVar

from evo_codegen.diagnostics import Diagnostics, Location
from evo_codegen.ir import Kind, Segment, StructType, Version

SEGMENT_ATTRIBUTES = (
    "segment owner readers kind slots capacity overflow max_readers period max_age checksum stamp "
    "access version"
).split()
FIELD_ATTRIBUTES = ["unit", "min", "max"]
OWN_ATTRIBUTES = frozenset(SEGMENT_ATTRIBUTES + FIELD_ATTRIBUTES)

# The attributes that flatc knows without a declaration.
BUILTIN_ATTRIBUTES = frozenset(
    """bit_flags csharp_partial cpp_ptr_type cpp_ptr_type_get cpp_str_flex_ctor cpp_str_type
    deprecated flexbuffer force_align hash id idempotent key native_custom_alloc native_default
    native_inline native_type native_type_pack_name nested_flatbuffer original_order private
    required shared streaming""".split()
)

LARGEST_FILE = 1 << 30
HEADER_BYTES = 4096

T = TypeVar("T")

_UNITS_NS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_LONGEST_DURATION_NS = (1 << 63) - 1


class BadValue(Exception):
    """An attribute has an invalid value: what is wrong, what to write instead."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__(what)
        self.what = what
        self.instead = instead


def closest(word: str, candidates: frozenset[str] | list[str]) -> str | None:
    """Returns the candidate of which `word` is probably a misspelling, or None."""
    found = difflib.get_close_matches(word, sorted(candidates), n=1, cutoff=0.6)
    return found[0] if found else None


def _name(longest: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not re.fullmatch(rf"[a-z][a-z0-9_]{{0,{longest - 1}}}", text):
            raise BadValue(
                f"`{text}` is not a name",
                f"write a lower-case letter, then at most {longest - 1} lower-case letters, "
                "digits or underscores",
            )
        return text

    return read


segment_name = _name(48)
module_name = _name(32)


def _modules(text: str) -> tuple[str, ...]:
    modules = tuple(module_name(part.strip()) for part in text.split(","))
    for module in modules:
        if modules.count(module) > 1:
            raise BadValue(f"module `{module}` is named twice", "name each reader once")
    return modules


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            guess = closest(text, list(words))
            choice = f'did you mean "{guess}"?' if guess else f"write {_alternatives(words)}"
            raise BadValue(f"`{text}` is not one of {', '.join(words)}", choice)
        return text

    return read


def _alternatives(words: tuple[str, ...]) -> str:
    return " or ".join(f'"{word}"' for word in words)


def _integer(lowest: int, highest: int, power_of_two: bool = False) -> Callable[[str], int]:
    range_text = f"from {lowest} to {highest}"

    def read(text: str) -> int:
        number = int(text) if re.fullmatch(r"[0-9]{1,20}", text) else None
        if number is None and not re.fullmatch("-?[0-9]+", text):
            raise BadValue(f"`{text}` is not a whole number", f"write one {range_text}")
        if number is None or not lowest <= number <= highest:
            kind = "a power of two" if power_of_two else "a whole number"
            raise BadValue(f"`{text}` is out of range", f"write {kind} {range_text}")
        if power_of_two and number & (number - 1):
            below = 1 << (number.bit_length() - 1)
            raise BadValue(
                f"`{text}` is not a power of two", f"write {below} or {min(2 * below, highest)}"
            )
        return number

    return read


def duration_ns(text: str) -> int:
    """Converts a duration such as `250us` to nanoseconds."""
    example = 'write a whole number and ns, us, ms or s, such as "250us"'
    match = re.fullmatch(r"([0-9]{1,20})(ns|us|ms|s)", text)
    if not match:
        raise BadValue(f"`{text}` is not a duration", example)
    nanoseconds = int(match[1]) * _UNITS_NS[match[2]]
    if nanoseconds == 0:
        instead = "leave the attribute out, or " + example
        raise BadValue(f"`{text}` is not greater than zero", instead)
    if nanoseconds > _LONGEST_DURATION_NS:
        raise BadValue(f"`{text}` is longer than 292 years", example)
    return nanoseconds


def layout_version(text: str) -> Version:
    match = re.fullmatch(r"(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})", text)
    if not match or max(int(match[1]), int(match[2])) > 0xFFFF:
        raise BadValue(f"`{text}` is not a version", 'write MAJOR.MINOR, such as "1.0"')
    return Version(int(match[1]), int(match[2]))


class _AttributeReader:
    """Reads the attributes of one struct, and notes whether one of them is wrong."""

    def __init__(self, struct: StructType, diagnostics: Diagnostics) -> None:
        self._struct = struct
        self._diagnostics = diagnostics
        self.wrong = False

    def has(self, attribute: str) -> bool:
        return attribute in self._struct.attributes

    def read(self, attribute: str, reader: Callable[[str], T], default: T) -> T:
        found = self._struct.attributes.get(attribute)
        if not found:
            return default
        if found.is_reported:
            self.wrong = True
            return default
        try:
            return reader(found.value)
        except BadValue as bad:
            self.complain(attribute, f"attribute `{attribute}`: {bad.what}", bad.instead)
            return default

    def complain(self, attribute: str, what: str, instead: str) -> None:
        self.wrong = True
        self._diagnostics.error(where(self._struct, attribute), what, instead)


def read_segment(struct: StructType, diagnostics: Diagnostics) -> Segment | None:
    """Reads the attributes of a segment's struct; returns None if one of them is wrong."""
    attributes = _AttributeReader(struct, diagnostics)
    read = attributes.read
    kind = Kind(read("kind", _one_of("state", "stream"), "state"))
    slots = read("slots", _integer(2, 64), 4)
    capacity = read("capacity", _integer(2, 1 << 20, power_of_two=True), 256)
    segment = Segment(
        struct=struct,
        name=read("segment", segment_name, ""),
        owner=read("owner", module_name, ""),
        readers=read("readers", _modules, ()),
        kind=kind,
        slots=slots if kind is Kind.STATE else capacity,
        overflow=read("overflow", _one_of("overwrite", "block"), "overwrite"),
        max_readers=read("max_readers", _integer(1, 10240), 128),
        period_ns=read("period", duration_ns, 0),
        max_age_ns=read("max_age", duration_ns, 0),
        checksum=read("checksum", _one_of("none", "crc32c"), "none"),
        stamp=read("stamp", _one_of("monotonic", "none"), "monotonic"),
        access=read("access", _one_of("owner", "group"), "owner"),
        version=read("version", layout_version, Version(1, 0)),
    )
    _check_together(segment, attributes)
    return None if attributes.wrong else segment


def _check_together(segment: Segment, attributes: _AttributeReader) -> None:
    """Reports attributes that do not go together."""
    if not attributes.has("owner"):
        attributes.complain(
            "owner",
            f"segment `{segment.struct.attributes['segment'].value}` has no owner",
            'add owner: "MODULE", the one module that may write it',
        )
    if segment.kind is Kind.STATE:
        for attribute in ("capacity", "overflow"):
            if attributes.has(attribute):
                attributes.complain(
                    attribute,
                    f"attribute `{attribute}` is for kind stream, but this segment is a state",
                    "remove it (a state has slots), or add kind: " + '"stream"',
                )
    elif attributes.has("slots"):
        attributes.complain(
            "slots",
            "attribute `slots` is for kind state, but this segment is a stream",
            "write capacity instead",
        )
    if segment.max_age_ns and segment.stamp == "none":
        attributes.complain(
            "max_age",
            "without stamps the age of a value is unknown, so max_age has no effect",
            'remove max_age, or stamp: "none"',
        )
    elif segment.max_age_ns and segment.period_ns > segment.max_age_ns:
        attributes.complain(
            "max_age",
            "max_age is shorter than the period: each value is stale before the next is due",
            "write a max_age of at least one period",
        )


def where(struct: StructType, attribute: str) -> Location:
    """Returns the line of an attribute, or of the struct if it lacks the attribute."""
    found = struct.attributes.get(attribute)
    return found.location if found else struct.location
