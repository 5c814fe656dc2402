# SPDX-License-Identifier: Apache-2.0
"""The intermediate representation: the meaning of a schema, immutable, without FlatBuffers or C++.

The front end builds it, validation and layout read it, and the emitter turns it into text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Union

from evo_codegen.diagnostics import Location


class Scalar(Enum):
    """A FlatBuffers scalar: canonical name, bytes, C++ type, range if it is an integer."""

    BOOL = ("bool", 1, "bool")
    I8 = ("i8", 1, "std::int8_t")
    U8 = ("u8", 1, "std::uint8_t")
    I16 = ("i16", 2, "std::int16_t")
    U16 = ("u16", 2, "std::uint16_t")
    I32 = ("i32", 4, "std::int32_t")
    U32 = ("u32", 4, "std::uint32_t")
    I64 = ("i64", 8, "std::int64_t")
    U64 = ("u64", 8, "std::uint64_t")
    F32 = ("f32", 4, "float")
    F64 = ("f64", 8, "double")

    def __init__(self, canonical: str, size: int, cpp: str) -> None:
        self.canonical = canonical
        self.size = size
        self.cpp = cpp

    @property
    def is_integer(self) -> bool:
        return self.canonical[0] in "iu"

    @property
    def is_signed(self) -> bool:
        return self.canonical[0] == "i"

    @property
    def is_float(self) -> bool:
        return self.canonical[0] == "f"

    @property
    def lowest(self) -> int:
        """The smallest value of an integer type."""
        return -(1 << (8 * self.size - 1)) if self.is_signed else 0

    @property
    def highest(self) -> int:
        """The greatest value of an integer type."""
        return (1 << (8 * self.size - self.is_signed)) - 1


@dataclass(frozen=True)
class Attribute:
    """A value in parentheses after a declaration, as written, and its location."""

    value: str
    location: Location
    is_reported: bool = False  # wrong, and already reported when the text was read


@dataclass(frozen=True)
class Enumerator:
    name: str
    value: int
    documentation: tuple[str, ...]
    location: Location


@dataclass(frozen=True, eq=False)
class EnumType:
    name: str
    namespace: tuple[str, ...]
    scalar: Scalar
    is_flags: bool
    enumerators: tuple[Enumerator, ...]
    documentation: tuple[str, ...]
    attributes: dict[str, Attribute]
    location: Location
    namespace_location: Location
    file: str  # base name of the schema that declares it

    @property
    def full_name(self) -> str:
        return ".".join((*self.namespace, self.name))


@dataclass(frozen=True, kw_only=True)
class Member:
    """A field of a struct or of a table, or a method of a service."""

    name: str
    documentation: tuple[str, ...]
    attributes: dict[str, Attribute]
    location: Location

    def text(self, attribute: str) -> str | None:
        """Returns the value of an attribute, or None."""
        found = self.attributes.get(attribute)
        return found.value if found else None

    @property
    def unit(self) -> str | None:
        return self.text("unit")


@dataclass(frozen=True, kw_only=True)
class Field(Member):
    type: Type
    length: int | None  # of a fixed-length array


@dataclass(frozen=True, eq=False)
class StructType:
    name: str
    namespace: tuple[str, ...]
    fields: tuple[Field, ...]
    alignment: int
    documentation: tuple[str, ...]
    attributes: dict[str, Attribute]
    location: Location
    namespace_location: Location
    file: str  # base name of the schema that declares it

    @property
    def full_name(self) -> str:
        return ".".join((*self.namespace, self.name))

    @property
    def is_segment(self) -> bool:
        return "segment" in self.attributes


Type = Union[Scalar, EnumType, StructType]


class Text(Enum):
    """The type `string`, which only a table can hold."""

    STRING = "string"


@dataclass(frozen=True, kw_only=True)
class TableField(Member):
    type: TableFieldType  # of each element, if it is a vector
    is_vector: bool
    id: int
    default: str | None  # of a number, bool or enum; None: the field may be absent
    is_required: bool
    is_deprecated: bool


@dataclass(frozen=True, eq=False)
class TableType:
    """The contents of a message; only links have tables."""

    name: str
    namespace: tuple[str, ...]
    fields: tuple[TableField, ...]  # in order of their ids
    documentation: tuple[str, ...]
    attributes: dict[str, Attribute]
    location: Location
    namespace_location: Location
    file: str  # base name of the schema that declares it

    @property
    def full_name(self) -> str:
        return ".".join((*self.namespace, self.name))

    @property
    def plain_struct(self) -> StructType | None:
        """The struct that a method sends instead of the table: its only field, if required."""
        if len(self.fields) != 1:
            return None
        (field,) = self.fields
        is_plain = field.is_required and not field.is_vector
        return field.type if is_plain and isinstance(field.type, StructType) else None

    def closure(self) -> list[TableType]:
        """Returns this table and those inside it, each once."""
        found: dict[TableType, None] = {}
        waiting = [self]
        while waiting:
            table = waiting.pop()
            if table not in found:
                found[table] = None
                inner = [each.type for each in table.fields if isinstance(each.type, TableType)]
                waiting.extend(reversed(inner))
        return list(found)


TableFieldType = Union[Type, Text, TableType]


@dataclass(frozen=True, kw_only=True)
class Call(Member):
    """A method of a service as declared; `Method` has its attributes read and checked."""

    request: TableType
    reply: TableType

    def tables(self) -> list[TableType]:
        """Returns the tables of its request and reply, each once."""
        return list(dict.fromkeys([*self.request.closure(), *self.reply.closure()]))


@dataclass(frozen=True, eq=False)
class Service:
    """An `rpc_service`; with the attribute `link` it is a link."""

    name: str
    namespace: tuple[str, ...]
    calls: tuple[Call, ...]  # in the order of their declaration
    documentation: tuple[str, ...]
    attributes: dict[str, Attribute]
    location: Location
    namespace_location: Location
    file: str  # base name of the schema that declares it

    @property
    def full_name(self) -> str:
        return ".".join((*self.namespace, self.name))

    @property
    def is_link(self) -> bool:
        return "link" in self.attributes


Declared = Union[EnumType, StructType, TableType, Service]


class Kind(Enum):
    STATE = "state"
    STREAM = "stream"


@dataclass(frozen=True, order=True)
class Version:
    """Version of a layout, MAJOR.MINOR."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


@dataclass(frozen=True)
class Segment:
    """A struct with the attribute `segment`, its attributes read and checked."""

    struct: StructType
    name: str
    owner: str
    readers: tuple[str, ...]
    kind: Kind
    slots: int  # state: slots cycled through; stream: capacity
    overflow: str
    max_readers: int
    period_ns: int  # 0: not promised
    max_age_ns: int  # 0: never stale
    checksum: str
    stamp: str
    access: str
    version: Version


class Streaming(Enum):
    """Which side of a method sends any number of messages instead of one."""

    NONE = "none"
    SERVER = "server"
    CLIENT = "client"
    BIDI = "bidi"


@dataclass(frozen=True)
class Method:
    """A method of a link, its attributes read and checked."""

    call: Call
    number: int  # its position in the service, from 1
    deadline_ns: int  # 0: none
    idempotent: bool
    streaming: Streaming

    @property
    def name(self) -> str:
        return self.call.name


@dataclass(frozen=True)
class Link:
    """A service with the attribute `link`, its attributes read and checked."""

    service: Service
    name: str
    owner: str
    clients: tuple[str, ...]
    max_clients: int
    warm_clients: int
    ring: int  # bytes
    max_message: int  # bytes
    checksum: str
    access: str
    version: Version
    methods: tuple[Method, ...]


@dataclass(frozen=True)
class Schema:
    """One `.fbs` file: its own declarations, and all declarations visible through its includes."""

    shown: str  # path as the user gave it
    file: str  # base name
    includes: tuple[str, ...]  # base names of the schemas it includes directly
    declared: tuple[EnumType | StructType, ...]  # in this file, in its order
    visible: tuple[EnumType | StructType, ...]  # in this file and the included ones
    visible_tables: tuple[TableType, ...]
    visible_services: tuple[Service, ...]
    bfbs: bytes

    @property
    def tables(self) -> tuple[TableType, ...]:
        """The tables declared in this file, in its order."""
        return tuple(each for each in self.visible_tables if each.file == self.file)

    @property
    def services(self) -> tuple[Service, ...]:
        """The services declared in this file, in its order."""
        return tuple(each for each in self.visible_services if each.file == self.file)

    @property
    def stem(self) -> str:
        return self.file.removesuffix(".fbs")

    @property
    def header(self) -> str:
        """The name of the generated header."""
        return f"{self.stem}.evo.hpp"

    @property
    def bfbs_header(self) -> str:
        """The name of the generated header that holds the compiled schema."""
        return f"{self.stem}.bfbs.hpp"

    def segment_structs(self) -> Iterator[StructType]:
        """The structs declared here that are segments."""
        for declaration in self.declared:
            if isinstance(declaration, StructType) and declaration.is_segment:
                yield declaration

    def channels(self) -> Iterator[StructType | Service]:
        """The structs declared here that are segments, then the services that are links."""
        yield from self.segment_structs()
        for service in self.services:
            if service.is_link:
                yield service
