# SPDX-License-Identifier: Apache-2.0
"""Names that collide with each other, within a schema and between the schemas of a run."""

from __future__ import annotations

from evo_codegen.attributes import where
from evo_codegen.diagnostics import Diagnostics
from evo_codegen.ir import EnumType, Schema, StructType
from evo_codegen.names import CPP_NAMESPACES, GENERATED_NAMES


def validate_together(schemas: list[Schema], diagnostics: Diagnostics) -> None:
    """Checks that the schemas of a run do not collide with each other."""
    _check_unique_types(schemas, diagnostics)
    _check_unique_segments(schemas, diagnostics)


def check_collisions(
    types: tuple[EnumType | StructType, ...], diagnostics: Diagnostics
) -> None:
    """Reports types that would collide with a segment's emitted classes, or with namespaces."""
    by_name = {each.full_name: each for each in types}
    for struct in types:
        if not isinstance(struct, StructType) or not struct.is_segment:
            continue
        for suffix in ("Writer", "Reader", "Channel", "Bfbs"):
            other = by_name.get(struct.full_name + suffix)
            if other:
                diagnostics.error(
                    other.location,
                    f"`{other.name}` is the name of a class generated for `{struct.name}`",
                    "rename it",
                )
    namespaces = {each.namespace[:depth] for each in types for depth in range(len(each.namespace))}
    namespaces |= {each.namespace for each in types}
    for each in types:
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
    first: dict[str, EnumType | StructType] = {}
    for schema in schemas:
        for each in schema.declared:
            other = first.setdefault(each.full_name, each)
            if other.file != each.file:
                diagnostics.error(
                    each.location,
                    f"`{each.full_name}` is already declared at "
                    f"{other.location.file}:{other.location.line}",
                    "declare it in one schema and include that in the other",
                )


def _check_unique_segments(schemas: list[Schema], diagnostics: Diagnostics) -> None:
    first: dict[str, StructType] = {}
    for struct in (struct for schema in schemas for struct in schema.segment_structs()):
        if struct.attributes["segment"].is_reported:
            continue
        name = struct.attributes["segment"].value
        other = first.setdefault(name, struct)
        if other is not struct:
            place = where(other, "segment")
            diagnostics.error(
                where(struct, "segment"),
                f"segment `{name}` is already declared at {place.file}:{place.line}",
                "give each segment a name of its own",
            )
