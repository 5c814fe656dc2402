# SPDX-License-Identifier: Apache-2.0
"""Turns the tables and services of a binary schema into the intermediate representation."""

from __future__ import annotations

from collections.abc import Callable

from evo_codegen.diagnostics import Diagnostics, Location, Unreadable
from evo_codegen.extent import DEEPEST_NESTING
from evo_codegen.ir import (
    Call,
    EnumType,
    Scalar,
    Service,
    TableField,
    TableFieldType,
    TableType,
    Text,
    Type,
)
from evo_codegen.reflection import (
    BaseType,
    CallRecord,
    FieldRecord,
    ObjectRecord,
    ServiceRecord,
)
from evo_codegen.scanner import Declaration, Token, unquote
from evo_codegen.sources import Source
from evo_codegen.text_checks import is_stand_in

Locate = Callable[[ObjectRecord | ServiceRecord], tuple[Source, Declaration]]


class MessageReader:
    """Reads the tables and services of one binary schema."""

    def __init__(
        self,
        objects: list[ObjectRecord],
        locate: Locate,
        type_of: Callable[[BaseType, int], Type],
        diagnostics: Diagnostics,
    ) -> None:
        self._objects = objects
        self._locate = locate
        self._type_of = type_of
        self._diagnostics = diagnostics
        self._tables: dict[str, TableType] = {}
        self._open: list[str] = []  # tables being read, each the type of a field of the previous

    def table(self, record: ObjectRecord) -> TableType:
        known = self._tables.get(record.name)
        if known:
            return known
        source, declaration = self._locate(record)
        namespace, _, name = record.name.rpartition(".")
        self._check_nesting(record.name, source.location(declaration.line))
        self._open.append(record.name)
        table = TableType(
            name=name,
            namespace=tuple(namespace.split(".")) if namespace else (),
            fields=tuple(
                self._field(source, declaration, each)
                for each in record.fields
                if not is_stand_in(each.name) and not _is_union(each)
            ),
            documentation=record.documentation,
            attributes=source.attributes(record.attributes, declaration.attributes, declaration),
            location=source.location(declaration.line),
            namespace_location=source.location(declaration.namespace_line),
            file=source.file,
        )
        self._open.pop()
        self._tables[record.name] = table
        return table

    def _check_nesting(self, name: str, location: Location) -> None:
        short = name.rpartition(".")[2]
        if name in self._open:
            raise Unreadable(
                location,
                f"table `{short}` contains itself",
                "put its values into one vector, and refer to them by index",
            )
        if len(self._open) > DEEPEST_NESTING:
            raise Unreadable(
                location,
                f"with table `{short}`, tables are nested more than {DEEPEST_NESTING} deep",
                "move the inner fields into the outer tables",
            )

    def _field(self, source: Source, declaration: Declaration, record: FieldRecord) -> TableField:
        is_vector = record.type.base is BaseType.VECTOR
        base = record.type.element if is_vector else record.type.base
        type_ = self._field_type(base, record.type.index)
        member = declaration.members_by_name.get(record.name)
        uses = member.attributes if member else ()
        location = source.location(member.line if member else declaration.line)
        default = None if is_vector else _default(type_, record)
        if default == "0" and member and member.default and not _is_zero(member.default, type_):
            self._diagnostics.error(
                location,
                f"`{record.name}` has a default of 2^63 or more, which flatc records as 0",
                f"write at most {(1 << 63) - 1}",
            )
        return TableField(
            name=record.name,
            type=type_,
            is_vector=is_vector,
            id=record.id,
            default=default,
            is_required=record.is_required,
            is_deprecated=record.is_deprecated,
            documentation=record.documentation,
            attributes=source.attributes(record.attributes, uses, declaration),
            location=location,
        )

    def _field_type(self, base: BaseType, index: int) -> TableFieldType:
        if base is BaseType.STRING:
            return Text.STRING
        if base is BaseType.OBJ and not self._objects[index].is_struct:
            return self.table(self._objects[index])
        return self._type_of(base, index)

    def service(self, record: ServiceRecord) -> Service:
        source, declaration = self._locate(record)
        namespace, _, name = record.name.rpartition(".")
        return Service(
            name=name,
            namespace=tuple(namespace.split(".")) if namespace else (),
            calls=tuple(self._call(source, declaration, each) for each in record.calls),
            documentation=record.documentation,
            attributes=source.attributes(record.attributes, declaration.attributes, declaration),
            location=source.location(declaration.line),
            namespace_location=source.location(declaration.namespace_line),
            file=source.file,
        )

    def _call(self, source: Source, declaration: Declaration, record: CallRecord) -> Call:
        member = declaration.members_by_name.get(record.name)
        uses = member.attributes if member else ()
        return Call(
            name=record.name,
            request=self.table(record.request),
            reply=self.table(record.reply),
            documentation=record.documentation,
            attributes=source.attributes(record.attributes, uses, declaration),
            location=source.location(member.line if member else declaration.line),
        )


def _is_union(record: FieldRecord) -> bool:
    """Whether a field is part of a union, which was reported at its declaration."""
    unions = (BaseType.UNION, BaseType.UTYPE)
    return record.type.base in unions or record.type.element in unions


def _default(type_: TableFieldType, record: FieldRecord) -> str | None:
    """Returns the value of a number, bool or enum that is not sent, as the schema writes it."""
    scalar = type_.scalar if isinstance(type_, EnumType) else type_
    if not isinstance(scalar, Scalar) or record.is_optional:
        return None
    if scalar.is_float:
        return repr(record.default_real).removesuffix(".0")
    if scalar is Scalar.BOOL:
        return str(int(record.default_integer != 0))
    return str(record.default_integer)


def _is_zero(default: Token, type_: TableFieldType) -> bool:
    """Whether a default as written stands for 0."""
    text = unquote(default.text) if default.kind == "string" else default.text
    if default.kind == "number":
        return float(int(text, 16) if "x" in text.lower() else text) == 0
    if isinstance(type_, EnumType) and text:
        zeros = [each.name for each in type_.enumerators if each.value == 0]
        return text.rpartition(".")[2] in zeros
    return True
