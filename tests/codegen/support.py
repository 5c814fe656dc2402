# SPDX-License-Identifier: Apache-2.0
"""Functions that the tests of the generator share."""

from __future__ import annotations

from pathlib import Path

from evo_codegen.diagnostics import Diagnostics
from evo_codegen.front_end import read_schemas
from evo_codegen.ir import Schema, Segment, StructType
from evo_codegen.collisions import validate_together
from evo_codegen.validate import validate

ROOT = Path(__file__).resolve().parents[2]

HEAD = 'include "evo.fbs";\n\nnamespace test;\n\n'


def segment_text(fields: str, attributes: str = "", before: str = "", name: str = "State") -> str:
    """A schema with one segment; each field gets a comment."""
    commented = "".join(
        f"  /// A field.\n  {field.strip()};\n" for field in fields.split(";") if field.strip()
    )
    more = f", {attributes}" if attributes else ""
    return (
        f"{HEAD}{before}/// A segment.\n"
        f'struct {name} (segment: "state", owner: "tester"{more}) {{\n{commented}}}\n'
    )


def read(directory: Path, text: str, name: str = "schema.fbs") -> tuple[Schema, list[str]]:
    """Reads and checks a schema; returns it and the errors."""
    path = directory / name
    path.write_text(text)
    diagnostics = Diagnostics()
    front = read_schemas([path], [], "flatc", diagnostics)
    validate(front.schemas, diagnostics)
    validate_together(front.schemas, diagnostics)
    errors = [str(each).removeprefix(str(directory) + "/") for each in diagnostics.in_order([])]
    return front.schemas[-1], errors


def read_segment(directory: Path, text: str) -> tuple[StructType, Segment]:
    """Reads a schema without errors and with one segment."""
    path = directory / "schema.fbs"
    path.write_text(text)
    diagnostics = Diagnostics()
    front = read_schemas([path], [], "flatc", diagnostics)
    segments = validate(front.schemas, diagnostics)
    assert not diagnostics, diagnostics.in_order([])
    ((struct, segment),) = segments.items()
    return struct, segment
