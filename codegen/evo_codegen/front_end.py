# SPDX-License-Identifier: Apache-2.0
"""Turns schema files into the intermediate representation.

flatc's binary schema has the meaning of each element, the scanner its line.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evo_codegen.diagnostics import Diagnostics, Location, Unreadable
from evo_codegen.extent import DEEPEST_NESTING
from evo_codegen.flatc import compile_schemas
from evo_codegen.ir import (
    Declared,
    Enumerator,
    EnumType,
    Field,
    Scalar,
    Schema,
    StructType,
    Type,
)
from evo_codegen.layout import layout_of
from evo_codegen.messages import MessageReader
from evo_codegen.reflection import (
    BaseType,
    EnumRecord,
    FieldRecord,
    ObjectRecord,
    SchemaRecord,
    ServiceRecord,
)
from evo_codegen.scanner import Declaration
from evo_codegen.sources import ATTRIBUTES_FILE, Source, SourceTree
from evo_codegen.text_checks import check_text, is_stand_in

_SCALARS = {
    BaseType.BOOL: Scalar.BOOL,
    BaseType.BYTE: Scalar.I8,
    BaseType.UBYTE: Scalar.U8,
    BaseType.SHORT: Scalar.I16,
    BaseType.USHORT: Scalar.U16,
    BaseType.INT: Scalar.I32,
    BaseType.UINT: Scalar.U32,
    BaseType.LONG: Scalar.I64,
    BaseType.ULONG: Scalar.U64,
    BaseType.FLOAT: Scalar.F32,
    BaseType.DOUBLE: Scalar.F64,
}

_UNLOCATED = Declaration("", "", 1, 0, 0, 0, None, (), 0, (), (), 1)


@dataclass(frozen=True)
class FrontEnd:
    """The schemas read, and the files in the order in which messages list them."""

    schemas: list[Schema]
    files: list[str]
    dependencies: list[Path]  # for the build tool


def read_schemas(
    paths: list[Path], include_directories: list[Path], flatc: str, diagnostics: Diagnostics
) -> FrontEnd:
    """Reads the schemas and those that they include; each of them becomes a header.

    Schemas that cannot be read at all are reported and left out.
    """
    tree = SourceTree(include_directories, diagnostics)
    given = [tree.load(path) for path in paths]
    everything = list({each.path: each for root in given for each in root.closure()}.values())
    roots = [source for source in everything if source.file != ATTRIBUTES_FILE]
    for source in everything:
        check_text(source, diagnostics)
    compiled = compile_schemas(flatc, roots, tree, diagnostics)
    schemas = []
    for root in roots:
        if root.file not in compiled:
            continue
        try:
            reader = _Reader(tree, root, compiled[root.file], diagnostics)
            schemas.append(reader.schema())
        except Unreadable as error:
            diagnostics.error(error.location, error.what, error.instead)
    return FrontEnd(
        schemas,
        [source.shown for source in everything],
        tree.dependencies(),
    )


class LayoutMismatch(Exception):
    """flatc and the generator disagree about a layout: a defect of the generator."""


class _Reader:
    """Turns one binary schema into the intermediate representation."""

    def __init__(
        self, tree: SourceTree, root: Source, bfbs: bytes, diagnostics: Diagnostics
    ) -> None:
        self._tree = tree
        self._root = root
        self._bfbs = bfbs
        self._check_layout = not diagnostics  # after an error, fields may be missing
        record = SchemaRecord.read(bfbs)
        self._objects = record.objects
        self._enum_records = record.enums
        self._enums = [None if each.is_union else self._enum(each) for each in self._enum_records]
        self._positions = {
            declaration.name: (file_index, index)
            for file_index, source in enumerate(root.closure())
            for index, declaration in enumerate(source.scan.declarations)
        }
        self._structs: dict[str, StructType] = {}
        self._levels: dict[str, int] = {}  # of structs inside each struct
        self._open = 0  # structs being read, each the type of a field of the previous one
        self._services = record.services
        self._messages = MessageReader(
            self._objects, self._declaration, self._type, diagnostics
        )

    def schema(self) -> Schema:
        types: list[EnumType | StructType] = [each for each in self._enums if each]
        types += [self._struct(each) for each in self._objects if each.is_struct]
        types.sort(key=self._order)
        tables = [self._messages.table(each) for each in self._objects if not each.is_struct]
        services = [self._messages.service(each) for each in self._services]
        includes = [each.file for each in self._root.includes if each.file != ATTRIBUTES_FILE]
        return Schema(
            shown=self._root.shown,
            file=self._root.file,
            includes=tuple(dict.fromkeys(includes)),
            declared=tuple(each for each in types if each.file == self._root.file),
            visible=tuple(types),
            visible_tables=tuple(sorted(tables, key=self._order)),
            visible_services=tuple(sorted(services, key=self._order)),
            bfbs=self._bfbs,
        )

    def _order(self, declared: Declared) -> tuple[int, int]:
        """Sort key: the order of the files, then of the declarations in them."""
        return self._positions.get(declared.full_name, (0, 0))

    def _source(self, declaration_file: str) -> Source:
        return self._tree.by_file[declaration_file.removeprefix("//")]

    def _declaration(
        self, record: EnumRecord | ObjectRecord | ServiceRecord
    ) -> tuple[Source, Declaration]:
        source = self._source(record.declaration_file)
        return source, source.declaration(record.name) or _UNLOCATED

    def _enum(self, record: EnumRecord) -> EnumType:
        source, declaration = self._declaration(record)
        namespace, _, name = record.name.rpartition(".")
        scalar = _SCALARS[record.underlying.base]
        members = declaration.members_by_name

        def location(member: str) -> Location:
            line = members[member].line if member in members else declaration.line
            return source.location(line)

        def in_range(value: int) -> int:
            return value if scalar.is_signed or value >= 0 else value + (1 << 64)

        return EnumType(
            name=name,
            namespace=tuple(namespace.split(".")) if namespace else (),
            scalar=scalar,
            is_flags="bit_flags" in record.attributes,
            enumerators=tuple(
                Enumerator(
                    value.name, in_range(value.value), value.documentation, location(value.name)
                )
                for value in record.values
            ),
            documentation=record.documentation,
            attributes=source.attributes(record.attributes, declaration.attributes, declaration),
            location=source.location(declaration.line),
            namespace_location=source.location(declaration.namespace_line),
            file=source.file,
        )

    def _struct(self, record: ObjectRecord) -> StructType:
        known = self._structs.get(record.name)
        if known:
            return known
        source, declaration = self._declaration(record)
        namespace, _, name = record.name.rpartition(".")
        self._open += 1
        if self._open > DEEPEST_NESTING + 1:
            raise _nested_too_deeply(source.location(declaration.line), name)
        struct = StructType(
            name=name,
            namespace=tuple(namespace.split(".")) if namespace else (),
            fields=tuple(
                self._field(source, declaration, each)
                for each in record.fields
                if not is_stand_in(each.name)
            ),
            alignment=record.alignment,
            documentation=record.documentation,
            attributes=source.attributes(record.attributes, declaration.attributes, declaration),
            location=source.location(declaration.line),
            namespace_location=source.location(declaration.namespace_line),
            file=source.file,
        )
        self._open -= 1
        inner = [each.type for each in struct.fields if isinstance(each.type, StructType)]
        levels = max((self._levels[each.full_name] + 1 for each in inner), default=0)
        self._levels[record.name] = levels
        if levels > DEEPEST_NESTING:
            raise _nested_too_deeply(struct.location, name)
        self._structs[record.name] = struct
        if self._check_layout:
            _compare_layout(struct, record)
        return struct

    def _field(self, source: Source, declaration: Declaration, record: FieldRecord) -> Field:
        type_record = record.type
        is_array = type_record.base is BaseType.ARRAY
        base = type_record.element if is_array else type_record.base
        member = declaration.members_by_name.get(record.name)
        line = member.line if member else declaration.line
        uses = member.attributes if member else ()
        return Field(
            name=record.name,
            type=self._type(base, type_record.index),
            length=type_record.fixed_length if is_array else None,
            documentation=record.documentation,
            attributes=source.attributes(record.attributes, uses, declaration),
            location=source.location(line),
        )

    def _type(self, base: BaseType, index: int) -> Type:
        if base is BaseType.OBJ:
            return self._struct(self._objects[index])
        if index >= 0:
            enum = self._enums[index]
            assert enum is not None  # flatc refuses a union in a struct, messages.py in a table
            return enum
        return _SCALARS[base]


def _nested_too_deeply(location: Location, name: str) -> Unreadable:
    return Unreadable(
        location,
        f"with struct `{name}`, structs are nested more than {DEEPEST_NESTING} deep",
        "move the inner fields into the outer structs",
    )


def _compare_layout(struct: StructType, record: ObjectRecord) -> None:
    layout = layout_of(struct)
    same = layout.size & 0xFFFFFFFF == record.size & 0xFFFFFFFF and all(
        placed.offset & 0xFFFF == field.offset_modulo_64k
        for placed, field in zip(layout.fields, record.fields)
    )
    if not same:
        raise LayoutMismatch(f"{struct.full_name}: flatc lays it out differently")
