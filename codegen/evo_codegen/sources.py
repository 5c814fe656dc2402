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

from evo_codegen.attributes import BUILTIN_ATTRIBUTES, OWN_ATTRIBUTES, closest
from evo_codegen.diagnostics import Diagnostics, Location, UsageError
from evo_codegen.files import decoded, without_dots
from evo_codegen.scanner import AttributeUse, Declaration, Member, Misfit, Scan, Token, scan

ATTRIBUTES_FILE = "evo.fbs"
UNDECLARED_FILE = "evo_undeclared.fbs"

# The directory of evo.fbs, both in the source tree and in an installation.
OWN_SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"

_ENUM_TYPES = frozenset(
    """byte ubyte short ushort int uint long ulong int8 uint8 int16 uint16 int32 uint32 int64
    uint64""".split()
)

_UNSIGNED = {
    "byte": "ubyte",
    "short": "ushort",
    "int": "uint",
    "long": "ulong",
    **{f"int{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)},
}

# Attributes of FlatBuffers that a struct's field must not have, whether they would have an effect
# or not.
_FOREIGN_FIELD_ATTRIBUTES = BUILTIN_ATTRIBUTES - {"force_align"}


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

    def check(self, source: Source) -> None:
        """Reports errors that the text alone shows, and edits it so that flatc can continue."""
        can_see_own = any(each.file == ATTRIBUTES_FILE for each in source.closure())
        declared = set().union(*(each.scan.declared_attributes for each in source.closure()))
        missing_include = False
        for declaration in source.scan.declarations:
            members = declaration.members
            for use in (*declaration.attributes, *(use for m in members for use in m.attributes)):
                if use.name in BUILTIN_ATTRIBUTES or use.name in declared:
                    continue
                source.undeclared.add(use.name)
                if use.name in OWN_ATTRIBUTES and not can_see_own:
                    missing_include = True
                else:
                    self._undeclared(source, use)
            self._check_attributes(source, declaration.attributes, "")
            for member in members:
                self._check_attributes(source, member.attributes, f" of `{member.name}`")
            self._check_declaration(source, declaration)
        for keyword, line in source.scan.other_keywords:
            if keyword == "root_type":
                what = "root_type names a table"
                self._error(source, line, what, "remove it: a segment has none")
        if missing_include:
            line = source.scan.declarations[0].line
            what = "the attributes of segments are not declared here"
            self._error(source, line, what, f'write include "{ATTRIBUTES_FILE}"; on the first line')

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

    def _undeclared(self, source: Source, use: AttributeUse) -> None:
        guess = closest(use.name, OWN_ATTRIBUTES)
        instead = f"did you mean `{guess}`?" if guess else "see evo.fbs for the list"
        self._error(source, use.line, f"there is no attribute `{use.name}`", instead)

    def _check_attributes(
        self, source: Source, uses: tuple[AttributeUse, ...], owner: str
    ) -> None:
        seen = set()
        for use in uses:
            if use.name in seen:
                what = f"attribute `{use.name}`{owner} is given twice"
                self._error(source, use.line, what, "keep one of them")
            seen.add(use.name)
            if use.name in OWN_ATTRIBUTES or use.name in source.undeclared:
                self._check_value(source, use)

    def _check_value(self, source: Source, use: AttributeUse) -> None:
        """Checks a value. Numbers need no quotes here; flatc exempts only small integers."""
        if use.equals:
            text = source.text[use.value[0].start : use.value[-1].end] if use.value else '"..."'
            what = f"attribute `{use.name}` is followed by = instead of :"
            self._error(source, use.line, what, f"write {use.name}: {text}")
            source.edits.append((use.equals.start, use.equals.end, ":"))
        if not use.value:
            if use.name in OWN_ATTRIBUTES:
                what = f"attribute `{use.name}` has no value"
                self._error(source, use.line, what, f'write {use.name}: "..."')
                source.reported.add((use.line, use.name))
            return
        if len(use.value) == 1 and use.value[0].kind == "string":
            return
        start, end = use.value[0].start, use.value[-1].end
        text = " ".join(source.text[start:end].split())
        if len(use.value) > 1 or use.value[0].kind != "number":
            what = f"the value of `{use.name}` is neither a number nor in quotes"
            self._error(source, use.line, what, f'write {use.name}: "{text}"')
            source.reported.add((use.line, use.name))
        source.edits.append((start, end, '"' + re.sub(r'["\\\s]', "", text) + '"'))

    def _check_declaration(self, source: Source, declaration: Declaration) -> None:
        name = declaration.name.rpartition(".")[2]
        if declaration.keyword == "table":
            what = f"`{name}` is a table, whose layout is not fixed"
            self._error(source, declaration.line, what, f"write struct {name}")
        elif declaration.keyword == "union":
            what = f"`{name}` is a union, which cannot be part of a fixed layout"
            instead = "write a struct with an enum that says which of its fields are valid"
            self._error(source, declaration.line, what, instead)
        elif declaration.keyword == "rpc_service":
            what = f"`{name}` is an rpc_service, which shared memory does not support"
            self._error(source, declaration.line, what, "use one segment per direction")
        elif declaration.keyword == "enum":
            self._check_enum(source, declaration, name)
        elif declaration.keyword == "struct":
            for misfit in declaration.misfits:
                self._check_misfit(source, misfit)
            if not declaration.members and not declaration.misfits:
                what = f"struct `{name}` has no fields"
                self._error(source, declaration.line, what, "give it at least one")
                source.edits.append((declaration.body, declaration.body, stand_in(0)))
            for member in declaration.members:
                self._check_field(source, declaration, member)

    def _check_misfit(self, source: Source, misfit: Misfit) -> None:
        """Reports a field written in C's order. Other errors in a struct are left to flatc."""
        text = source.text[misfit.start : misfit.end]
        match = re.fullmatch(r"([\w.]+)\s+(\w+)\s*(\[\s*\d+\s*\])?\s*;", text)
        if not match:
            return
        type_, name, length = match.groups()
        if length:
            type_ = f"[{type_}:{length.strip('[] ')}]"
        what = f"`{' '.join(text.split())}` is not valid field syntax"
        self._error(source, misfit.line, what, f"write {name}: {type_};")
        source.edits.append((misfit.start, misfit.end, f"evo_stand_in_c_{misfit.start}_:ubyte;"))

    def _check_enum(self, source: Source, declaration: Declaration, name: str) -> None:
        type_ = declaration.type
        if any(use.name == "bit_flags" for use in declaration.attributes):
            unsigned = type_ and _UNSIGNED.get(type_.text)
            if type_ and unsigned:
                what = f"flags enum `{name}` has the signed type `{type_.text}`"
                self._error(source, declaration.line, what, f"write {unsigned}")
                source.edits.append((type_.start, type_.end, unsigned))
        if not declaration.members and not declaration.misfits:
            # flatc would add a value NONE.
            what = f"enum `{name}` has no values"
            self._error(source, declaration.line, what, "add at least one, such as `Unknown = 0`")
        instead = "write an integer type after the name, such as `: ubyte`"
        if not type_:
            self._error(source, declaration.line, f"enum `{name}` has no type", instead)
            source.edits.append((declaration.name_end, declaration.name_end, ": long"))
        elif type_.text not in _ENUM_TYPES:
            what = f"enum `{name}` has type `{type_.text}`"
            self._error(source, declaration.line, what, instead)
            source.edits.append((type_.start, type_.end, "long"))

    def _check_field(self, source: Source, declaration: Declaration, member: Member) -> None:
        for use in member.attributes:
            if use.name in _FOREIGN_FIELD_ATTRIBUTES or use.name == "force_align":
                what = f"attribute `{use.name}` has no meaning on a field of a struct"
                self._error(source, use.line, what, "remove it")
                if use.name == "deprecated":
                    self._replace(source, declaration, member)
        problem = _type_problem(member.type)
        if problem:
            what, instead = problem
            self._error(source, member.line, f"`{member.name}` is {what}", instead)
            source.edits = [
                edit for edit in source.edits if not member.start <= edit[0] < member.end
            ]
            self._replace(source, declaration, member)

    def _replace(self, source: Source, declaration: Declaration, member: Member) -> None:
        """Replaces a reported field, so that flatc continues after it."""
        replacement = stand_in(declaration.members.index(member))
        source.edits.append((member.start, member.end, replacement))


def _type_problem(tokens: tuple[Token, ...]) -> tuple[str, str] | None:
    text = "".join(token.text for token in tokens)
    if text == "string":
        return "a string, which has no fixed size", "write a fixed-length array: [ubyte:64]"
    if re.fullmatch(r"\[[^\[\]:]*\]", text):
        return "a vector, which has no fixed size", f"write a fixed-length array: {text[:-1]}:16]"
    if text.startswith("[["):
        return "an array of arrays", "wrap the inner array in a struct"
    return None


def stand_in(index: int) -> str:
    """Returns a field that flatc accepts in place of a reported one."""
    return f"evo_stand_in_{index}_:ubyte;"


def is_stand_in(name: str) -> bool:
    """Whether a field only replaces a reported one."""
    return name.startswith("evo_stand_in_")
