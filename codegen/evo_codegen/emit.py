# SPDX-License-Identifier: Apache-2.0
"""Turns checked schemas into C++ text.

All decisions are made here: the views hold words, and lines of comments, that a template puts in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import groupby

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from evo_codegen import cpp
from evo_codegen.emit_links import LinkParts, link_blocks
from evo_codegen.ir import EnumType, Field, Kind, Schema, Segment, StructType
from evo_codegen.layout import (
    Placed,
    canonical_lines,
    holds_bools,
    layout_of,
    schema_id,
    size_of,
)
from evo_codegen.releases import Release
from evo_codegen.views import (
    AccessorView,
    BfbsView,
    BlockView,
    DeclarationView,
    EnumeratorView,
    EnumView,
    FieldView,
    HeaderView,
    MemberView,
    SegmentView,
    StructView,
)


def render(
    schema: Schema,
    segments: dict[StructType, Segment],
    compatible: dict[StructType, list[Release]],
    link_parts: LinkParts | None = None,
) -> str:
    """Returns the text of the schema's header."""
    header = _header(schema, segments, compatible, link_parts or LinkParts())
    return template("header.evo.hpp.j2").render(header=header)


def render_bfbs(schema: Schema) -> str:
    """Returns the text of the header that holds the compiled schema, once for all its channels."""
    first = next(schema.channels(), None)
    view = BfbsView(
        file=schema.file,
        namespace=cpp.namespace_text(first.namespace) if first else "",
        bfbs_name=f"{first.name}Bfbs" if first else "",
        size=len(schema.bfbs),
        lines=cpp.bytes_lines(schema.bfbs),
    )
    return template("schema.bfbs.hpp.j2").render(schema=view)


class _Lines(Extension):
    """`{% lines X %}` puts each line of the list X on a line of its own; nothing if it is empty."""

    tags = {"lines"}

    def parse(self, parser: Parser) -> nodes.Node:
        line_number = next(parser.stream).lineno
        call = self.call_method("_joined", [parser.parse_expression()])
        return nodes.Output([call]).set_lineno(line_number)

    def _joined(self, lines: Sequence[str]) -> str:
        return "".join(f"{line}\n" for line in lines)


@cache
def template(name: str) -> jinja2.Template:
    """Returns a template of this package. A variable without a value is an error."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("evo_codegen", "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
        extensions=[_Lines],
    )
    return environment.get_template(name)


def _header(
    schema: Schema,
    segments: dict[StructType, Segment],
    compatible: dict[StructType, list[Release]],
    link_parts: LinkParts,
) -> HeaderView:
    blocks = []
    for namespace, declarations in groupby(schema.declared, key=lambda each: each.namespace):
        views = []
        for each in declarations:
            if isinstance(each, EnumType):
                views.append(DeclarationView(_enum(each), None, None))
                continue
            segment = segments.get(each)
            view = _segment(segment, schema, compatible[each]) if segment else None
            views.append(DeclarationView(None, _struct(each), view))
        blocks.append(BlockView(cpp.namespace_text(namespace), views))
    kinds = {segments[struct].kind for struct in schema.segment_structs()}
    links = link_blocks(schema, link_parts)
    return HeaderView(
        schema=schema.file,
        segments=[each.segment for block in blocks for each in block.declarations if each.segment],
        links=[link for block in links for link in block.links],
        system_includes=_system_includes(schema, kinds),
        own_includes=_own_includes(schema, kinds),
        bfbs_header=schema.bfbs_header if any(schema.channels()) else "",
        blocks=blocks,
        wire=link_parts.wire,
        link_blocks=links,
    )


def _system_includes(schema: Schema, kinds: set[Kind]) -> list[str]:
    structs = [each for each in schema.declared if isinstance(each, StructType)]
    needed = set()
    if schema.declared:
        needed.add("cstdint")
    if len(structs) < len(schema.declared):
        needed.add("string_view")
    if any(isinstance(each, EnumType) and each.is_flags for each in schema.declared):
        needed.add("type_traits")
    if structs:
        needed |= {"array", "cstddef", "type_traits"}
    if kinds:
        needed |= {"span", "string_view", "utility"}
    if schema.services:
        needed |= {"array", "chrono", "cstddef", "cstdint", "memory", "span", "string_view", "utility"}
    return sorted(needed)


def _own_includes(schema: Schema, kinds: set[Kind]) -> list[str]:
    headers = [f"evo/{kind.value}_{end}.hpp" for kind in kinds for end in ("reader", "writer")]
    if any(isinstance(each, StructType) and holds_bools(each) for each in schema.declared):
        headers.append("evo/detail/bools.hpp")
    if schema.services:
        headers += ["evo/channel.hpp", "evo/links/typed_client.hpp", "evo/links/typed_server.hpp"]
    if schema.services or schema.tables:
        headers.append("flatbuffers/flatbuffers.h")
    headers += [include.removesuffix(".fbs") + ".evo.hpp" for include in schema.includes]
    return sorted(headers)


def _enum(enum: EnumType) -> EnumView:
    ordered = sorted(enum.enumerators, key=lambda enumerator: enumerator.value)
    return EnumView(
        comment=cpp.comment(enum.documentation, 0),
        name=enum.name,
        underlying=enum.scalar.cpp,
        enumerators=[
            EnumeratorView(
                comment=cpp.comment(each.documentation, 2),
                name=each.name,
                value=cpp.enumerator_value(enum, each.value),
            )
            for each in ordered
        ],
        is_flags=enum.is_flags,
        size=enum.scalar.size,
    )


def _struct(struct: StructType) -> StructView:
    layout = layout_of(struct)
    members = []
    paddings = 0
    for placed in layout.fields:
        field = placed.field
        type_ = cpp.field_type(field, struct.namespace)
        comment = cpp.comment(field.documentation, 2, cpp.facts(field))
        members.append(MemberView(comment, type_, field.name, placed.offset))
        if placed.padding:
            padding = f"std::array<std::uint8_t, {placed.padding}>"
            end = placed.offset + placed.size
            members.append(MemberView([], padding, f"padding_{paddings}_", end))
            paddings += 1
    natural = max(_natural_alignment(placed) for placed in layout.fields)
    return StructView(
        comment=cpp.comment(struct.documentation, 0),
        alignas=f"alignas({layout.alignment}) " if layout.alignment > natural else "",
        name=struct.name,
        members=members,
        size=layout.size,
        alignment=layout.alignment,
        bool_members=[field.name for field in struct.fields if holds_bools(field.type)],
    )


def _natural_alignment(placed: Placed) -> int:
    type_ = placed.field.type
    return type_.alignment if isinstance(type_, StructType) else size_of(type_)


def _segment(segment: Segment, schema: Schema, compatible: list[Release]) -> SegmentView:
    struct = segment.struct
    layout = layout_of(struct)
    readers = f", meant for {cpp.enumeration(segment.readers)}" if segment.readers else ""
    summary = f"Segment `{segment.name}`, written by `{segment.owner}`{readers}."
    return SegmentView(
        struct=struct.name,
        name=segment.name,
        owner=segment.owner,
        comment=cpp.comment([summary], 0),
        kind=segment.kind.value.title(),
        size=layout.size,
        alignment=layout.alignment,
        slots=segment.slots,
        overflow=segment.overflow.title(),
        max_readers=segment.max_readers,
        period_ns=cpp.grouped(segment.period_ns),
        max_age_ns=cpp.grouped(segment.max_age_ns),
        stamp=segment.stamp.title(),
        checksum=cpp.checksum(segment.checksum),
        access=segment.access.title(),
        version=segment.version,
        id=schema_id(canonical_lines(struct)),
        compatible=compatible,
        fields=[_field(placed) for placed in layout.fields],
        bfbs_name=cpp.bfbs_name(schema, struct.namespace),
        accessors=[
            AccessorView(
                cpp.comment(field.documentation, 2, cpp.facts(field)),
                cpp.field_type(field, struct.namespace),
                field.name,
            )
            for field in struct.fields
            if segment.kind is Kind.STATE
        ],
    )


def _field(placed: Placed) -> FieldView:
    field = placed.field
    return FieldView(
        name=field.name,
        offset=placed.offset,
        size=placed.size,
        unit=cpp.string_literal(field.unit or ""),
        minimum=cpp.string_literal(field.text("min") or ""),
        maximum=cpp.string_literal(field.text("max") or ""),
    )
