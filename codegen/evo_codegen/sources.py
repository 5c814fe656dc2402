# SPDX-License-Identifier: Apache-2.0
"""Finds the schemas and their includes, and prepares their text for flatc.

flatc writes into its output where it found each file. To get the same bytes for the same schema
everywhere, flatc never sees the real paths: each file is copied under its base name into one
directory, and its includes are rewritten to base names. Line numbers stay the same.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from evo_codegen.diagnostics import Diagnostics, Location, UsageError
from evo_codegen.files import decoded, without_dots
from evo_codegen.ir import Attribute
from evo_codegen.scanner import AttributeUse, Declaration, Scan, scan

ATTRIBUTES_FILE = "evo.fbs"
UNDECLARED_FILE = "evo_undeclared.fbs"

# The directory of evo.fbs, both in the source tree and in an installation.
OWN_SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"


@dataclass
class Source:
    """One schema file: where it is, its text, and what the scanner found in it."""

    path: Path
    shown: str  # as the user gave it, or as found through an include
    text: str
    scan: Scan
    includes: list[Source] = field(default_factory=list)
    undeclared: set[str] = field(default_factory=set)
    edits: list[tuple[int, int, str]] = field(default_factory=list)
    reported: set[tuple[int, str]] = field(default_factory=set)  # attributes, by line and name
    hopeless: bool = False  # flatc would only repeat errors that were already reported

    @property
    def file(self) -> str:
        """The base name as the user gave it, even if it is a link's."""
        return Path(self.shown).name

    def location(self, line: int) -> Location:
        return Location(self.shown, line)

    def closure(self) -> list[Source]:
        """Returns this schema and all that it includes, each once."""
        found: dict[Path, Source] = {}
        waiting = [self]
        while waiting:
            source = waiting.pop()
            if source.path not in found:
                found[source.path] = source
                waiting.extend(reversed(source.includes))
        return list(found.values())

    def staged_text(self) -> str:
        """Returns the text for flatc."""
        text = self.text
        for start, end, replacement in sorted(self.edits, reverse=True):
            # Columns may move, lines must not: flatc reports its errors by line.
            newlines = "\n" * text.count("\n", start, end)
            text = text[:start] + replacement + newlines + text[end:]
        if self.undeclared:
            text = f'include "{UNDECLARED_FILE}";\n{text}'
        return text

    @property
    def added_lines(self) -> int:
        """The number of lines that the text for flatc has before those of the file."""
        return 1 if self.undeclared else 0

    def declaration(self, full_name: str) -> Declaration | None:
        for declaration in self.scan.declarations:
            if declaration.name == full_name:
                return declaration
        return None

    def attributes(
        self,
        values: dict[str, str],
        uses: tuple[AttributeUse, ...],
        declaration: Declaration,
    ) -> dict[str, Attribute]:
        """Returns the attributes that flatc found, with the lines that the scanner found."""
        lines = {use.name: use.line for use in uses}
        attributes = {}
        for name, value in sorted(values.items()):
            line = lines.get(name, declaration.line)
            is_reported = (line, name) in self.reported
            attributes[name] = Attribute(value, self.location(line), is_reported)
        return attributes


class SourceTree:
    """The schemas of a run and everything that they include."""

    def __init__(self, include_directories: list[Path], diagnostics: Diagnostics) -> None:
        self._include_directories = [*include_directories, OWN_SCHEMAS]
        self._diagnostics = diagnostics
        self._by_path: dict[Path, Source] = {}
        self.by_file: dict[str, Source] = {}

    def load(self, path: Path) -> Source:
        """Reads a schema from the command line."""
        if not path.is_file():
            raise UsageError(f"{path}: no such schema")
        return self._read(str(without_dots(path)))

    def dependencies(self) -> list[Path]:
        """Returns the files that a build tool must check: every file that was read, and the
        directories of its links."""
        found = set(self._by_path)
        for path in self._by_path:
            # A link redirected to an older file is itself newer, but only its directory shows that.
            found |= {each.parent for each in (path, *path.parents) if each.is_symlink()}
        return sorted(found)

    def _error(self, source: Source, line: int, what: str, instead: str) -> None:
        self._diagnostics.error(source.location(line), what, instead)

    def _read(self, shown: str) -> Source:
        # A link is a separate schema, with the link's name.
        path = Path.cwd() / shown
        known = self._by_path.get(path)
        if known:
            return known
        text = self._text_of(path, shown)
        source = Source(path, shown, text, scan(text), hopeless=not text)
        self._by_path[path] = source
        same = self._add_file(source)
        if same is not source:
            self._by_path[path] = same
            return same
        self._follow_includes(source)
        return source

    def _text_of(self, path: Path, shown: str) -> str:
        """Returns the text of a schema; empty if there is none, which is reported."""
        data = path.read_bytes()
        text, problem = decoded(data)
        if problem:
            position, what, instead = problem
            line = data.count(b"\n", 0, position) + 1
            self._diagnostics.error(Location(shown, line), what, instead)
            return ""
        if path.name == ATTRIBUTES_FILE:
            own = (OWN_SCHEMAS / ATTRIBUTES_FILE).read_text("utf-8")
            if text != own:
                self._diagnostics.error(
                    Location(shown, 1),
                    "this is not the evo.fbs of this generator",
                    "remove it: the generator has its own",
                )
            return own
        if not re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL).strip():
            what = "the schema is empty"
            self._diagnostics.error(Location(shown, 1), what, "declare a struct or an enum in it")
            return ""
        return text

    def _add_file(self, source: Source) -> Source:
        """Returns the source itself, or the existing one with the same name and text."""
        other = self.by_file.setdefault(source.file, source)
        if other is not source and other.text == source.text:
            return other
        if other is not source:
            self._error(
                source,
                1,
                f"{other.shown} has the same name, and their headers would clash",
                "rename one of them",
            )
            source.hopeless = True
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.fbs", source.file):
            self._error(
                source,
                1,
                f"`{source.file}` cannot become the name of a header",
                "use letters, digits and underscores, and end in .fbs",
            )
            source.hopeless = True
        return source

    def _follow_includes(self, source: Source) -> None:
        for include in source.scan.includes:
            adjacent = without_dots(Path(source.shown).parent / include.name)
            candidates = [adjacent, *(each / include.name for each in self._include_directories)]
            found = next((each for each in candidates if os.path.isfile(each)), None)
            if not found:
                looked = ", ".join(
                    dict.fromkeys(str(each.parent) for each in candidates[:-1]),
                )
                self._error(
                    source,
                    include.line,
                    f'"{include.name}" is not found; looked in {looked}',
                    "correct the name, or name its directory with -I (CMake: INCLUDES)",
                )
                source.hopeless = True
                continue
            included = self._read(str(found))
            source.includes.append(included)
            source.hopeless |= included.hopeless
            source.edits.append((include.start, include.end, f'"{included.file}"'))
