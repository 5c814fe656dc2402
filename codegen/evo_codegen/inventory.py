# SPDX-License-Identifier: Apache-2.0
"""The segments and links that a run found, written to a file for comparison with those of other runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from evo_codegen.attributes import where
from evo_codegen.collisions import already, channel_kind
from evo_codegen.diagnostics import Diagnostics, Location
from evo_codegen.ir import Schema


@dataclass(frozen=True)
class Found:
    """A segment or link, and the line that names it."""

    kind: str
    name: str
    line: int
    file: str  # absolute, without links: two runs may have found it in the same file

    def __str__(self) -> str:
        kind = "" if self.kind == "segment" else f"{self.kind} "
        return f"{kind}{self.name} {self.line} {self.file}"

    @classmethod
    def parse(cls, text: str) -> Found:
        """The inverse of str(); raises ValueError if the text is not such a line."""
        match = re.fullmatch(r"(?:(link) )?(\S+) (\d+) (.+)", text)
        if not match:
            raise ValueError(f"not a line of an inventory: {text}")
        kind, name, line, file = match.groups()
        return cls(kind or "segment", name, int(line), file)


def inventory_text(schemas: list[Schema]) -> str:
    """Returns the segments and links of a run, one per line."""
    found = set()
    for schema in schemas:
        for channel in schema.channels():
            kind = channel_kind(channel)
            place = where(channel, kind)
            file = str(Path(place.file).resolve())
            found.add(Found(kind, channel.attributes[kind].value, place.line, file))
    return "".join(f"{each}\n" for each in sorted(found, key=str))


def compare_inventories(paths: list[Path], diagnostics: Diagnostics) -> None:
    """Reports each name that two runs found in different files."""
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
                    f"{found.kind} `{found.name}` is already declared{already(other.kind, found.kind)} "
                    f"at {other.file}:{other.line}",
                    f"give each {found.kind} a name of its own, in all targets",
                )
