# SPDX-License-Identifier: Apache-2.0
"""The attributes of evo.fbs: where each is allowed, the form of its values, and its default.

To add an attribute: declare it in schemas/evo.fbs, name it here, add a reader below if needed,
and use it in `read_segment`, or in `read_link` of link_attributes.py.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from typing import TypeVar

from evo_codegen.diagnostics import Diagnostics, Location
from evo_codegen.ir import Declared, Kind, Member, Segment, StructType, Version

SEGMENT_ATTRIBUTES = (
    "segment owner readers kind slots capacity overflow max_readers period max_age checksum stamp "
    "access version"
).split()
LINK_ATTRIBUTES = (
    "link owner clients max_clients warm_clients ring max_message checksum access version"
).split()
METHOD_ATTRIBUTES = ["deadline", "idempotent", "streaming"]
FIELD_ATTRIBUTES = ["unit", "min", "max"]
OWN_ATTRIBUTES = frozenset(
    SEGMENT_ATTRIBUTES + LINK_ATTRIBUTES + METHOD_ATTRIBUTES + FIELD_ATTRIBUTES
)
WITHOUT_VALUE = frozenset(("idempotent",))

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
_BYTES = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20}
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


def modules(word: str) -> Callable[[str], tuple[str, ...]]:
    """Reads the names of modules, each of which is a `word` of the channel."""

    def read(text: str) -> tuple[str, ...]:
        names = tuple(module_name(part.strip()) for part in text.split(","))
        for name in names:
            if names.count(name) > 1:
                raise BadValue(f"module `{name}` is named twice", f"name each {word} once")
        return names

    return read


def one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            guess = closest(text, list(words))
            choice = f'did you mean "{guess}"?' if guess else f"write {_alternatives(words)}"
            raise BadValue(f"`{text}` is not one of {', '.join(words)}", choice)
        return text

    return read


def _alternatives(words: tuple[str, ...]) -> str:
    return " or ".join(f'"{word}"' for word in words)


def integer(lowest: int, highest: int, power_of_two: bool = False) -> Callable[[str], int]:
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


def byte_size(
    lowest: int, highest: int, power_of_two: bool = False
) -> Callable[[str], int]:
    """Reads a number of bytes such as `64KiB`."""

    def read(text: str) -> int:
        match = re.fullmatch(r"([0-9]{1,20})(KiB|MiB)?", text)
        if not match:
            example = 'write a whole number with KiB or MiB, such as "64KiB"'
            raise BadValue(f"`{text}` is not a size in bytes", example)
        size = int(match[1]) * _BYTES[match[2] or ""]
        if not lowest <= size <= highest:
            kind = "a power of two" if power_of_two else "a size"
            limits = f"from {size_text(lowest)} to {size_text(highest)}"
            raise BadValue(f"`{text}` is out of range", f"write {kind} {limits}")
        if power_of_two and size & (size - 1):
            below = 1 << (size.bit_length() - 1)
            choice = f"write {size_text(below)} or {size_text(2 * below)}"
            raise BadValue(f"`{text}` is not a power of two", choice)
        return size

    return read


def size_text(size: int) -> str:
    """Writes a number of bytes in the largest unit of which it is a whole number."""
    unit = next(unit for unit in ("MiB", "KiB", "") if size % _BYTES[unit] == 0)
    return f"{size // _BYTES[unit]}{unit}"


def in_largest_unit(nanoseconds: int) -> tuple[int, str]:
    """Returns a duration as a whole number of its largest unit, such as (250, "us")."""
    fitting = [unit for unit, factor in _UNITS_NS.items() if nanoseconds % factor == 0]
    unit = fitting[-1] if nanoseconds else "ns"
    return nanoseconds // _UNITS_NS[unit], unit


def layout_version(text: str) -> Version:
    match = re.fullmatch(r"(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})", text)
    if not match or max(int(match[1]), int(match[2])) > 0xFFFF:
        raise BadValue(f"`{text}` is not a version", 'write MAJOR.MINOR, such as "1.0"')
    return Version(int(match[1]), int(match[2]))


class AttributeReader:
    """Reads the attributes of one declaration or member, and notes whether one of them is wrong."""

    def __init__(self, holder: Declared | Member, diagnostics: Diagnostics) -> None:
        self._holder = holder
        self._diagnostics = diagnostics
        self.wrong = False

    def has(self, attribute: str) -> bool:
        return attribute in self._holder.attributes

    def read(self, attribute: str, reader: Callable[[str], T], default: T) -> T:
        found = self._holder.attributes.get(attribute)
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
        self._diagnostics.error(where(self._holder, attribute), what, instead)


def read_segment(struct: StructType, diagnostics: Diagnostics) -> Segment | None:
    """Reads the attributes of a segment's struct; returns None if one of them is wrong."""
    attributes = AttributeReader(struct, diagnostics)
    read = attributes.read
    kind = Kind(read("kind", one_of("state", "stream"), "state"))
    slots = read("slots", integer(2, 64), 4)
    capacity = read("capacity", integer(2, 1 << 20, power_of_two=True), 256)
    segment = Segment(
        struct=struct,
        name=read("segment", segment_name, ""),
        owner=read("owner", module_name, ""),
        readers=read("readers", modules("reader"), ()),
        kind=kind,
        slots=slots if kind is Kind.STATE else capacity,
        overflow=read("overflow", one_of("overwrite", "block"), "overwrite"),
        max_readers=read("max_readers", integer(1, 10240), 128),
        period_ns=read("period", duration_ns, 0),
        max_age_ns=read("max_age", duration_ns, 0),
        checksum=read("checksum", one_of("none", "crc32c"), "none"),
        stamp=read("stamp", one_of("monotonic", "none"), "monotonic"),
        access=read("access", one_of("owner", "group"), "owner"),
        version=read("version", layout_version, Version(1, 0)),
    )
    _check_together(segment, attributes)
    return None if attributes.wrong else segment


def _check_together(segment: Segment, attributes: AttributeReader) -> None:
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


def where(holder: Declared | Member, attribute: str) -> Location:
    """Returns the line of an attribute, or of its holder if that lacks the attribute."""
    found = holder.attributes.get(attribute)
    return found.location if found else holder.location
