# SPDX-License-Identifier: Apache-2.0
"""Names that collide with each other, within a schema and between the schemas of a run."""

from __future__ import annotations

from collections.abc import Iterator

from evo_codegen.attributes import where
from evo_codegen.diagnostics import Diagnostics
from evo_codegen.ir import Declared, EnumType, Schema, Service, StructType, TableType
from evo_codegen.names import CPP_NAMESPACES, GENERATED_NAMES


def validate_together(schemas: list[Schema], diagnostics: Diagnostics) -> None:
    """Checks that the schemas of a run do not collide with each other."""
    _check_unique_types(schemas, diagnostics)
    _check_unique_channels(schemas, diagnostics)


def check_collisions(schema: Schema, diagnostics: Diagnostics) -> None:
    """Reports names that would collide with what is generated for a declaration, or with
    namespaces."""
    declared: list[Declared] = [*schema.visible, *schema.visible_tables]
    by_name = {each.full_name: each for each in declared}
    declared += schema.visible_services
    for service in schema.visible_services:
        if service.full_name in by_name:
            what = f"`{service.name}` is also the name of a type"
            diagnostics.error(service.location, what, "rename one of them")
    makers: dict[str, Declared] = {}
    for each in declared:
        for name in _generated_for(each, bool(schema.visible_services)):
            full_name = ".".join((*each.namespace, name))
            other = by_name.get(full_name)
            maker = makers.setdefault(full_name, each)
            if other:
                diagnostics.error(
                    other.location,
                    f"`{other.name}` is the name of a class generated for `{each.name}`",
                    "rename it",
                )
            elif maker.name != each.name:
                diagnostics.error(
                    each.location,
                    f"`{name}` would be generated for both `{maker.name}` and `{each.name}`",
                    "rename one of them",
                )
    _check_namespaces(declared, diagnostics)


def _generated_for(declared: Declared, has_links: bool) -> Iterator[str]:
    """Returns the names, next to the declaration, that are generated for it."""
    name = declared.name
    if isinstance(declared, Service):
        yield from (name + end for end in ("Link", "Service", "Dispatch", "Server", "Client", "Bfbs"))
    elif isinstance(declared, TableType):
        yield from (f"{name}T", f"{name}Builder", f"Create{name}", f"Create{name}Direct")
    elif isinstance(declared, StructType) and declared.is_segment:
        yield from (name + end for end in ("Writer", "Reader", "Channel", "Bfbs"))
    elif isinstance(declared, EnumType) and has_links:
        yield from (f"EnumValues{name}", f"EnumNames{name}", f"EnumName{name}")


def _check_namespaces(declared: list[Declared], diagnostics: Diagnostics) -> None:
    namespaces = {
        each.namespace[:depth] for each in declared for depth in range(len(each.namespace) + 1)
    }
    for each in declared:
        if (*each.namespace, each.name) in namespaces:
            diagnostics.error(
                each.location, f"`{each.name}` is also the name of a namespace", "rename it"
            )
        if each.name in GENERATED_NAMES:
            diagnostics.error(
                each.location, f"`{each.name}` is a name that generated code uses", "rename it"
            )
        if each.name in CPP_NAMESPACES:
            diagnostics.error(
                each.location,
                f"`{each.name}` would hide the namespace that generated code uses",
                "rename it",
            )


def _check_unique_types(schemas: list[Schema], diagnostics: Diagnostics) -> None:
    first: dict[str, Declared] = {}
    for schema in schemas:
        for each in (*schema.declared, *schema.tables, *schema.services):
            other = first.setdefault(each.full_name, each)
            if other.file != each.file:
                diagnostics.error(
                    each.location,
                    f"`{each.full_name}` is already declared at "
                    f"{other.location.file}:{other.location.line}",
                    "declare it in one schema and include that in the other",
                )


def _check_unique_channels(schemas: list[Schema], diagnostics: Diagnostics) -> None:
    first: dict[str, StructType | Service] = {}
    for each in (channel for schema in schemas for channel in schema.channels()):
        kind = channel_kind(each)
        if each.attributes[kind].is_reported:
            continue
        name = each.attributes[kind].value
        other = first.setdefault(name, each)
        if other is not each:
            place = where(other, channel_kind(other))
            what = f"already declared{already(channel_kind(other), kind)}"
            diagnostics.error(
                where(each, kind),
                f"{kind} `{name}` is {what} at {place.file}:{place.line}",
                f"give each {kind} a name of its own",
            )


def channel_kind(channel: StructType | Service) -> str:
    """Returns `segment` or `link`: the attribute that gives the channel its name."""
    return "segment" if isinstance(channel, StructType) else "link"


def already(other: str, kind: str) -> str:
    """Returns the words that name the kind of the other channel, if it is another one."""
    return "" if other == kind else f" as a {other}"
