# SPDX-License-Identifier: Apache-2.0
"""The parts of a reference page: the modules `pages` and `link_pages` fill them in, the template
places them."""

from __future__ import annotations

from dataclasses import dataclass, field


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
class MethodView:
    """A row of a link's methods."""

    number: int
    name: str
    request: str
    reply: str
    streaming: str
    deadline: str
    idempotent: str
    what: str


@dataclass(frozen=True)
class TableFieldView:
    """A row of a table's fields."""

    id: int
    name: str
    type: str
    default: str
    unit: str
    range: str
    what: str


@dataclass(frozen=True, kw_only=True)
class SectionView:
    """A channel, or a type of the schema."""

    title: str
    comment: list[str]
    facts: list[FactView]
    layout: LayoutView | None = None
    diagram: list[str] = field(default_factory=list)
    enumerators: list[EnumeratorView] = field(default_factory=list)
    methods: list[MethodView] = field(default_factory=list)
    fields: list[TableFieldView] = field(default_factory=list)


@dataclass(frozen=True)
class PageView:
    schema: str
    header: str
    sections: list[SectionView]
