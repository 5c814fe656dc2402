"""The parts of a header as lines and words: `emit` fills them in, the templates place them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EnumeratorView:
    comment: list[str]
    name: str
    value: str
    case: list[str]


@dataclass(frozen=True)
class EnumView:
    comment: list[str]
    name: str
    underlying: str
    enumerators: list[EnumeratorView]
    to_string_head: list[str]
    operators: list[OperatorView]
    size: int


@dataclass(frozen=True)
class OperatorView:
    """A function on flags."""

    comment: str
    head: list[str]
    body: list[str]


@dataclass(frozen=True)
class MemberView:
    comment: list[str]
    lines: list[str]


@dataclass(frozen=True)
class StructView:
    comment: list[str]
    head: str
    name: str
    members: list[MemberView]
    assertions: list[str]
    for_each_bool_head: list[str]
    bool_members: list[str]  # the function is emitted if there are any


@dataclass(frozen=True)
class AccessorView:
    comment: list[str]
    lines: list[str]


@dataclass(frozen=True)
class SegmentView:
    struct: str
    name: str
    owner: str
    comment: list[str]
    constants: list[str]
    id: str
    compatible: list[CompatibleView]
    field_count: int
    field_lines: list[str]
    bfbs_size: int
    bfbs_lines: list[str]
    channel_of: list[str]
    kind: str
    writer_comment: list[str]
    writer_head: list[str]
    create_head: list[str]
    owner_message: list[str]
    reader_head: list[str]
    attach_head: list[str]
    accessors: list[AccessorView]


@dataclass(frozen=True)
class CompatibleView:
    id: str
    major: int
    minor: int
    size: int
    field_count: int


@dataclass(frozen=True)
class DeclarationView:
    """One declaration of the schema, as an enum or as a struct that may be a segment."""

    enum: EnumView | None
    struct: StructView | None
    segment: SegmentView | None


@dataclass(frozen=True)
class BlockView:
    """Declarations that share a namespace."""

    namespace: str
    declarations: list[DeclarationView]


@dataclass(frozen=True)
class HeaderView:
    schema: str
    system_includes: list[str]
    own_includes: list[str]
    blocks: list[BlockView]
