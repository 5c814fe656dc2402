# SPDX-License-Identifier: Apache-2.0
"""Turns the tables and links of a schema into C++ text, as `emit` does for segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from evo_codegen import cpp
from evo_codegen.attributes import in_largest_unit
from evo_codegen.ir import Link, Method, Schema, Service, TableType
from evo_codegen.layout import schema_id
from evo_codegen.link_layout import link_lines
from evo_codegen.names import snake_case
from evo_codegen.releases import Release
from evo_codegen.views import AliasView, LinkBlockView, LinkView, MethodView

_UNITS = {"ns": "nanoseconds", "us": "microseconds", "ms": "milliseconds", "s": "seconds"}


@dataclass(frozen=True)
class LinkParts:
    """What a header needs for its tables and links."""

    links: dict[Service, Link] = field(default_factory=dict)
    compatible: dict[Service, list[Release]] = field(default_factory=dict)
    wire: list[str] = field(default_factory=list)  # flatc's C++ for the tables, line by line


def link_blocks(schema: Schema, parts: LinkParts) -> list[LinkBlockView]:
    """Returns the aliases of the schema's tables and its links, by namespace."""
    declared: list[TableType | Service] = [*schema.tables, *schema.services]
    blocks = []
    for namespace, group in groupby(declared, key=lambda each: each.namespace):
        members = list(group)
        blocks.append(
            LinkBlockView(
                namespace=cpp.namespace_text(namespace),
                tables=[_alias(each) for each in members if isinstance(each, TableType)],
                links=[
                    _link(parts.links[each], schema, parts.compatible[each])
                    for each in members
                    if isinstance(each, Service)
                ],
            )
        )
    return blocks


def _alias(table: TableType) -> AliasView:
    return AliasView(cpp.comment(table.documentation, 0), table.name)


def _link(link: Link, schema: Schema, compatible: Sequence[Release]) -> LinkView:
    service = link.service
    clients = f", meant for {cpp.enumeration(link.clients)}" if link.clients else ""
    summary = f"Link `{link.name}`, served by `{link.owner}`{clients}."
    return LinkView(
        service=service.name,
        name=link.name,
        owner=link.owner,
        comment=cpp.comment([*service.documentation, "", summary], 0),
        max_clients=link.max_clients,
        warm_clients=link.warm_clients,
        ring=cpp.grouped(link.ring),
        max_message=cpp.grouped(link.max_message),
        checksum=cpp.checksum(link.checksum),
        access=link.access.title(),
        version=link.version,
        id=schema_id(link_lines(link)),
        compatible=list(compatible),
        methods=[_method(each, service.namespace) for each in link.methods],
        bfbs_name=cpp.bfbs_name(schema, service.namespace),
    )


def _method(method: Method, namespace: tuple[str, ...]) -> MethodView:
    return MethodView(
        name=method.name,
        number=method.number,
        comment=cpp.comment(method.call.documentation, 2),
        function=snake_case(method.name),
        request=_table_name(method.call.request, namespace),
        reply=_table_name(method.call.reply, namespace),
        request_type=_message_type(method.call.request, namespace),
        reply_type=_message_type(method.call.reply, namespace),
        request_value=_value_type(method.call.request, namespace),
        reply_value=_value_type(method.call.reply, namespace),
        deadline=_duration(method.deadline_ns),
        idempotent="true" if method.idempotent else "false",
        streaming=method.streaming.value.title(),
    )


def _table_name(table: TableType, inside: tuple[str, ...]) -> str:
    """Returns the name in the schema, with its namespace if that is not the service's."""
    return table.name if table.namespace == inside else table.full_name


def _message_type(table: TableType, inside: tuple[str, ...]) -> str:
    return cpp.type_name(table.plain_struct or table, inside)


def _value_type(table: TableType, inside: tuple[str, ...]) -> str:
    """Returns the type of a message that is not encoded: for a table, flatc's object."""
    return _message_type(table, inside) + ("" if table.plain_struct else "T")


def _duration(nanoseconds: int) -> str:
    number, unit = in_largest_unit(nanoseconds)
    return f"std::chrono::{_UNITS[unit]}({cpp.grouped(number)})"
