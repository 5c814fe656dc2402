# SPDX-License-Identifier: Apache-2.0
"""Turns checked schemas into reference pages in Markdown, one for each schema.

As in `emit`, all decisions are made here: the views hold cells and lines that the template only
puts in place. Comments of the schema are already Markdown and stay unchanged, except for
characters that have a meaning in a table or for a browser.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evo_codegen import markdown
from evo_codegen.byte_diagram import byte_diagram
from evo_codegen.emit import template
from evo_codegen.ir import EnumType, Field, Kind, Link, Schema, Segment, Service, StructType
from evo_codegen.layout import Layout, canonical_lines, layout_of, schema_id
from evo_codegen.link_pages import link_section, table_section
from evo_codegen.page_views import (
    EnumeratorView,
    FactView,
    FieldView,
    LayoutView,
    PageView,
    SectionView,
)
from evo_codegen.releases import Release


def page_name(schema: Schema) -> str:
    """Returns the name of the schema's page."""
    return f"{schema.stem}.md"


def render_page(
    schema: Schema,
    segments: dict[StructType, Segment],
    compatible: dict[StructType, list[Release]],
    links: dict[Service, Link],
    compatible_links: dict[Service, list[Release]],
) -> str:
    """Returns the text of the schema's page: channels first, then the types that they use."""
    structs = [each for each in schema.declared if isinstance(each, StructType)]
    segment_structs = [each for each in structs if each in segments]
    sections = [
        *(_segment(schema, segments[each], compatible[each]) for each in segment_structs),
        *(link_section(schema, links[each], compatible_links[each]) for each in schema.services),
        *(table_section(schema, each) for each in schema.tables),
        *(_struct(schema, each) for each in structs if each not in segments),
        *(_enum(each) for each in schema.declared if isinstance(each, EnumType)),
    ]
    page = PageView(schema.file, schema.header, sections)
    return template("segment_page.md.j2").render(page=page)


def _segment(schema: Schema, segment: Segment, compatible: Sequence[Release]) -> SectionView:
    struct = segment.struct
    layout = layout_of(struct)
    facts = [
        ("struct", f"`{struct.full_name}`"),
        ("owner", f"`{segment.owner}`"),
        ("readers", ", ".join(f"`{reader}`" for reader in segment.readers) or "none named"),
        ("kind", _kind(segment)),
        ("size", f"{markdown.size(layout.size)}, aligned to {layout.alignment}"),
        ("period", markdown.duration(segment.period_ns) if segment.period_ns else "not promised"),
        ("max_age", markdown.duration(segment.max_age_ns) if segment.max_age_ns else "never stale"),
        ("stamp", f"`{segment.stamp}`"),
        ("checksum", f"`{segment.checksum}`"),
        ("access", markdown.ACCESS[segment.access]),
        ("max_readers", str(segment.max_readers)),
        ("version", str(segment.version)),
        ("compatible with", ", ".join(str(each.version) for each in compatible)),
        ("schema id", f"`{schema_id(canonical_lines(struct))}`"),
    ]
    return SectionView(
        title=f"Segment `{segment.name}`",
        comment=markdown.paragraph(struct.documentation),
        facts=[FactView(name, value) for name, value in facts if value],
        layout=_layout(schema, struct),
        diagram=byte_diagram(struct),
    )


def _struct(schema: Schema, struct: StructType) -> SectionView:
    layout = layout_of(struct)
    return SectionView(
        title=markdown.title(struct),
        comment=markdown.paragraph(struct.documentation),
        facts=[FactView("size", f"{markdown.size(layout.size)}, aligned to {layout.alignment}")],
        layout=_layout(schema, struct),
    )


def _enum(enum: EnumType) -> SectionView:
    scalar = f"`{enum.scalar.canonical}`"
    ordered = sorted(enum.enumerators, key=lambda enumerator: enumerator.value)
    return SectionView(
        title=markdown.title(enum),
        comment=markdown.paragraph(enum.documentation),
        facts=[FactView("type", f"{scalar}, a set of flags" if enum.is_flags else scalar)],
        enumerators=[
            EnumeratorView(
                value=f"0x{each.value:x}" if enum.is_flags else str(each.value),
                name=f"`{each.name}`",
                what=markdown.cell(each.documentation),
            )
            for each in ordered
        ],
    )


def _layout(schema: Schema, struct: StructType) -> LayoutView:
    fields = list(_rows(schema, layout_of(struct), 0, "", []))
    return LayoutView(
        fields=fields,
        has_indices=any("·" in field.offset for field in fields),
        has_padding=any(not field.type for field in fields),
    )


def _rows(
    schema: Schema, layout: Layout, base: int, prefix: str, strides: list[int]
) -> Iterator[FieldView]:
    """Returns the rows of all fields, nested ones included.

    `strides`: bytes between the elements of the outer arrays.
    """
    for placed in layout.fields:
        field = placed.field
        path = prefix + field.name
        start = base + placed.offset
        yield FieldView(
            offset=_offset(start, strides),
            size=placed.size,
            name=f"`{path}`",
            type=_type(schema, field),
            unit=markdown.cell([field.unit or ""]),
            range=markdown.range_text(field),
            what=markdown.cell(field.documentation),
        )
        if isinstance(field.type, StructType):
            inner = layout_of(field.type)
            if field.length is None:
                yield from _rows(schema, inner, start, f"{path}.", strides)
            else:
                element = f"{path}[{_index(len(strides))}]."
                yield from _rows(schema, inner, start, element, [*strides, inner.size])
        if placed.padding:
            offset = _offset(start + placed.size, strides)
            yield FieldView(offset, placed.padding, "(padding)", "", "", "", "")


def _offset(start: int, strides: Sequence[int]) -> str:
    """Returns the offset of a field in element i of an array, such as `16 + 24·i`."""
    terms = (f"{stride}·{_index(depth)}" for depth, stride in enumerate(strides))
    return " + ".join([str(start), *terms])


def _index(depth: int) -> str:
    """Returns the index variable for an array inside `depth` other arrays."""
    return "ijkmn"[depth] if depth < 5 else f"i{depth}"


def _type(schema: Schema, field: Field) -> str:
    length = f" × {field.length}" if field.length is not None else ""
    if isinstance(field.type, (EnumType, StructType)):
        return f"[`{field.type.name}`]({markdown.type_link(schema, field.type)}){length}"
    return f"`{field.type.canonical}`{length}"


def _kind(segment: Segment) -> str:
    if segment.kind is Kind.STATE:
        return f"`state`, {segment.slots} slots"
    full = {"overwrite": "overwrites the oldest value", "block": "holds the writer back"}
    return f"`stream`, capacity {segment.slots}; a full ring {full[segment.overflow]}"
