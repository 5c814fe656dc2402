# SPDX-License-Identifier: Apache-2.0
"""Makes flatc generate the C++ classes of tables, in a namespace `wire` inside that of the schema.

flatc also generates classes for the structs and enums of tables. The namespace keeps them apart
from those that the generator itself emits, so flatc reads a schema written here from the
intermediate representation, not that of the user.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from evo_codegen import cpp
from evo_codegen.flatc import program_path, run_flatc
from evo_codegen.ir import (
    Declared,
    EnumType,
    Field,
    Scalar,
    Schema,
    StructType,
    TableField,
    TableType,
    Text,
)
from evo_codegen.names import WIRE_NAMESPACE

_OPTIONS = "--cpp --gen-object-api --scoped-enums --no-includes --no-warnings -I . -o ."

_WORDS = {
    Scalar.BOOL: "bool",
    Scalar.I8: "byte",
    Scalar.U8: "ubyte",
    Scalar.I16: "short",
    Scalar.U16: "ushort",
    Scalar.I32: "int",
    Scalar.U32: "uint",
    Scalar.I64: "long",
    Scalar.U64: "ulong",
    Scalar.F32: "float",
    Scalar.F64: "double",
}


def wire_lines(schemas: list[Schema], flatc: str) -> dict[str, list[str]]:
    """Returns flatc's C++ for each schema that declares tables or services, by its base name.

    It begins with that for the included schemas, whose headers may lack it: flatc's include guards
    skip what another header already brought.
    """
    by_file = {schema.file: schema for schema in schemas}
    closures = {
        schema.file: _included_first(schema, by_file)
        for schema in schemas
        if schema.tables or schema.services
    }
    needed = {file: by_file[file] for closure in closures.values() for file in closure}
    texts = _run_flatc(needed, flatc) if needed else {}
    return {
        file: "\n\n".join(texts[each] for each in closure if each in texts).split("\n")
        for file, closure in closures.items()
    }


def _run_flatc(schemas: dict[str, Schema], flatc: str) -> dict[str, str]:
    with tempfile.TemporaryDirectory(prefix="evo_codegen_") as name:
        directory = Path(name)
        for file, schema in schemas.items():
            text = "".join(f"{line}\n" for line in _schema_lines(schema))
            (directory / file).write_bytes(text.encode("utf-8"))
        output = run_flatc(program_path(flatc), [*_OPTIONS.split(), *schemas], directory)
        assert output is None, output  # it accepted the schema from which this one is written
        outputs = {
            file: directory / f"{schema.stem}_generated.h" for file, schema in schemas.items()
        }
        # flatc writes nothing for a schema that declares no types.
        return {
            file: _without_frame(path.read_text("utf-8"))
            for file, path in outputs.items()
            if path.exists()
        }


def _included_first(root: Schema, by_file: dict[str, Schema]) -> list[str]:
    """Returns the base names of a schema and all that it includes, each after its includes."""
    found: dict[str, None] = {}

    def visit(schema: Schema) -> None:
        for file in schema.includes:
            if file not in found:
                visit(by_file[file])
        found[schema.file] = None

    visit(root)
    return list(found)


def _without_frame(text: str) -> str:
    """Returns flatc's text without its first comment and its includes."""
    lines = text[text.index("#ifndef") :].split("\n")
    kept = (line.rstrip() for line in lines if not line.startswith("#include"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).rstrip("\n")


def _schema_lines(schema: Schema) -> Iterator[str]:
    for include in schema.includes:
        yield f'include "{include}";'
    for declared in (*schema.declared, *schema.tables):
        yield f"namespace {'.'.join((*declared.namespace, WIRE_NAMESPACE))};"
        yield from cpp.comment(declared.documentation, 0)
        if isinstance(declared, EnumType):
            yield from _enum_lines(declared)
        elif isinstance(declared, StructType):
            yield f"struct {declared.name} (force_align: {declared.alignment}) {{"
            yield from _field_lines(declared)
        else:
            yield f"table {declared.name} {{"
            yield from _field_lines(declared)
        yield "}"


def _enum_lines(enum: EnumType) -> Iterator[str]:
    flags = " (bit_flags)" if enum.is_flags else ""
    yield f"enum {enum.name} : {_WORDS[enum.scalar]}{flags} {{"
    for each in sorted(enum.enumerators, key=lambda enumerator: enumerator.value):
        value = each.value.bit_length() - 1 if enum.is_flags else each.value
        yield from cpp.comment(each.documentation, 2)
        yield f"  {each.name} = {value},"


def _field_lines(declared: StructType | TableType) -> Iterator[str]:
    for field in declared.fields:
        yield from cpp.comment(field.documentation, 2, cpp.facts(field))
        if isinstance(field, Field):
            length = f":{field.length}" if field.length is not None else ""
            type_ = _type_name(field.type)
            yield f"  {field.name}:" + (f"[{type_}{length}];" if length else f"{type_};")
        else:
            yield f"  {field.name}:{_table_field(field)};"


def _table_field(field: TableField) -> str:
    type_ = _type_name(field.type)
    text = f"[{type_}]" if field.is_vector else type_
    is_number = isinstance(field.type, (Scalar, EnumType)) and not field.is_vector
    if is_number:
        default = "null" if field.default is None else field.default
        if field.type is Scalar.BOOL:
            default = {"0": "false", "1": "true"}.get(default, default)
        text += f" = {default}"
    words = [f"id: {field.id}"]
    words += ["required"] if field.is_required else []
    words += ["deprecated"] if field.is_deprecated else []
    return f"{text} ({', '.join(words)})"


def _type_name(type_: Scalar | Text | Declared) -> str:
    if isinstance(type_, Scalar):
        return _WORDS[type_]
    if isinstance(type_, Text):
        return type_.value
    return ".".join((*type_.namespace, WIRE_NAMESPACE, type_.name))
