# SPDX-License-Identifier: Apache-2.0
"""Checks the unit and the range of a field."""

from __future__ import annotations

import re
from decimal import Decimal

from evo_codegen.diagnostics import Diagnostics
from evo_codegen.ir import EnumType, Field, Scalar, StructType, TableField, TableType, Text

_LONGEST_UNIT = 32
_LONGEST_LIMIT = 64  # characters of a min or max
# Half a step above the largest number: text from here on would be rounded to infinity.
_TOO_LARGE_FLOATS = {
    Scalar.F32: Decimal(2**128 - 2**103),
    Scalar.F64: Decimal(2**1024 - 2**970),
}


def check_unit(field: Field | TableField, diagnostics: Diagnostics) -> None:
    unit = field.attributes.get("unit")
    if not unit or unit.is_reported:
        return
    if not _is_number(field):
        diagnostics.error(
            unit.location,
            f"`{field.name}` has a unit but is {_kind_of(field)}",
            "remove the unit, or make the field a number",
        )
    elif not unit.value.strip():
        diagnostics.error(
            unit.location,
            f"the unit of `{field.name}` is empty",
            "leave it out, or name the unit",
        )
    elif unit.value != unit.value.strip() or not unit.value.isprintable() or (
        set(unit.value) & set('"\\')
    ):
        diagnostics.error(
            unit.location,
            f"the unit of `{field.name}` has spaces around it, quotes, backslashes or control "
            "characters",
            'write it plainly, such as "mm/s"',
        )
    elif len(unit.value) > _LONGEST_UNIT:
        diagnostics.error(
            unit.location,
            f"the unit of `{field.name}` has {len(unit.value)} characters",
            f"use at most {_LONGEST_UNIT}",
        )

def check_range(field: Field | TableField, diagnostics: Diagnostics) -> None:
    """Checks min and max; the value that the field has at first must be within them."""
    present = [name for name in ("min", "max") if name in field.attributes]
    if present and not _is_number(field):
        diagnostics.error(
            field.attributes[present[0]].location,
            f"`{field.name}` has a range but is {_kind_of(field)}",
            f"remove {' and '.join(present)}",
        )
        return
    limits = {name: _limit(field, name, diagnostics) for name in present}
    low, high = limits.get("min"), limits.get("max")
    if low is not None and high is not None and low > high:
        diagnostics.error(
            field.attributes["min"].location,
            f"the range of `{field.name}` is empty: min {low} is greater than max {high}",
            "swap them",
        )
        return
    first = _first_value(field)
    if first is None:
        return
    if (low is not None and low > first) or (high is not None and high < first):
        name = "min" if low is not None and low > first else "max"
        diagnostics.error(field.attributes[name].location, *_excluded(field, name))


def _first_value(field: Field | TableField) -> Decimal | None:
    """Returns the value before any is set; None if there is none."""
    if isinstance(field, Field):
        return Decimal(0)
    return Decimal(field.default) if field.default is not None else None


def _excluded(field: Field | TableField, name: str) -> tuple[str, str]:
    if isinstance(field, Field):
        return (
            f"the range of `{field.name}` excludes 0, the initial value of every field",
            f'write {name}: "0", and say in another field whether the value is valid',
        )
    return (
        f"the range of `{field.name}` excludes its default {field.default}",
        f"write a default within the range, such as = {field.text(name)}, or = null",
    )


def _limit(
    field: Field | TableField, name: str, diagnostics: Diagnostics
) -> Decimal | None:
    attribute = field.attributes[name]
    text = attribute.value
    if attribute.is_reported:
        return None
    if len(text) > _LONGEST_LIMIT:
        diagnostics.error(
            attribute.location,
            f"{name} of `{field.name}` has {len(text)} characters",
            f"use at most {_LONGEST_LIMIT}, as in 1e-9",
        )
        return None
    scalar = field.type
    assert isinstance(scalar, Scalar)
    if scalar.is_integer:
        if not re.fullmatch(r"-?(0|[1-9][0-9]*)", text):
            diagnostics.error(
                attribute.location,
                f"{name} of `{field.name}` is `{text}`, which is not a whole number",
                "write digits only, such as " + ('"-40"' if scalar.is_signed else '"40"'),
            )
            return None
        lowest, highest = Decimal(scalar.lowest), Decimal(scalar.highest)
    else:
        if not re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]{1,4})?", text):
            diagnostics.error(
                attribute.location,
                f"{name} of `{field.name}` is `{text}`, which is not a number",
                'write one such as "-0.5" or "1e6"',
            )
            return None
        highest = _TOO_LARGE_FLOATS[scalar].next_minus()
        lowest = -highest
    value = Decimal(text)
    if not lowest <= value <= highest:
        bounds = f"from {lowest} to {highest}" if scalar.is_integer else "that fits its type"
        diagnostics.error(
            attribute.location,
            f"{name} of `{field.name}` is `{text}`, which its type {scalar.canonical} cannot "
            "hold",
            f"write a number {bounds}, or leave {name} out",
        )
        return None
    return value


def _is_number(field: Field | TableField) -> bool:
    return isinstance(field.type, Scalar) and field.type is not Scalar.BOOL


def _kind_of(field: Field | TableField) -> str:
    if isinstance(field.type, EnumType):
        return "an enum"
    if isinstance(field.type, StructType):
        return "a struct"
    if isinstance(field.type, TableType):
        return "a table"
    if isinstance(field.type, Text):
        return "a string"
    return "a bool"
