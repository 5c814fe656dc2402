# SPDX-License-Identifier: Apache-2.0
"""Typed access to a binary schema (.bfbs).

Debian's python3-flatbuffers has no `flatbuffers.reflection`, so this reads the tables of
reflection.fbs by their vtable slots: slot n of a table is at vtable offset 4 + 2 n.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import TypeVar

from flatbuffers import number_types
from flatbuffers.table import Table

T = TypeVar("T")


class BaseType(IntEnum):
    """Base types of reflection.fbs."""

    NONE = 0
    UTYPE = 1
    BOOL = 2
    BYTE = 3
    UBYTE = 4
    SHORT = 5
    USHORT = 6
    INT = 7
    UINT = 8
    LONG = 9
    ULONG = 10
    FLOAT = 11
    DOUBLE = 12
    STRING = 13
    VECTOR = 14
    OBJ = 15
    UNION = 16
    ARRAY = 17


class _Record:
    """A table of reflection.fbs."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def _number(self, slot: int, flags: object, default: int) -> int:
        offset = self._table.Offset(4 + 2 * slot)
        return int(self._table.Get(flags, self._table.Pos + offset)) if offset else default

    def _string(self, slot: int) -> str:
        offset = self._table.Offset(4 + 2 * slot)
        if not offset:
            return ""
        return bytes(self._table.String(self._table.Pos + offset)).decode("utf-8")

    def _child(self, slot: int, read: Callable[[Table], T]) -> T:
        position = self._table.Indirect(self._table.Pos + self._table.Offset(4 + 2 * slot))
        return read(Table(self._table.Bytes, position))

    def _children(self, slot: int, read: Callable[[Table], T]) -> Iterator[T]:
        offset = self._table.Offset(4 + 2 * slot)
        if offset:
            start = self._table.Vector(offset)
            for index in range(self._table.VectorLen(offset)):
                yield read(Table(self._table.Bytes, self._table.Indirect(start + 4 * index)))

    def _strings(self, slot: int) -> tuple[str, ...]:
        offset = self._table.Offset(4 + 2 * slot)
        if not offset:
            return ()
        start = self._table.Vector(offset)
        return tuple(
            bytes(self._table.String(start + 4 * index)).decode("utf-8")
            for index in range(self._table.VectorLen(offset))
        )

    def _attributes(self, slot: int) -> dict[str, str]:
        return {pair.key: pair.value for pair in self._children(slot, KeyValue)}


class KeyValue(_Record):
    @property
    def key(self) -> str:
        return self._string(0)

    @property
    def value(self) -> str:
        return self._string(1)


class TypeRecord(_Record):
    @property
    def base(self) -> BaseType:
        return BaseType(self._number(0, number_types.Uint8Flags, 0))

    @property
    def element(self) -> BaseType:
        """The type of the elements of an array."""
        return BaseType(self._number(1, number_types.Uint8Flags, 0))

    @property
    def index(self) -> int:
        """The index of the struct or enum in the schema, or -1."""
        return self._number(2, number_types.Int32Flags, -1)

    @property
    def fixed_length(self) -> int:
        return self._number(3, number_types.Uint16Flags, 0)


class EnumValueRecord(_Record):
    @property
    def name(self) -> str:
        return self._string(0)

    @property
    def value(self) -> int:
        """The value as a signed number: values of `ulong` enums from 2^63 on are negative here."""
        return self._number(1, number_types.Int64Flags, 0)

    @property
    def documentation(self) -> tuple[str, ...]:
        return self._strings(4)


class EnumRecord(_Record):
    @property
    def name(self) -> str:
        return self._string(0)

    @property
    def values(self) -> Iterator[EnumValueRecord]:
        return self._children(1, EnumValueRecord)

    @property
    def is_union(self) -> bool:
        return bool(self._number(2, number_types.BoolFlags, 0))

    @property
    def underlying(self) -> TypeRecord:
        return self._child(3, TypeRecord)

    @property
    def attributes(self) -> dict[str, str]:
        return self._attributes(4)

    @property
    def documentation(self) -> tuple[str, ...]:
        return self._strings(5)

    @property
    def declaration_file(self) -> str:
        return self._string(6)


class FieldRecord(_Record):
    @property
    def name(self) -> str:
        return self._string(0)

    @property
    def type(self) -> TypeRecord:
        return self._child(1, TypeRecord)

    @property
    def id(self) -> int:
        """The position from 0: that in the declaration, or that which a table's attribute gives."""
        return self._number(2, number_types.Uint16Flags, 0)

    @property
    def offset_modulo_64k(self) -> int:
        """The offset in the struct. Only 16 bits are stored: it wraps in structs above 64 KiB."""
        return self._number(3, number_types.Uint16Flags, 0)

    @property
    def default_integer(self) -> int:
        """The default of an integer, bool or enum, as a signed number."""
        return self._number(4, number_types.Int64Flags, 0)

    @property
    def default_real(self) -> float:
        offset = self._table.Offset(4 + 2 * 5)
        position = self._table.Pos + offset
        return float(self._table.Get(number_types.Float64Flags, position)) if offset else 0.0

    @property
    def is_deprecated(self) -> bool:
        return bool(self._number(6, number_types.BoolFlags, 0))

    @property
    def is_required(self) -> bool:
        return bool(self._number(7, number_types.BoolFlags, 0))

    @property
    def attributes(self) -> dict[str, str]:
        return self._attributes(9)

    @property
    def documentation(self) -> tuple[str, ...]:
        return self._strings(10)

    @property
    def is_optional(self) -> bool:
        """Whether a number, bool or enum has no default: the field may be absent."""
        return bool(self._number(11, number_types.BoolFlags, 0))


class ObjectRecord(_Record):
    @property
    def name(self) -> str:
        return self._string(0)

    @property
    def fields(self) -> list[FieldRecord]:
        """The fields in the order of their declaration; they are stored sorted by name."""
        return sorted(self._children(1, FieldRecord), key=lambda field: field.id)

    @property
    def is_struct(self) -> bool:
        return bool(self._number(2, number_types.BoolFlags, 0))

    @property
    def alignment(self) -> int:
        return self._number(3, number_types.Int32Flags, 0)

    @property
    def size(self) -> int:
        return self._number(4, number_types.Int32Flags, 0)

    @property
    def attributes(self) -> dict[str, str]:
        return self._attributes(5)

    @property
    def documentation(self) -> tuple[str, ...]:
        return self._strings(6)

    @property
    def declaration_file(self) -> str:
        return self._string(7)


class CallRecord(_Record):
    @property
    def name(self) -> str:
        return self._string(0)

    @property
    def request(self) -> ObjectRecord:
        return self._child(1, ObjectRecord)

    @property
    def reply(self) -> ObjectRecord:
        return self._child(2, ObjectRecord)

    @property
    def attributes(self) -> dict[str, str]:
        return self._attributes(3)

    @property
    def documentation(self) -> tuple[str, ...]:
        return self._strings(4)


class ServiceRecord(_Record):
    @property
    def name(self) -> str:
        return self._string(0)

    @property
    def calls(self) -> Iterator[CallRecord]:
        """The methods in the order of their declaration."""
        return self._children(1, CallRecord)

    @property
    def attributes(self) -> dict[str, str]:
        return self._attributes(2)

    @property
    def documentation(self) -> tuple[str, ...]:
        return self._strings(3)

    @property
    def declaration_file(self) -> str:
        return self._string(4)


class SchemaRecord(_Record):
    """The root of a binary schema."""

    @classmethod
    def read(cls, bfbs: bytes) -> SchemaRecord:
        (root,) = struct.unpack_from("<I", bfbs)
        return cls(Table(bytearray(bfbs), root))

    @property
    def objects(self) -> list[ObjectRecord]:
        return list(self._children(0, ObjectRecord))

    @property
    def enums(self) -> list[EnumRecord]:
        return list(self._children(1, EnumRecord))

    @property
    def services(self) -> list[ServiceRecord]:
        return list(self._children(5, ServiceRecord))
