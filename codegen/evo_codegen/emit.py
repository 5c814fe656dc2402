"""Turns checked schemas into C++ text.

All decisions are made here: the views hold lines or words that a template only puts in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import groupby

import jinja2

from evo_codegen import cpp
from evo_codegen.evolution import Release
from evo_codegen.ir import EnumType, Field, Kind, Schema, Segment, StructType
from evo_codegen.layout import (
    Placed,
    canonical_lines,
    holds_bools,
    layout_of,
    schema_id,
    size_of,
)
from evo_codegen.views import (
    AccessorView,
    BlockView,
    CompatibleView,
    DeclarationView,
    EnumeratorView,
    EnumView,
    HeaderView,
    MemberView,
    OperatorView,
    SegmentView,
    StructView,
)


def render(
    schema: Schema,
    segments: dict[StructType, Segment],
    compatible: dict[StructType, list[Release]],
) -> str:
    """Returns the text of the schema's header."""
    return template("header.evo.hpp.j2").render(header=_header(schema, segments, compatible))


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
    )
    return environment.get_template(name)


def _header(
    schema: Schema,
    segments: dict[StructType, Segment],
    compatible: dict[StructType, list[Release]],
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
    return HeaderView(
        schema=schema.file,
        system_includes=_system_includes(schema, kinds),
        own_includes=_own_includes(schema, kinds),
        blocks=blocks,
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
        needed |= {"chrono", "string_view", "utility"}
    return sorted(needed)


def _own_includes(schema: Schema, kinds: set[Kind]) -> list[str]:
    headers = [f"evo/{kind.value}_{end}.hpp" for kind in kinds for end in ("reader", "writer")]
    if any(isinstance(each, StructType) and holds_bools(each) for each in schema.declared):
        headers.append("evo/detail/bools.hpp")
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
                case=cpp.case(enum.name, each.name),
            )
            for each in ordered
        ],
        to_string_head=cpp.signature(
            "[[nodiscard]] constexpr std::string_view to_string",
            [f"{enum.name} value"],
            " noexcept {",
        ),
        operators=_operators(enum) if enum.is_flags else [],
        size=enum.scalar.size,
    )


def _operators(enum: EnumType) -> list[OperatorView]:
    name = enum.name
    parameters = [f"{name} left", f"{name} right"]

    def combining(operator: str) -> list[str]:
        head = f"  return static_cast<{name}>("
        left, right = "static_cast<Bits>(left)", "static_cast<Bits>(right)"
        broken = [f"{head}{left} {operator}", f"{' ' * len(head)}{right});"]
        using = f"  using Bits = std::underlying_type_t<{name}>;"
        return [using, *cpp.first_that_fits([f"{head}{left} {operator} {right});"], broken)]

    return [
        OperatorView(
            "/// The flags that are in at least one of the two.",
            cpp.signature(f"[[nodiscard]] constexpr {name} operator|", parameters, " noexcept {"),
            combining("|"),
        ),
        OperatorView(
            "/// The flags that are in both.",
            cpp.signature(f"[[nodiscard]] constexpr {name} operator&", parameters, " noexcept {"),
            combining("&"),
        ),
        OperatorView(
            "/// Whether all of `flags` are in `set`.",
            cpp.signature(
                "[[nodiscard]] constexpr bool contains",
                [f"{name} set", f"{name} flags"],
                " noexcept {",
            ),
            ["  return (set & flags) == flags;"],
        ),
    ]


def _struct(struct: StructType) -> StructView:
    layout = layout_of(struct)
    members = []
    assertions = [
        *cpp.conjunction(
            [
                f"std::is_trivially_copyable_v<{struct.name}>",
                f"std::is_standard_layout_v<{struct.name}>",
            ]
        ),
        *cpp.conjunction(
            [
                f"sizeof({struct.name}) == {layout.size}",
                f"alignof({struct.name}) == {layout.alignment}",
            ]
        ),
    ]
    paddings = 0
    for placed in layout.fields:
        field = placed.field
        type_ = cpp.field_type(field, struct.namespace)
        comment = cpp.comment(field.documentation, 2, _facts(field))
        members.append(MemberView(comment, cpp.member(type_, field.name)))
        assertions += cpp.offset_assertion(struct.name, field.name, placed.offset)
        if placed.padding:
            name = f"padding_{paddings}_"
            padding = f"std::array<std::uint8_t, {placed.padding}>"
            members.append(MemberView([], cpp.member(padding, name)))
            assertions += cpp.offset_assertion(struct.name, name, placed.offset + placed.size)
            paddings += 1
    natural = max(_natural_alignment(placed) for placed in layout.fields)
    align = f"alignas({layout.alignment}) " if layout.alignment > natural else ""
    return StructView(
        comment=cpp.comment(struct.documentation, 0),
        head=f"struct {align}{struct.name} {{",
        name=struct.name,
        members=members,
        assertions=assertions,
        for_each_bool_head=cpp.signature(
            "constexpr void for_each_bool",
            [f"const {struct.name}& value", "auto&& visit"],
            " {",
        ),
        bool_members=[field.name for field in struct.fields if holds_bools(field.type)],
    )


def _natural_alignment(placed: Placed) -> int:
    type_ = placed.field.type
    return type_.alignment if isinstance(type_, StructType) else size_of(type_)


def _facts(field: Field) -> list[str]:
    """Returns the meaning of the attributes, as sentences after the doc comment."""
    facts = [f"Unit: {field.unit}."] if field.unit else []
    low, high = field.text("min"), field.text("max")
    if low is not None and high is not None:
        facts.append(f"Range: {low} to {high}.")
    elif low is not None:
        facts.append(f"At least {low}.")
    elif high is not None:
        facts.append(f"At most {high}.")
    return facts


def _segment(segment: Segment, schema: Schema, compatible: list[Release]) -> SegmentView:
    struct = segment.struct
    layout = layout_of(struct)
    name = struct.name
    kind = segment.kind.value.title()
    readers = f", meant for {_enumeration(segment.readers)}" if segment.readers else ""
    summary = f"Segment `{segment.name}`, written by `{segment.owner}`{readers}."
    return SegmentView(
        struct=name,
        name=segment.name,
        owner=segment.owner,
        comment=cpp.comment([summary], 0),
        constants=_constants(segment, layout.size, layout.alignment),
        id=schema_id(canonical_lines(struct)),
        compatible=[
            CompatibleView(
                each.id, each.version.major, each.version.minor, each.size, each.field_count
            )
            for each in compatible
        ],
        field_count=len(layout.fields),
        field_lines=[_field_info(placed) for placed in layout.fields],
        bfbs_size=len(schema.bfbs),
        bfbs_lines=cpp.bytes_lines(schema.bfbs),
        channel_of=cpp.signature(f"{name}Channel channel_of", [f"const {name}&"], ";"),
        kind=kind,
        writer_comment=cpp.comment(
            [f"Writes segment `{segment.name}`. Only module `{segment.owner}` may create it."], 0
        ),
        writer_head=cpp.class_head(f"{name}Writer", f"evo::{kind}Writer<{name}Channel>"),
        create_head=cpp.signature(
            f"  [[nodiscard]] static evo::Result<{name}Writer> create",
            ["evo::WriterOptions options = {}"],
            " {",
        ),
        owner_message=_owner_message(segment),
        reader_head=cpp.class_head(f"{name}Reader", f"evo::{kind}Reader<{name}Channel>"),
        attach_head=cpp.signature(
            f"  [[nodiscard]] static evo::Result<{name}Reader> attach",
            ["evo::ReaderOptions options = {}"],
            " {",
        ),
        accessors=[
            AccessorView(
                cpp.comment(field.documentation, 2, _facts(field)),
                cpp.accessor(cpp.field_type(field, struct.namespace), name, field.name),
            )
            for field in struct.fields
            if segment.kind is Kind.STATE
        ],
    )


def _enumeration(words: Sequence[str]) -> str:
    quoted = [f"`{word}`" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _constants(segment: Segment, size: int, alignment: int) -> list[str]:
    """Returns the members of the channel that fit on one line each."""
    checksum = {"none": "None", "crc32c": "Crc32c"}[segment.checksum]
    values = [
        ("std::string_view name", f" = {cpp.string_literal(segment.name)}"),
        ("std::string_view owner", f" = {cpp.string_literal(segment.owner)}"),
        ("evo::Kind kind", f" = evo::Kind::{segment.kind.value.title()}"),
        ("std::size_t size", f" = {size}"),
        ("std::size_t alignment", f" = {alignment}"),
        ("std::uint32_t slots", f" = {segment.slots}"),
        ("evo::Overflow overflow", f" = evo::Overflow::{segment.overflow.title()}"),
        ("std::uint32_t max_readers", f" = {segment.max_readers}"),
        ("std::chrono::nanoseconds period", f"{{{cpp.grouped(segment.period_ns)}}}"),
        ("std::chrono::nanoseconds max_age", f"{{{cpp.grouped(segment.max_age_ns)}}}"),
        ("evo::Stamp stamp", f" = evo::Stamp::{segment.stamp.title()}"),
        ("evo::Checksum checksum", f" = evo::Checksum::{checksum}"),
        ("evo::Access access", f" = evo::Access::{segment.access.title()}"),
        ("evo::LayoutVersion version", f"{{{segment.version.major}, {segment.version.minor}}}"),
    ]
    return [f"  static constexpr {declarator}{value};" for declarator, value in values]


def _field_info(placed: Placed) -> str:
    field = placed.field
    texts = [field.unit or "", field.text("min") or "", field.text("max") or ""]
    parts = [
        cpp.string_literal(field.name),
        str(placed.offset),
        str(placed.size),
        *(cpp.string_literal(text) for text in texts),
    ]
    return f"      {{{', '.join(parts)}}},"


def _owner_message(segment: Segment) -> list[str]:
    text = (
        f"segment '{segment.name}' is owned by module '{segment.owner}': only that module may "
        f"create its writer (CMake: evo_module); attach a {segment.struct.name}Reader instead"
    )
    indent = len("    static_assert(")
    lines = cpp.message(text, indent, len(");"))
    return [" " * indent + line for line in lines[:-1]] + [f"{' ' * indent}{lines[-1]});"]
