# SPDX-License-Identifier: Apache-2.0
"""Refuses constructs that flatc accepts but a segment must not contain."""

from __future__ import annotations

from evo_codegen.attribute_places import check_attribute_places
from evo_codegen.attributes import FIELD_ATTRIBUTES, SEGMENT_ATTRIBUTES, read_segment
from evo_codegen.collisions import check_collisions
from evo_codegen.declared_names import check_case, check_commented, check_declared_name, check_name
from evo_codegen.diagnostics import Diagnostics, Location
from evo_codegen.extent import MOST_ENUMERATORS, check_extent
from evo_codegen.ir import EnumType, Field, Scalar, Schema, Segment, StructType
from evo_codegen.names import FLAGS_PARAMETERS, READER_MEMBERS, snake_case
from evo_codegen.quantities import check_range, check_unit


def validate(schemas: list[Schema], diagnostics: Diagnostics) -> dict[StructType, Segment]:
    """Checks each schema on its own; returns their segments."""
    for schema in schemas:
        for declaration in schema.declared:
            _Declaration(declaration, diagnostics).check()
        check_collisions(schema, diagnostics)
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
        check_declared_name(self._declaration, self._diagnostics)
        if isinstance(self._declaration, EnumType):
            self._check_enum(self._declaration)
        else:
            self._check_struct(self._declaration)

    def _error(self, location: Location, what: str, instead: str) -> None:
        self._diagnostics.error(location, what, instead)

    def _check_enum(self, enum: EnumType) -> None:
        check_attribute_places(enum, (), "an enum", self._diagnostics)
        names: dict[str, str] = {}
        values: dict[int, str] = {}
        for enumerator in enum.enumerators:
            check_name(enumerator.name, enumerator.location, self._diagnostics)
            check_case(
                names, enumerator.name, enumerator.location, "enumerators", self._diagnostics
            )
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

    def _check_struct(self, struct: StructType) -> None:
        allowed = SEGMENT_ATTRIBUTES if struct.is_segment else ()
        check_attribute_places(struct, allowed, f"struct `{struct.name}`", self._diagnostics)
        if struct.is_segment:
            check_commented(struct, "segment struct", self._diagnostics)
        names: dict[str, str] = {}
        for field in struct.fields:
            self._check_field(struct, field)
            check_case(names, field.name, field.location, "fields", self._diagnostics)

    def _check_field(self, struct: StructType, field: Field) -> None:
        self._check_field_name(struct, field)
        if struct.is_segment:
            check_commented(field, "field", self._diagnostics)
        check_attribute_places(field, FIELD_ATTRIBUTES, "a field", self._diagnostics)
        check_unit(field, self._diagnostics)
        check_range(field, self._diagnostics)

    def _check_field_name(self, struct: StructType, field: Field) -> None:
        name = field.name
        if not check_name(name, field.location, self._diagnostics):
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
                f"write `{_suggestion(name)}`",
            )


def _type_names(struct: StructType) -> set[str]:
    names = {struct.name}
    if struct.is_segment:
        names |= {struct.name + suffix for suffix in ("Writer", "Reader", "Channel")}
    return names | {each.type.name for each in struct.fields if not isinstance(each.type, Scalar)}


def _suggestion(name: str) -> str:
    snake = snake_case(name)
    return snake if snake != name else f"{name}_value"
