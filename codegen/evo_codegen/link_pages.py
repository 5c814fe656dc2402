# SPDX-License-Identifier: Apache-2.0
"""The sections of reference pages about links and tables."""

from __future__ import annotations

from collections.abc import Sequence

from evo_codegen import markdown
from evo_codegen.attributes import size_text
from evo_codegen.ir import (
    EnumType,
    Link,
    Method,
    Scalar,
    Schema,
    Streaming,
    TableField,
    TableType,
    Text,
)
from evo_codegen.layout import schema_id
from evo_codegen.link_layout import link_lines
from evo_codegen.page_views import FactView, MethodView, SectionView, TableFieldView
from evo_codegen.releases import Release

_STREAMING = {
    Streaming.NONE: "",
    Streaming.SERVER: "replies",
    Streaming.CLIENT: "requests",
    Streaming.BIDI: "requests and replies",
}


def link_section(schema: Schema, link: Link, compatible: Sequence[Release]) -> SectionView:
    facts = [
        ("service", f"`{link.service.full_name}`"),
        ("owner", f"`{link.owner}`"),
        ("clients", ", ".join(f"`{client}`" for client in link.clients) or "none named"),
        ("max_clients", f"{link.max_clients}, {link.warm_clients} of them prepared"),
        ("ring", f"{_size(link.ring)}, one for each direction of a connection"),
        ("max_message", _size(link.max_message)),
        ("checksum", f"`{link.checksum}`"),
        ("access", markdown.ACCESS[link.access]),
        ("version", str(link.version)),
        ("compatible with", ", ".join(str(each.version) for each in compatible)),
        ("schema id", f"`{schema_id(link_lines(link))}`"),
    ]
    return SectionView(
        title=f"Link `{link.name}`",
        comment=markdown.paragraph(link.service.documentation),
        facts=[FactView(name, value) for name, value in facts if value],
        methods=[_method(schema, each) for each in link.methods],
    )


def table_section(schema: Schema, table: TableType) -> SectionView:
    struct = table.plain_struct
    facts = []
    if struct:
        link = f"[`{struct.name}`]({markdown.type_link(schema, struct)})"
        facts.append(FactView("as a message", f"only the struct {link}"))
    return SectionView(
        title=markdown.title(table),
        comment=markdown.paragraph(table.documentation),
        facts=facts,
        fields=[_field(schema, each) for each in table.fields],
    )


def _method(schema: Schema, method: Method) -> MethodView:
    call = method.call
    return MethodView(
        number=method.number,
        name=f"`{method.name}`",
        request=f"[`{call.request.name}`]({markdown.type_link(schema, call.request)})",
        reply=f"[`{call.reply.name}`]({markdown.type_link(schema, call.reply)})",
        streaming=_STREAMING[method.streaming],
        deadline=markdown.duration(method.deadline_ns) if method.deadline_ns else "",
        idempotent="yes" if method.idempotent else "",
        what=markdown.cell(call.documentation),
    )


def _field(schema: Schema, field: TableField) -> TableFieldView:
    deprecated = [" Deprecated."] if field.is_deprecated else []
    return TableFieldView(
        id=field.id,
        name=f"`{field.name}`",
        type=_type(schema, field),
        default="required" if field.is_required else _default(field),
        unit=markdown.cell([field.unit or ""]),
        range=markdown.range_text(field),
        what=markdown.cell([*field.documentation, *deprecated]),
    )


def _type(schema: Schema, field: TableField) -> str:
    if isinstance(field.type, Scalar):
        name = f"`{field.type.canonical}`"
    elif isinstance(field.type, Text):
        name = f"`{field.type.value}`"
    else:
        name = f"[`{field.type.name}`]({markdown.type_link(schema, field.type)})"
    return f"vector of {name}" if field.is_vector else name


def _default(field: TableField) -> str:
    """Returns the value of a field that is not sent, as a reader of the page knows it."""
    if field.default is None:
        return "absent"
    if isinstance(field.type, EnumType) and not field.type.is_flags:
        names = {str(each.value): each.name for each in field.type.enumerators}
        return f"`{names[field.default]}`"
    if field.type is Scalar.BOOL:
        return "false" if field.default == "0" else "true"
    return field.default


def _size(size: int) -> str:
    """Writes a number of bytes with a space before its unit."""
    text = size_text(size)
    return f"{text[:-3]} {text[-3:]}" if text.endswith("iB") else markdown.size(size)
