# SPDX-License-Identifier: Apache-2.0
"""The canonical text of a link: its methods, and the tables and structs that they exchange.

The text is documented in codegen/README.md; its schema id is made as that of a segment.
"""

from __future__ import annotations

from collections.abc import Iterator

from evo_codegen.ir import (
    EnumType,
    Link,
    Method,
    Scalar,
    Streaming,
    StructType,
    TableField,
    TableType,
    Text,
)
from evo_codegen.layout import canonical_lines, type_text, unit_text

LINK_FORMAT_LINE = "evo link 1"


def link_lines(link: Link) -> list[str]:
    """Returns the canonical text of a link, line by line."""
    tables = {table.full_name: table for each in link.methods for table in each.call.tables()}
    structs = {
        field.type.full_name: field.type
        for table in tables.values()
        for field in table.fields
        if isinstance(field.type, StructType)
    }
    lines = [LINK_FORMAT_LINE, *map(_method_line, link.methods)]
    for name, table in sorted(tables.items()):
        lines += [f"table {name}", *map(_field_line, table.fields)]
    for name, struct in sorted(structs.items()):
        lines += [f"struct {name}", *canonical_lines(struct)[1:]]
    return lines


def _method_line(method: Method) -> str:
    names = (method.name, method.call.request.full_name, method.call.reply.full_name)
    is_plain = method.streaming is Streaming.NONE
    streaming = "" if is_plain else f" streaming={method.streaming.value}"
    return f"{method.number} {' '.join(names)}{streaming}"


def _field_line(field: TableField) -> str:
    return " ".join([str(field.id), field.name, *_field_parts(field)])


def _field_parts(field: TableField) -> Iterator[str]:
    type_ = _type_text(field)
    yield f"[{type_}]" if field.is_vector else type_
    if field.default not in (None, "0"):
        yield f"default={field.default}"
    if isinstance(field.type, (Scalar, EnumType)) and not field.is_vector:
        if field.default is None:
            yield "optional"
    if field.is_required:
        yield "required"
    if field.unit:
        yield unit_text(field.unit)


def _type_text(field: TableField) -> str:
    if isinstance(field.type, Text):
        return field.type.value
    if isinstance(field.type, TableType):
        return f"table<{field.type.full_name}>"
    if isinstance(field.type, StructType):
        return f"struct<{field.type.full_name}>"
    return type_text(field.type)
