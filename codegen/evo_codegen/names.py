# SPDX-License-Identifier: Apache-2.0
"""Names that a schema must not use, because of their meaning in the generated C++."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

LONGEST_NAME = 48

CPP_KEYWORDS = frozenset(
    """alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t
    char32_t class compl concept const consteval constexpr constinit const_cast continue co_await
    co_return co_yield decltype default delete do double dynamic_cast else enum explicit export
    extern false float for friend goto if inline int long mutable namespace new noexcept not not_eq
    nullptr operator or or_eq private protected public register reinterpret_cast requires return
    short signed sizeof static static_assert static_cast struct switch template this thread_local
    throw true try typedef typeid typename union unsigned using virtual void volatile wchar_t while
    xor xor_eq""".split()
)

# Namespaces that the generated code refers to.
CPP_NAMESPACES = frozenset(("evo", "std", "tl", "fmt"))

# Members of the readers. An accessor of the same name would hide them.
READER_MEMBERS = frozenset(
    """Info Value attach attach_as begin create create_as end field has has_changed lag loan memory
    next next_batch poll_for_change poll_for_next publish push push_batch read read_field read_into
    reattach retries seek_latest seek_newest seek_oldest seek_to update version view
    wait_for_change wait_for_next with_next with_write write writer_state""".split()
)

# Functions that are declared next to the types of a schema, in its namespaces.
GENERATED_FUNCTIONS = frozenset(("channel_of", "contains", "for_each_bool", "to_string"))

# Parameters of the functions of a flags enum.
FLAGS_PARAMETERS = frozenset(("flags", "left", "right", "set"))

# Names that mean something else where generated code names a type: functions declared next to the
# type, members of its channel and of its reader.
GENERATED_NAMES = READER_MEMBERS | GENERATED_FUNCTIONS | frozenset(
    """Bits Module StateReader StateWriter StreamReader StreamWriter access alignment bfbs checksum
    compatible fields kind max_age max_readers name overflow owner period schema_id size slots
    stamp""".split()
)

# What the client of a link declares besides the methods.
LINK_MEMBERS = frozenset(("connect",))

# The words of schemas for numbers and bools, and for all types.
FLATC_NUMBERS = frozenset(
    """bool byte ubyte short ushort int uint long ulong float double int8 uint8 int16 uint16 int32
    uint32 int64 uint64 float32 float64""".split()
)
FLATC_WORDS = FLATC_NUMBERS | {"string"}

# Types that flatc's classes name without a namespace.
FLATC_INTEGERS = frozenset(
    "int8_t int16_t int32_t int64_t size_t uint8_t uint16_t uint32_t uint64_t".split()
)

# Types that flatc declares inside the class of a table.
FLATC_TYPES = frozenset(
    "Builder FlatBuffersVTableOffset NativeTableType Table TableType".split()
)

# Members of the class of a table, and parameters of its functions. Fields get an underscore in front
# of their names there.
FLATC_MEMBERS = FLATC_INTEGERS | FLATC_TYPES | frozenset(
    """CheckField GetAddressOf GetField GetOptional GetOptionalFieldOffset GetPointer GetStruct
    GetVTable Pack SetField SetPointer UnPack UnPackTo VectorArgs Verify VerifyField
    VerifyFieldRequired VerifyOffset VerifyOffsetRequired VerifyTableStart fbb o rehasher va
    verifier""".split()
)

# Enumerators that flatc adds to each enum, or to each flags enum.
FLATC_ENUMERATORS = frozenset(("MIN", "MAX"))
FLATC_FLAGS = frozenset(("NONE", "ANY"))

# The namespace for the classes that flatc generates, inside that of the schema.
WIRE_NAMESPACE = "wire"

_RESERVED = re.compile(r"__|^_[A-Z]")


# Names that the headers of C, C++ and POSIX, and those of the runtime, define as macros or declare
# outside of all namespaces. tests/codegen/reserved_names.py derives them from the headers.
_RESERVED_NAMES = Path(__file__).with_name("reserved_names.txt")


@cache
def reserved_names(kind: str) -> frozenset[str]:
    """The reserved names of a kind: `macro` or `global`."""
    lines = (line.split() for line in _RESERVED_NAMES.read_text("ascii").splitlines())
    return frozenset(words[1] for words in lines if words[0] == kind)


def snake_case(name: str) -> str:
    """Returns the name in lower case, with an underscore before each word of CamelCase."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def problem_with(name: str) -> tuple[str, str] | None:
    """Returns why `name` cannot be a name in C++ and what to write instead, or None."""
    if name in CPP_KEYWORDS:
        return f"`{name}` is a C++ keyword", f"write `{name}_value` or another name"
    if name in reserved_names("macro"):
        return (
            f"`{name}` is a macro in the C, POSIX or EVO headers",
            f"write `{_without_capitals(name)}` or another name",
        )
    if _RESERVED.search(name):
        better = re.sub("_+", "_", name).lstrip("_")
        return f"`{name}` is a name that C++ reserves", f"write `{better}`"
    if len(name) > LONGEST_NAME:
        return (
            f"`{name}` has {len(name)} characters",
            f"use a name of at most {LONGEST_NAME}",
        )
    return None


def problem_with_outermost(name: str, what: str) -> tuple[str, str] | None:
    """The same for a name outside all namespaces; `what` is "namespace" or "type"."""
    if name in reserved_names("global"):
        better = f"{name}_segments" if what == "namespace" else f"{name.capitalize()}Value"
        return (
            f"`{name}` is already a name in the global namespace (C, POSIX or EVO headers)",
            f"write `{better}` or another name",
        )
    return problem_with(name)


def _without_capitals(name: str) -> str:
    """Returns a name that resembles the macro `name` but is not a macro."""
    if name.isupper():
        words = "".join(word.capitalize() for word in name.split("_"))
        if words not in reserved_names("macro") and words not in CPP_KEYWORDS and len(words) > 1:
            return words
    return f"{name}_value"
