# SPDX-License-Identifier: Apache-2.0
"""The limits on the size of a channel: bytes in a file, and names that the tools show."""

from __future__ import annotations

from functools import cache

from evo_codegen.attributes import HEADER_BYTES, LARGEST_FILE
from evo_codegen.diagnostics import Diagnostics
from evo_codegen.ir import EnumType, Kind, Link, Segment, StructType, TableType
from evo_codegen.layout import layout_of

# The limits of programs that read embedded schemas: runtime/src/schema/checked_schema.cpp. A
# compiler takes a second for this number of enumerators.
MOST_ENUMERATORS = 4096
MOST_FIELDS = 4096
DEEPEST_NESTING = 16


def check_extent(segment: Segment, diagnostics: Diagnostics) -> bool:
    """Returns whether the segment is within all limits; reports those that it exceeds."""
    problems = [*_too_many_bytes(segment), *_too_many_names(segment)]
    for what, instead in problems:
        diagnostics.error(segment.struct.location, f"segment `{segment.name}` {what}", instead)
    return not problems


def check_link_extent(link: Link, diagnostics: Diagnostics) -> bool:
    """The same for a link, of which each table counts once."""
    tables = {table for method in link.methods for table in method.call.tables()}
    structs = _field_structs(tables)
    fields = sum(len(table.fields) for table in tables) + sum(map(_field_count, structs))
    enums = {
        field.type for table in tables for field in table.fields if isinstance(field.type, EnumType)
    }.union(*map(_enums_of, structs))
    problems = []
    if len(link.methods) > MOST_FIELDS:
        what = f"has {len(link.methods)} methods"
        problems.append((what, f"use at most {MOST_FIELDS}"))
    problems += _name_problems(fields, sum(len(enum.enumerators) for enum in enums))
    for what, instead in problems:
        diagnostics.error(link.service.location, f"link `{link.name}` {what}", instead)
    return not problems


def _field_structs(tables: set[TableType]) -> list[StructType]:
    """Returns the structs of the fields of the tables, each once."""
    types = (field.type for table in tables for field in table.fields)
    return list({each: None for each in types if isinstance(each, StructType)})


def _too_many_bytes(segment: Segment) -> list[tuple[str, str]]:
    size = layout_of(segment.struct).size
    total = HEADER_BYTES + segment.slots * size
    if total <= LARGEST_FILE:
        return []
    word = "slots" if segment.kind is Kind.STATE else "values"
    return [
        (
            f"needs {total} bytes ({segment.slots} {word} of {size}), more than 1 GiB",
            "shorten its arrays, or reduce slots or capacity",
        )
    ]


def _too_many_names(segment: Segment) -> list[tuple[str, str]]:
    enums = _enums_of(segment.struct)
    enumerators = sum(len(enum.enumerators) for enum in enums)
    return _name_problems(_field_count(segment.struct), enumerators)


def _name_problems(fields: int, enumerators: int) -> list[tuple[str, str]]:
    problems = []
    if fields > MOST_FIELDS:
        what = f"has {fields} fields, including those of nested structs"
        problems.append((what, f"use at most {MOST_FIELDS}; an array counts once"))
    if enumerators > MOST_ENUMERATORS:
        what = f"uses enums with {enumerators} enumerators"
        problems.append((what, f"use at most {MOST_ENUMERATORS} in total"))
    return problems


@cache
def _field_count(struct: StructType) -> int:
    nested = (each.type for each in struct.fields if isinstance(each.type, StructType))
    return len(struct.fields) + sum(_field_count(each) for each in nested)


@cache
def _enums_of(struct: StructType) -> frozenset[EnumType]:
    enums: set[EnumType] = set()
    for field in struct.fields:
        if isinstance(field.type, EnumType):
            enums.add(field.type)
        elif isinstance(field.type, StructType):
            enums |= _enums_of(field.type)
    return frozenset(enums)
