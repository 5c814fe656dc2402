# SPDX-License-Identifier: Apache-2.0
"""Turns checked schemas into reference pages in Markdown, one for each schema.

As in `emit`, all decisions are made here: the views hold cells and lines that the template only
puts in place. Comments of the schema are already Markdown and stay unchanged, except for
characters that have a meaning in a table or for a browser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evo_codegen.byte_diagram import byte_diagram
from evo_codegen.emit import template
from evo_codegen.ir import EnumType, Field, Kind, Schema, Segment, StructType
from evo_codegen.layout import Layout, canonical_lines, layout_of, schema_id
from evo_codegen.releases import Release

_ACCESS = {"owner": "`owner` (0600)", "group": "`group` (0640)"}


@dataclass(frozen=True)
class FactView:
    """A row of the table at the beginning of a segment's section."""

    name: str
    value: str


@dataclass(frozen=True)
class FieldView:
    """A row of a layout: a field, possibly nested, or padding."""

    offset: str
    size: int
    name: str
    type: str
    unit: str
    range: str
    what: str


@dataclass(frozen=True)
class LayoutView:
    fields: list[FieldView]
    has_indices: bool  # whether an offset depends on `i`
    has_padding: bool


@dataclass(frozen=True)
class EnumeratorView:
    value: str
    name: str
    what: str


@dataclass(frozen=True)
class SectionView:
    """A segment, another struct or an enum of the schema."""

    title: str
    comment: list[str]
    facts: list[FactView]
    layout: LayoutView | None
    diagram: list[str]
    enumerators: list[EnumeratorView]


@dataclass(frozen=True)
class PageView:
    schema: str
    header: str
    sections: list[SectionView]


def page_name(schema: Schema) -> str:
    """Returns the name of the schema's page."""
    return f"{schema.stem}.md"


def render_page(
    schema: Schema,
    segments: dict[StructType, Segment],
    compatible: dict[StructType, list[Release]],
) -> str:
    """Returns the text of the schema's page."""
    sections = []
    for each in sorted(schema.declared, key=_importance):
        if isinstance(each, EnumType):
            sections.append(_enum(each))
        elif each in segments:
            sections.append(_segment(schema, segments[each], compatible[each]))
        else:
            sections.append(_struct(schema, each))
    page = PageView(schema.file, schema.header, sections)
    return template("segment_page.md.j2").render(page=page)


def _importance(declared: EnumType | StructType) -> int:
    """Sort key: segments first, then the types that they use; otherwise the schema's order."""
    if isinstance(declared, EnumType):
        return 2
    return 0 if declared.is_segment else 1


def _segment(schema: Schema, segment: Segment, compatible: Sequence[Release]) -> SectionView:
    struct = segment.struct
    layout = layout_of(struct)
    facts = [
        ("struct", f"`{struct.full_name}`"),
        ("owner", f"`{segment.owner}`"),
        ("readers", ", ".join(f"`{reader}`" for reader in segment.readers) or "none named"),
        ("kind", _kind(segment)),
        ("size", f"{_bytes(layout.size)}, aligned to {layout.alignment}"),
        ("period", _duration(segment.period_ns) if segment.period_ns else "not promised"),
        ("max_age", _duration(segment.max_age_ns) if segment.max_age_ns else "never stale"),
        ("stamp", f"`{segment.stamp}`"),
        ("checksum", f"`{segment.checksum}`"),
        ("access", _ACCESS[segment.access]),
        ("max_readers", str(segment.max_readers)),
        ("version", str(segment.version)),
        ("compatible with", ", ".join(str(each.version) for each in compatible)),
        ("schema id", f"`{schema_id(canonical_lines(struct))}`"),
    ]
    return SectionView(
        title=f"Segment `{segment.name}`",
        comment=_paragraph(struct.documentation),
        facts=[FactView(name, value) for name, value in facts if value],
        layout=_layout(schema, struct),
        diagram=byte_diagram(struct),
        enumerators=[],
    )


def _struct(schema: Schema, struct: StructType) -> SectionView:
    layout = layout_of(struct)
    return SectionView(
        title=_title(struct),
        comment=_paragraph(struct.documentation),
        facts=[FactView("size", f"{_bytes(layout.size)}, aligned to {layout.alignment}")],
        layout=_layout(schema, struct),
        diagram=[],
        enumerators=[],
    )


def _enum(enum: EnumType) -> SectionView:
    scalar = f"`{enum.scalar.canonical}`"
    ordered = sorted(enum.enumerators, key=lambda enumerator: enumerator.value)
    return SectionView(
        title=_title(enum),
        comment=_paragraph(enum.documentation),
        facts=[FactView("type", f"{scalar}, a set of flags" if enum.is_flags else scalar)],
        layout=None,
        diagram=[],
        enumerators=[
            EnumeratorView(
                value=f"0x{each.value:x}" if enum.is_flags else str(each.value),
                name=f"`{each.name}`",
                what=_cell(each.documentation),
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
            unit=_cell([field.unit or ""]),
            range=_range(field),
            what=_cell(field.documentation),
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
        return f"[`{field.type.name}`]({_link(schema, field.type)}){length}"
    return f"`{field.type.canonical}`{length}"


def _link(schema: Schema, type_: EnumType | StructType) -> str:
    """Returns the link to the type's section, on this page or on the declaring schema's page."""
    page = "" if type_.file == schema.file else f"{type_.file.removesuffix('.fbs')}.md"
    return f"{page}#{_anchor(_title(type_))}"


def _title(type_: EnumType | StructType) -> str:
    # With its namespace; otherwise two types on a page might have the same anchor.
    if isinstance(type_, EnumType):
        return f"Enum `{type_.full_name}`"
    return f"Struct `{type_.full_name}`"


def _anchor(title: str) -> str:
    """Returns the anchor that GitHub generates for a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _kind(segment: Segment) -> str:
    if segment.kind is Kind.STATE:
        return f"`state`, {segment.slots} slots"
    full = {"overwrite": "overwrites the oldest value", "block": "holds the writer back"}
    return f"`stream`, capacity {segment.slots}; a full ring {full[segment.overflow]}"


def _range(field: Field) -> str:
    low, high = field.text("min"), field.text("max")
    if low is not None and high is not None:
        return f"{low} to {high}"
    if low is not None:
        return f"at least {low}"
    return f"at most {high}" if high is not None else ""


def _bytes(size: int) -> str:
    return "1 byte" if size == 1 else f"{size} bytes"


def _duration(nanoseconds: int) -> str:
    """Writes a duration in the largest unit of which it is a whole number."""
    for unit, factor in (("s", 10**9), ("ms", 10**6), ("µs", 10**3)):
        if nanoseconds % factor == 0:
            return f"{nanoseconds // factor} {unit}"
    return f"{nanoseconds} ns"


def _paragraph(documentation: Sequence[str]) -> list[str]:
    lines = [_escaped(line.removeprefix(" ")).rstrip() for line in documentation]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _cell(documentation: Sequence[str]) -> str:
    """Puts a comment on a single line of a table."""
    joined = " ".join(line.strip() for line in documentation if line.strip())
    return _escaped(joined).replace("|", "\\|")


def _escaped(text: str) -> str:
    """Escapes characters that a browser would read as a tag, except in code."""
    parts = re.split(r"(`[^`]*`)", text)
    parts[::2] = [part.replace("&", "&amp;").replace("<", "&lt;") for part in parts[::2]]
    return "".join(parts)
