# SPDX-License-Identifier: Apache-2.0
"""Functions that the tests of links share."""

from __future__ import annotations

from pathlib import Path

from support import HEAD

from evo_codegen.collisions import validate_together
from evo_codegen.diagnostics import Diagnostics
from evo_codegen.front_end import read_schemas
from evo_codegen.ir import Link
from evo_codegen.link_validate import validate_links
from evo_codegen.validate import validate

MESSAGE = "/// A message.\ntable Message {\n  /// A number.\n  x:int;\n}\n\n"


def link_text(methods: str, attributes: str = "", before: str = MESSAGE) -> str:
    """A schema with one link; each method gets a comment."""
    commented = "".join(
        f"  /// A method.\n  {method.strip()};\n" for method in methods.split(";") if method.strip()
    )
    more = f", {attributes}" if attributes else ""
    return (
        f"{HEAD}{before}/// A link.\n"
        f'rpc_service Motion (link: "motion", owner: "planner"{more}) {{\n{commented}}}\n'
    )


def read_links(directory: Path, text: str) -> tuple[list[Link], list[str]]:
    """Reads and checks a schema; returns its links and the errors."""
    path = directory / "schema.fbs"
    path.write_text(text)
    diagnostics = Diagnostics()
    front = read_schemas([path], [], "flatc", diagnostics)
    validate(front.schemas, diagnostics)
    links = validate_links(front.schemas, diagnostics)
    validate_together(front.schemas, diagnostics)
    errors = [str(each).removeprefix(str(directory) + "/") for each in diagnostics.in_order([])]
    return list(links.values()), errors


def read_link(directory: Path, text: str) -> Link:
    """Reads a schema without errors and with one link."""
    (link,), errors = read_links(directory, text)
    assert errors == []
    return link
