# SPDX-License-Identifier: Apache-2.0
"""The segments that a run found, written to a file for comparison with those of other runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evo_codegen.attributes import where
from evo_codegen.diagnostics import Diagnostics, Location
from evo_codegen.ir import Schema


@dataclass(frozen=True)
class Found:
    """A segment, and the line that names it."""

    name: str
    line: int
    file: str  # absolute, without links: two runs may have found it in the same file

    def __str__(self) -> str:
        return f"{self.name} {self.line} {self.file}"

    @classmethod
    def parse(cls, text: str) -> Found:
        name, line, file = text.split(" ", 2)
        return cls(name, int(line), file)


def inventory_text(schemas: list[Schema]) -> str:
    """Returns the segments of a run, one per line."""
    found = set()
    for schema in schemas:
        for struct in schema.segment_structs():
            place = where(struct, "segment")
            file = str(Path(place.file).resolve())
            found.add(Found(struct.attributes["segment"].value, place.line, file))
    return "".join(f"{each}\n" for each in sorted(found, key=str))


def compare_inventories(paths: list[Path], diagnostics: Diagnostics) -> None:
    """Reports each segment that two runs found in different files."""
    first: dict[str, Found] = {}
    for path in paths:
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
            try:
                found = Found.parse(line)
            except ValueError:
                diagnostics.error(
                    Location(str(path), number),
                    "this is not a line of an inventory",
                    "remove the file; the next run of `--inventory` writes it again",
                )
                break
            other = first.setdefault(found.name, found)
            if other.file != found.file:
                diagnostics.error(
                    Location(found.file, found.line),
                    f"segment `{found.name}` is already declared at {other.file}:{other.line}",
                    "give each segment a name of its own, in all targets",
                )
