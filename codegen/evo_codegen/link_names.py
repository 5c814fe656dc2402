# SPDX-License-Identifier: Apache-2.0
"""Names that collide in the classes of links: flatc's, and those that the generator emits."""

from __future__ import annotations

from evo_codegen.diagnostics import Diagnostics, Location
from evo_codegen.ir import Declared, EnumType, Schema, StructType
from evo_codegen.names import (
    FLATC_ENUMERATORS,
    FLATC_FLAGS,
    FLATC_INTEGERS,
    FLATC_TYPES,
    FLATC_WORDS,
    WIRE_NAMESPACE,
)


def check_link_names(schema: Schema, diagnostics: Diagnostics) -> None:
    """Reports names that only a schema with services must not use, because flatc generates classes
    for everything that it can see."""
    if not schema.visible_services:
        return
    declared: list[Declared] = [*schema.visible, *schema.visible_tables]
    declared += schema.visible_services
    outermost = {each.namespace[0] for each in declared if each.namespace}
    used = {"flatbuffers", "std", WIRE_NAMESPACE} | FLATC_INTEGERS
    for each in declared:
        _check_namespace(each, outermost | used, diagnostics)
        if each.namespace and each.name in outermost | used | FLATC_TYPES:
            _report(each.name, each.location, diagnostics)
        if isinstance(each, EnumType):
            _check_enumerators(each, diagnostics)
        elif isinstance(each, StructType):
            for field in each.fields:
                if field.name in FLATC_INTEGERS:
                    _report(field.name, field.location, diagnostics)


def _report(name: str, location: Location, diagnostics: Diagnostics) -> None:
    what = f"`{name}` is a name that the classes of flatc use"
    diagnostics.error(location, what, "rename it")


def _check_namespace(declared: Declared, outermost: set[str], diagnostics: Diagnostics) -> None:
    if not declared.namespace:
        diagnostics.error(
            declared.location,
            f"`{declared.name}` is outside all namespaces, which a schema with links does not "
            "support",
            "write namespace NAME; above it",
        )
        return
    first, *inner = declared.namespace
    hiding = [part for part in inner if part in outermost]
    hiding += [part for part in (first,) if part in ("flatbuffers", WIRE_NAMESPACE)]
    if first in FLATC_WORDS:
        diagnostics.error(
            declared.namespace_location,
            f"flatc reads `{first}`, the first part of namespace `{'.'.join(declared.namespace)}`, "
            "as a type",
            "rename that part",
        )
    for part in hiding:
        diagnostics.error(
            declared.namespace_location,
            f"namespace `{'.'.join(declared.namespace)}` has a part `{part}`, which would hide a "
            "name that the classes of flatc use",
            "rename that part",
        )


def _check_enumerators(enum: EnumType, diagnostics: Diagnostics) -> None:
    added = FLATC_FLAGS if enum.is_flags else FLATC_ENUMERATORS
    for enumerator in enum.enumerators:
        if enumerator.name in added:
            diagnostics.error(
                enumerator.location,
                f"`{enumerator.name}` is an enumerator that flatc adds to each enum",
                f"write `{enumerator.name.title()}` or another name",
            )
