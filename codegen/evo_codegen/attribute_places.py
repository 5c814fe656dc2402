# SPDX-License-Identifier: Apache-2.0
"""Refuses attributes on declarations and members that they do not describe."""

from __future__ import annotations

from collections.abc import Iterable

from evo_codegen.attributes import (
    FIELD_ATTRIBUTES,
    LINK_ATTRIBUTES,
    METHOD_ATTRIBUTES,
    OWN_ATTRIBUTES,
    SEGMENT_ATTRIBUTES,
)
from evo_codegen.diagnostics import Diagnostics
from evo_codegen.ir import Call, Declared, Field, Member, StructType, TableField, TableType

_TO_SEGMENT = "move it to the struct that is the segment"
_TO_LINK = "move it to the rpc_service that is the link"


def check_attribute_places(
    holder: Declared | Member, allowed: Iterable[str], what: str, diagnostics: Diagnostics
) -> None:
    """Reports our attributes on `holder`, which `what` describes, except those that are allowed."""
    for name, attribute in holder.attributes.items():
        is_field = isinstance(holder, (Field, TableField))
        if is_field and name in METHOD_ATTRIBUTES and name != "deadline":
            continue  # an attribute of flatc, which was reported when the text was read
        if name in OWN_ATTRIBUTES and name not in allowed:
            diagnostics.error(
                attribute.location,
                f"attribute `{name}` is not allowed on {what}",
                _instead(name, holder),
            )


def _instead(name: str, holder: Declared | Member) -> str:
    if name in FIELD_ATTRIBUTES:
        return "move it to the field that it describes"
    if name in METHOD_ATTRIBUTES:
        return "move it to the method that it describes"
    if name not in SEGMENT_ATTRIBUTES:
        return _TO_LINK
    if isinstance(holder, StructType):
        return 'add segment: "NAME" to make it a segment, or remove the attribute'
    of_link = name in LINK_ATTRIBUTES and isinstance(holder, (TableType, TableField, Call))
    return _TO_LINK if of_link else _TO_SEGMENT
