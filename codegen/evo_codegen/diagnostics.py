# SPDX-License-Identifier: Apache-2.0
"""Errors of a run, collected so that all of them are reported at once.

Each error is a line `file:line: what is wrong; what to write instead`, with the path as the user
gave it.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Location:
    """A line of a file, as shown in messages."""

    file: str
    line: int


@dataclass(frozen=True, order=True)
class Diagnostic:
    """One error: where, what is wrong, what to write instead."""

    location: Location
    what: str
    instead: str

    def __str__(self) -> str:
        return _one_line(f"{self.location.file}:{self.location.line}: {self.what}; {self.instead}")


def _one_line(text: str) -> str:
    """Replaces what ends a line, changes its direction or controls a terminal: a message may quote
    any text of a schema or lock."""
    controls = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return "".join("?" if unicodedata.category(each) in controls else each for each in text)


class Diagnostics:
    """The errors found so far. An error that is found twice (in an included schema) counts once."""

    def __init__(self) -> None:
        self._found: dict[Diagnostic, None] = {}

    def error(self, location: Location, what: str, instead: str) -> None:
        """Records an error; the run continues to find more."""
        self._found[Diagnostic(location, what, instead)] = None

    def __bool__(self) -> bool:
        return bool(self._found)

    def in_order(self, files: list[str]) -> list[Diagnostic]:
        """Returns all errors in the order of `files`, then of file name and line."""
        rank = {file: index for index, file in enumerate(files)}
        return sorted(
            self._found,
            key=lambda found: (rank.get(found.location.file, len(rank)), found.location),
        )


class Unreadable(Exception):
    """A schema has a construct that the intermediate representation cannot hold."""

    def __init__(self, location: Location, what: str, instead: str) -> None:
        super().__init__(what)
        self.location = location
        self.what = what
        self.instead = instead


class MissingTool(Exception):
    """A program or module that the generator needs is not installed."""


class UsageError(Exception):
    """The command line is wrong: exit code 2."""


class BrokenLock(Exception):
    """The schema lock cannot be read; carries the diagnostic."""

    def __init__(self, path: Path, what: str, instead: str, line: int = 1) -> None:
        super().__init__(what)
        self.diagnostic = Diagnostic(Location(str(path), line), what, instead)
