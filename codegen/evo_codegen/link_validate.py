# SPDX-License-Identifier: Apache-2.0
"""Refuses constructs that flatc accepts but a link must not contain."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evo_codegen.attribute_places import check_attribute_places
from evo_codegen.attributes import FIELD_ATTRIBUTES, LINK_ATTRIBUTES, METHOD_ATTRIBUTES
from evo_codegen.declared_names import check_case, check_commented, check_declared_name, check_name
from evo_codegen.diagnostics import Diagnostics
from evo_codegen.extent import check_link_extent
from evo_codegen.ir import Call, Link, Schema, Service, TableField, TableType
from evo_codegen.link_attributes import read_link
from evo_codegen.link_names import check_link_names
from evo_codegen.names import FLATC_MEMBERS, LINK_MEMBERS, snake_case
from evo_codegen.quantities import check_range, check_unit


def validate_links(schemas: list[Schema], diagnostics: Diagnostics) -> dict[Service, Link]:
    """Checks the tables and services of each schema; returns their links."""
    used = {table.full_name for schema in schemas for table in _used_tables(schema)}
    links: dict[Service, Link] = {}
    for schema in schemas:
        for table in schema.tables:
            if table.full_name in used:
                _check_table(table, diagnostics)
            else:
                diagnostics.error(
                    table.location,
                    f"`{table.name}` is a table, whose layout is not fixed",
                    f"write struct {table.name}",
                )
        check_link_names(schema, diagnostics)
        for service in schema.services:
            link = _check_service(service, diagnostics)
            if link and check_link_extent(link, diagnostics):
                links[service] = link
    return links


def _used_tables(schema: Schema) -> Iterator[TableType]:
    for service in schema.services:
        for call in service.calls:
            yield from call.tables()


def _check_service(service: Service, diagnostics: Diagnostics) -> Link | None:
    check_declared_name(service, diagnostics)
    check_commented(service, "rpc_service", diagnostics)
    check_attribute_places(
        service, LINK_ATTRIBUTES, f"rpc_service `{service.name}`", diagnostics
    )
    methods: dict[str, str] = {}
    types = _types_in_signatures(service)
    for call in service.calls:
        _check_call(call, methods, types, diagnostics)
    if "link" not in service.attributes:
        diagnostics.error(
            service.location,
            f"rpc_service `{service.name}` is not a link",
            'add link: "NAME" to make it one',
        )
        return None
    return read_link(service, diagnostics)


def _types_in_signatures(service: Service) -> set[str]:
    """Returns the names of the types that the methods take and return in C++."""
    tables = [table for call in service.calls for table in (call.request, call.reply)]
    structs = [table.plain_struct for table in tables]
    return {each.name for each in (*tables, *structs) if each}


def _check_call(
    call: Call, methods: dict[str, str], types: set[str], diagnostics: Diagnostics
) -> None:
    """`methods`: the methods before this one, by their names in C++."""
    check_commented(call, "method", diagnostics)
    check_attribute_places(call, METHOD_ATTRIBUTES, "a method", diagnostics)
    name = snake_case(call.name)
    if not re.fullmatch(r"[A-Z][A-Za-z0-9]*|[a-z][a-z0-9]*(_[a-z0-9]+)*", call.name):
        words = re.sub(r"_+", "_", name).strip("_")
        diagnostics.error(
            call.location,
            f"`{call.name}` is written neither in CamelCase nor in snake_case",
            f"write `{words.title().replace('_', '')}` or `{words}`",
        )
        return
    if not check_name(name, call.location, diagnostics):
        return
    if name in LINK_MEMBERS:
        diagnostics.error(
            call.location,
            f"`{name}` is a function that each client has",
            f"write `{call.name}{'_value' if call.name == name else 'Value'}` or another name",
        )
    elif name in types:
        diagnostics.error(
            call.location,
            f"`{call.name}` becomes `{name}`, which is also the name of a type",
            "rename one of them",
        )
    other = methods.setdefault(name, call.name)
    if other != call.name:
        diagnostics.error(
            call.location,
            f"methods `{other}` and `{call.name}` both become `{name}`",
            "rename one of them",
        )


def _check_table(table: TableType, diagnostics: Diagnostics) -> None:
    check_declared_name(table, diagnostics)
    check_commented(table, "table", diagnostics)
    check_attribute_places(table, (), f"table `{table.name}`", diagnostics)
    names: dict[str, str] = {}
    for field in table.fields:
        _check_field_name(table, field, diagnostics)
        check_commented(field, "field", diagnostics)
        check_attribute_places(field, FIELD_ATTRIBUTES, "a field", diagnostics)
        check_unit(field, diagnostics)
        check_range(field, diagnostics)
        check_case(names, field.name, field.location, "fields", diagnostics)
        if field.is_required and field.is_deprecated:
            diagnostics.error(
                field.location,
                f"`{field.name}` is deprecated, but older peers refuse a message without it",
                "remove required or deprecated",
            )


def _check_field_name(table: TableType, field: TableField, diagnostics: Diagnostics) -> None:
    name = field.name
    if not check_name(name, field.location, diagnostics):
        return
    if name.endswith("_") or name.startswith("_"):
        diagnostics.error(
            field.location,
            f"`{name}` begins or ends with an underscore, like names in the classes of flatc",
            f"write `{name.strip('_') or 'value'}`",
        )
    elif name in FLATC_MEMBERS or name.startswith("VT_"):
        diagnostics.error(
            field.location,
            f"`{name}` is a name that the classes of flatc use",
            f"write `{snake_case(name)}_value` or another name",
        )
    elif name in (f"{table.name}T", f"{table.name}Builder"):
        diagnostics.error(
            field.location,
            f"`{name}` is also the name of a type",
            f"write `{snake_case(name)}`",
        )
