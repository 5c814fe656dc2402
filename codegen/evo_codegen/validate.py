# SPDX-License-Identifier: Apache-2.0
"""Refuses constructs that flatc accepts but a segment must not contain."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from evo_codegen.attributes import FIELD_ATTRIBUTES, SEGMENT_ATTRIBUTES, read_segment
from evo_codegen.collisions import check_collisions
from evo_codegen.diagnostics import Diagnostics, Location
from evo_codegen.extent import MOST_ENUMERATORS, check_extent
from evo_codegen.ir import EnumType, Field, Scalar, Schema, Segment, StructType
from evo_codegen.names import (
    CPP_NAMESPACES,
    FLAGS_PARAMETERS,
    GENERATED_FUNCTIONS,
    READER_MEMBERS,
    problem_with,
    problem_with_outermost,
)

_LONGEST_UNIT = 32
_LONGEST_LIMIT = 64  # characters of a min or max
_LONGEST_FULL_NAME = 200
# Half a step above the largest number: text from here on would be rounded to infinity.
_TOO_LARGE_FLOATS = {
    Scalar.F32: Decimal(2**128 - 2**103),
    Scalar.F64: Decimal(2**1024 - 2**970),
}


def validate(schemas: list[Schema], diagnostics: Diagnostics) -> dict[StructType, Segment]:
    """Checks each schema on its own; returns their segments."""
    for schema in schemas:
        for declaration in schema.declared:
            _Declaration(declaration, diagnostics).check()
        check_collisions(schema.visible, diagnostics)
    segments: dict[StructType, Segment] = {}
    for schema in schemas:
        for struct in schema.segment_structs():
            segment = read_segment(struct, diagnostics)
            if segment and check_extent(segment, diagnostics):
                segments[struct] = segment
    return segments


class _Declaration:
    """The checks of one enum or struct on its own."""

    def __init__(self, declaration: EnumType | StructType, diagnostics: Diagnostics) -> None:
        self._declaration = declaration
        self._diagnostics = diagnostics

    def check(self) -> None:
        declaration = self._declaration
        outermost = None if declaration.namespace else "type"
        self._check_name(declaration.name, declaration.location, outermost)
        if len(declaration.full_name) > _LONGEST_FULL_NAME:
            self._error(
                declaration.location,
                f"`{declaration.full_name}` has {len(declaration.full_name)} characters",
                f"shorten it or its namespaces to {_LONGEST_FULL_NAME}",
            )
        self._check_namespace()
        if isinstance(self._declaration, EnumType):
            self._check_enum(self._declaration)
        else:
            self._check_struct(self._declaration)

    def _error(self, location: Location, what: str, instead: str) -> None:
        self._diagnostics.error(location, what, instead)

    def _check_name(self, name: str, location: Location, outermost: str | None = None) -> bool:
        """`outermost`: the kind of the name, if it is outside all namespaces."""
        problem = problem_with_outermost(name, outermost) if outermost else problem_with(name)
        if problem:
            self._error(location, *problem)
        return problem is None

    def _check_namespace(self) -> None:
        namespace = self._declaration.namespace
        location = self._declaration.namespace_location
        for index, part in enumerate(namespace):
            if part in CPP_NAMESPACES and (index > 0 or part != "evo"):
                self._error(
                    location,
                    f"namespace `{'.'.join(namespace)}` has a part `{part}`, which would hide the "
                    f"namespace that generated code uses",
                    "rename that part" + (", or put it first" if part == "evo" else ""),
                )
            elif part in GENERATED_FUNCTIONS:
                self._error(
                    location,
                    f"namespace `{'.'.join(namespace)}` has a part `{part}`, which is a function "
                    f"that generated code declares",
                    "rename that part",
                )
            else:
                self._check_name(part, location, "namespace" if index == 0 else None)
        if namespace == ("evo",):
            self._error(
                location,
                "namespace `evo` itself is reserved for the runtime",
                f"write namespace evo.{self._declaration.file.split('.')[0]}, or one of your own",
            )
        elif namespace[:2] == ("evo", "detail"):
            self._error(
                location,
                "namespace `evo.detail` is reserved for the runtime",
                "use another one",
            )

    def _check_enum(self, enum: EnumType) -> None:
        self._check_attribute_places(enum, (), "an enum")
        names: dict[str, str] = {}
        values: dict[int, str] = {}
        for enumerator in enum.enumerators:
            self._check_name(enumerator.name, enumerator.location)
            self._check_case(names, enumerator.name, enumerator.location, "enumerators")
            other = values.setdefault(enumerator.value, enumerator.name)
            if other != enumerator.name:
                self._error(
                    enumerator.location,
                    f"enumerators `{other}` and `{enumerator.name}` both have the value "
                    f"{enumerator.value}",
                    "give each a value of its own",
                )
        if len(enum.enumerators) > MOST_ENUMERATORS:
            self._error(
                enum.location,
                f"enum `{enum.name}` has {len(enum.enumerators)} enumerators",
                f"use at most {MOST_ENUMERATORS}, or a number and your own table of meanings",
            )
        if enum.is_flags and enum.name in FLAGS_PARAMETERS:
            self._error(
                enum.location,
                f"`{enum.name}` is a name that the generated flag functions use",
                f"write `{enum.name}_flags` or another name",
            )

    def _check_case(
        self, names: dict[str, str], name: str, location: Location, what: str
    ) -> None:
        other = names.setdefault(name.casefold(), name)
        if other != name:
            self._error(
                location,
                f"{what} `{other}` and `{name}` differ only in case",
                "rename one of them",
            )

    def _check_struct(self, struct: StructType) -> None:
        allowed = SEGMENT_ATTRIBUTES if struct.is_segment else ()
        self._check_attribute_places(struct, allowed, f"struct `{struct.name}`")
        if struct.is_segment and not any(line.strip() for line in struct.documentation):
            self._error(
                struct.location,
                f"segment struct `{struct.name}` has no doc comment",
                "describe it with /// on the line above",
            )
        names: dict[str, str] = {}
        for field in struct.fields:
            self._check_field(struct, field)
            self._check_case(names, field.name, field.location, "fields")

    def _check_attribute_places(
        self, declaration: EnumType | StructType, allowed: Iterable[str], what: str
    ) -> None:
        for name, attribute in declaration.attributes.items():
            if name in allowed or name not in (*SEGMENT_ATTRIBUTES, *FIELD_ATTRIBUTES):
                continue
            if name in FIELD_ATTRIBUTES:
                instead = "move it to the field that it describes"
            elif isinstance(declaration, StructType):
                instead = 'add segment: "NAME" to make it a segment, or remove the attribute'
            else:
                instead = "move it to the struct that is the segment"
            self._error(attribute.location, f"attribute `{name}` is not allowed on {what}", instead)

    def _check_field(self, struct: StructType, field: Field) -> None:
        self._check_field_name(struct, field)
        if struct.is_segment and not any(line.strip() for line in field.documentation):
            self._error(
                field.location,
                f"field `{field.name}` has no doc comment",
                "describe it with /// on the line above",
            )
        for name, attribute in field.attributes.items():
            if name in SEGMENT_ATTRIBUTES:
                self._error(
                    attribute.location,
                    f"attribute `{name}` is not allowed on a field",
                    "move it to the struct that is the segment",
                )
        self._check_unit(field)
        self._check_range(field)

    def _check_field_name(self, struct: StructType, field: Field) -> None:
        name = field.name
        if not self._check_name(name, field.location):
            return
        if name.endswith("_"):
            self._error(
                field.location,
                f"`{name}` ends in an underscore, which is reserved for padding members",
                f"write `{name.rstrip('_') or 'value'}`",
            )
        elif struct.is_segment and name in READER_MEMBERS:
            self._error(
                field.location,
                f"`{name}` would hide {struct.name}Reader::{name}",
                f"write `{name}_value` or another name",
            )
        elif name in _type_names(struct):
            self._error(
                field.location,
                f"`{name}` is also the name of a type",
                f"write `{_snake_case(name)}`",
            )

    def _check_unit(self, field: Field) -> None:
        unit = field.attributes.get("unit")
        if not unit or unit.is_reported:
            return
        if not _is_number(field):
            self._error(
                unit.location,
                f"`{field.name}` has a unit but is {_kind_of(field)}",
                "remove the unit, or make the field a number",
            )
        elif not unit.value.strip():
            self._error(
                unit.location,
                f"the unit of `{field.name}` is empty",
                "leave it out, or name the unit",
            )
        elif unit.value != unit.value.strip() or not unit.value.isprintable() or (
            set(unit.value) & set('"\\')
        ):
            self._error(
                unit.location,
                f"the unit of `{field.name}` has spaces around it, quotes, backslashes or control "
                "characters",
                'write it plainly, such as "mm/s"',
            )
        elif len(unit.value) > _LONGEST_UNIT:
            self._error(
                unit.location,
                f"the unit of `{field.name}` has {len(unit.value)} characters",
                f"use at most {_LONGEST_UNIT}",
            )

    def _check_range(self, field: Field) -> None:
        present = [name for name in ("min", "max") if name in field.attributes]
        if present and not _is_number(field):
            self._error(
                field.attributes[present[0]].location,
                f"`{field.name}` has a range but is {_kind_of(field)}",
                f"remove {' and '.join(present)}",
            )
            return
        limits = {name: self._limit(field, name) for name in present}
        low, high = limits.get("min"), limits.get("max")
        if low is not None and high is not None and low > high:
            self._error(
                field.attributes["min"].location,
                f"the range of `{field.name}` is empty: min {low} is greater than max {high}",
                "swap them",
            )
        elif (low is not None and low > 0) or (high is not None and high < 0):
            name = "min" if low is not None and low > 0 else "max"
            self._error(
                field.attributes[name].location,
                f"the range of `{field.name}` excludes 0, the initial value of every field",
                f'write {name}: "0", and say in another field whether the value is valid',
            )

    def _limit(self, field: Field, name: str) -> Decimal | None:
        attribute = field.attributes[name]
        text = attribute.value
        if attribute.is_reported:
            return None
        if len(text) > _LONGEST_LIMIT:
            self._error(
                attribute.location,
                f"{name} of `{field.name}` has {len(text)} characters",
                f"use at most {_LONGEST_LIMIT}, as in 1e-9",
            )
            return None
        scalar = field.type
        assert isinstance(scalar, Scalar)
        if scalar.is_integer:
            if not re.fullmatch(r"-?(0|[1-9][0-9]*)", text):
                self._error(
                    attribute.location,
                    f"{name} of `{field.name}` is `{text}`, which is not a whole number",
                    "write digits only, such as " + ('"-40"' if scalar.is_signed else '"40"'),
                )
                return None
            lowest, highest = Decimal(scalar.lowest), Decimal(scalar.highest)
        else:
            if not re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]{1,4})?", text):
                self._error(
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
            self._error(
                attribute.location,
                f"{name} of `{field.name}` is `{text}`, which its type {scalar.canonical} cannot "
                "hold",
                f"write a number {bounds}, or leave {name} out",
            )
            return None
        return value


def _is_number(field: Field) -> bool:
    return isinstance(field.type, Scalar) and field.type is not Scalar.BOOL


def _kind_of(field: Field) -> str:
    if isinstance(field.type, EnumType):
        return "an enum"
    if isinstance(field.type, StructType):
        return "a struct"
    return "a bool"


def _type_names(struct: StructType) -> set[str]:
    names = {struct.name}
    if struct.is_segment:
        names |= {struct.name + suffix for suffix in ("Writer", "Reader", "Channel")}
    return names | {each.type.name for each in struct.fields if not isinstance(each.type, Scalar)}


def _snake_case(name: str) -> str:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return snake if snake != name else f"{name}_value"
