# SPDX-License-Identifier: Apache-2.0
"""The parts of a header as words, and lines of comments: `emit` fills them in, the templates place them."""

from __future__ import annotations

from dataclasses import dataclass

from evo_codegen.ir import Version
from evo_codegen.releases import Release


@dataclass(frozen=True)
class EnumeratorView:
    comment: list[str]
    name: str
    value: str


@dataclass(frozen=True)
class EnumView:
    comment: list[str]
    name: str
    underlying: str
    enumerators: list[EnumeratorView]
    is_flags: bool
    size: int


@dataclass(frozen=True)
class MemberView:
    comment: list[str]
    type: str
    name: str
    offset: int


@dataclass(frozen=True)
class StructView:
    comment: list[str]
    alignas: str  # with a space at the end; empty if the members imply the alignment
    name: str
    members: list[MemberView]
    size: int
    alignment: int
    bool_members: list[str]  # the function is emitted if there are any


@dataclass(frozen=True)
class AccessorView:
    comment: list[str]
    type: str
    name: str


@dataclass(frozen=True)
class FieldView:
    """A top-level field; the texts are C++ literals."""

    name: str
    offset: int
    size: int
    unit: str
    minimum: str
    maximum: str


@dataclass(frozen=True)
class SegmentView:
    struct: str
    name: str
    owner: str
    comment: list[str]
    kind: str
    size: int
    alignment: int
    slots: int
    overflow: str
    max_readers: int
    period_ns: str
    max_age_ns: str
    stamp: str
    checksum: str
    access: str
    version: Version
    id: str
    compatible: list[Release]
    fields: list[FieldView]
    bfbs_name: str
    accessors: list[AccessorView]


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
class AliasView:
    """A table, whose class flatc generates."""

    comment: list[str]
    name: str


@dataclass(frozen=True)
class MethodView:
    name: str
    number: int
    comment: list[str]
    function: str
    request: str  # table
    reply: str
    request_type: str  # C++: a table, or the struct that is sent instead
    reply_type: str
    request_value: str  # C++: what a caller passes
    reply_value: str  # C++: what a service fills in
    deadline: str
    idempotent: str
    streaming: str


@dataclass(frozen=True)
class LinkView:
    service: str
    name: str
    owner: str
    comment: list[str]
    max_clients: int
    warm_clients: int
    ring: str
    max_message: str
    checksum: str
    access: str
    version: Version
    id: str
    compatible: list[Release]
    methods: list[MethodView]
    bfbs_name: str


@dataclass(frozen=True)
class LinkBlockView:
    """Tables and links that share a namespace."""

    namespace: str
    tables: list[AliasView]
    links: list[LinkView]


@dataclass(frozen=True)
class HeaderView:
    schema: str
    segments: list[SegmentView]
    links: list[LinkView]
    system_includes: list[str]
    own_includes: list[str]
    bfbs_header: str  # empty without a channel
    blocks: list[BlockView]
    wire: list[str]  # flatc's C++ for the tables; empty without any
    link_blocks: list[LinkBlockView]


@dataclass(frozen=True)
class BfbsView:
    """A compiled schema. Without a channel in it, nothing needs it: the name is empty."""

    file: str
    namespace: str
    bfbs_name: str
    size: int
    lines: list[str]
