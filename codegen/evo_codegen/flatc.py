# SPDX-License-Identifier: Apache-2.0
"""Runs flatc on prepared sources and translates its errors.

flatc stops at its first error. To report all errors in one run, the member that flatc reported is
replaced by a harmless one and flatc runs again, until it succeeds or the error is not about a
member.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from evo_codegen.attributes import closest
from evo_codegen.diagnostics import Diagnostics, MissingTool
from evo_codegen.scanner import AttributeUse, Declaration, Member, scan
from evo_codegen.sources import UNDECLARED_FILE, Source, SourceTree
from evo_codegen.text_checks import stand_in

_MOST_RETRIES = 50
_FIRST_RETRY = 1000  # keeps the numbers of these stand-ins apart from those of sources.py

_COMPLAINT = re.compile(r"^\s*(?:.*/)?([^/\n]+\.fbs):(\d+): (\d+): error: (.*)$", re.MULTILINE)

# The message of flatc, its meaning for a segment, what to write instead. `{0}`, `{1}` and so on
# are the groups of the pattern.
_TRANSLATIONS = [
    (
        r"field already exists: (\w+)",
        "field `{0}` is declared twice",
        "rename one of them",
    ),
    (
        r"enum value already exists: (\w+)",
        "enumerator `{0}` is declared twice",
        "rename one of them",
    ),
    (
        r"datatype already exists: ([\w.]+)|(?:enum|struct|table) already exists: ([\w.]+)",
        "type `{0}` is declared twice",
        "rename one of them",
    ),
    (
        r"default values are not supported for struct fields.*",
        "`{member}` has a default, but every value of a segment starts as zeros",
        "remove the default",
    ),
    (
        r"length of fixed-length array must be positive and fit to uint16_t type",
        "the length of the array `{member}` is not from 1 to 65535",
        "for a longer one, use an array of structs that each hold an array",
    ),
    (
        r"size 0 structs not allowed",
        "the type of `{member}` is the struct itself",
        "use another type",
    ),
    (
        r"field name can not be the same as table/struct name",
        "`{member}` is also the name of its struct",
        "rename it",
    ),
    (
        r"default value of `0` for field `(\w+)` is not part of enum `(\w+)`\.",
        "enum `{1}` has no value 0, which `{0}` starts with",
        "add an enumerator such as `Unknown = 0`",
    ),
    (
        r'enum value does not fit, "(\S+)" out of \[(\S+); (\S+)\]',
        "the value {0} does not fit the enum, whose values range from {1} to {2}",
        "widen the enum's type or use a smaller value",
    ),
    (
        r"all enum values must be unique: (\w+) and (\w+) are both (\S+)",
        "enumerators `{0}` and `{1}` both have the value {2}",
        "give each a value of its own",
    ),
    (
        r"bit flag out of range of underlying integral type",
        "the flag does not fit the enum",
        "widen the enum's type: each flag takes one bit",
    ),
    (
        r"unexpected force_align value '(\S+)', alignment must be a power of two integer "
        r"ranging from the type's natural alignment (\d+) to (\d+)",
        "force_align: {0} is not allowed here",
        "write a power of two from {1} to {2}",
    ),
    (
        r"a documentation comment should be on a line on its own",
        "a doc comment follows other text on its line",
        "put it on the line above what it describes, or use // for a plain comment",
    ),
    (
        r"expecting: (.+) instead got: (.+)",
        "found {1} where {0} should be",
        "correct this line, or what comes before it",
    ),
    (
        r"declaration expected",
        "this is not a declaration",
        "write struct, enum, namespace, include or attribute; check the braces above",
    ),
]


_SCALAR_TYPES = frozenset(
    """bool byte ubyte short ushort int uint long ulong float double int8 uint8 int16 uint16 int32
    uint32 int64 uint64 float32 float64""".split()
)


def _declared(root: Source) -> frozenset[str]:
    """Returns the names of all types that a schema can see, without their namespaces."""
    declarations = (each for source in root.closure() for each in source.scan.declarations)
    return frozenset(each.name.rpartition(".")[2] for each in declarations)


def compile_schemas(
    flatc: str, roots: list[Source], tree: SourceTree, diagnostics: Diagnostics
) -> dict[str, bytes]:
    """Returns the binary schema of each root that flatc accepts, by base name; reports the rest."""
    program = _program(flatc)
    roots = [root for root in roots if not root.hopeless]
    with tempfile.TemporaryDirectory(prefix="evo_codegen_") as directory:
        stage = _Stage(program, Path(directory))
        for source in tree.by_file.values():
            stage.write(source.file, source.staged_text())
        undeclared = sorted({name for each in tree.by_file.values() for name in each.undeclared})
        stage.write(UNDECLARED_FILE, "".join(f'attribute "{name}";\n' for name in undeclared))
        if stage.run([root.file for root in roots]) is None:
            return {root.file: stage.result(root) for root in roots}
        return {
            root.file: stage.result(root)
            for root in roots
            if _compile_repaired(stage, root, tree, diagnostics)
        }


def _program(flatc: str) -> str:
    """Returns the absolute path of flatc, because it runs in another directory."""
    program = shutil.which(flatc)
    if not program:
        raise MissingTool(
            f"{flatc} is not found: install the Debian package flatbuffers-compiler, or name the "
            "program with --flatc"
        )
    return os.path.abspath(program)


class _Stage:
    """The directory in which flatc runs."""

    def __init__(self, program: str, directory: Path) -> None:
        self._program = program
        self._directory = directory
        (directory / "out").mkdir()

    def write(self, file: str, text: str) -> None:
        (self._directory / file).write_bytes(text.encode("utf-8"))

    def read(self, file: str) -> str:
        return (self._directory / file).read_bytes().decode("utf-8")

    def run(self, files: list[str]) -> str | None:
        """Returns flatc's error output, or None if it succeeds."""
        if not files:
            return None
        options = "-b --schema --bfbs-comments --bfbs-builtins --bfbs-filenames . -o out -I ."
        command = [self._program, *options.split(), *files]
        done = subprocess.run(command, cwd=self._directory, capture_output=True, text=True)
        if done.returncode == 0:
            return None
        output = done.stdout + done.stderr
        if re.search(r"unknown commandline argument", output):
            raise MissingTool(
                f"{self._program} is too old ({self._version()}): it must support "
                "--bfbs-filenames; install Debian's flatbuffers-compiler and name it with --flatc"
            )
        return output

    def _version(self) -> str:
        command = [self._program, "--version"]
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()

    def result(self, root: Source) -> bytes:
        return (self._directory / "out" / f"{Path(root.file).stem}.bfbs").read_bytes()


def _compile_repaired(
    stage: _Stage, root: Source, tree: SourceTree, diagnostics: Diagnostics
) -> bool:
    for attempt in range(_MOST_RETRIES):
        output = stage.run([root.file])
        if output is None:
            return True
        found = _COMPLAINT.search(output)
        if not found or found[1] not in tree.by_file:
            message = " ".join(output.split())
            diagnostics.error(
                root.location(1), f"flatc: {message}", "fix the schema so that flatc accepts it"
            )
            return False
        source = tree.by_file[found[1]]
        text = stage.read(source.file)
        complaint = _Complaint(text, int(found[2]), int(found[3]), found[4].strip(), root)
        line = complaint.line - source.added_lines
        diagnostics.error(source.location(line), *complaint.translation())
        repaired = complaint.repaired(stand_in(_FIRST_RETRY + attempt))
        if repaired is None:
            return False
        stage.write(source.file, repaired)
    return False


class _Complaint:
    """An error of flatc, and the part of the text that it is about."""

    def __init__(self, text: str, line: int, column: int, message: str, root: Source) -> None:
        self._text = text
        self._root = root
        self._message = message.removesuffix(", originally at:").rstrip()
        self._declaration: Declaration | None = None
        self._member: Member | None = None
        line_start = sum(len(each) + 1 for each in text.split("\n")[: line - 1])
        position = line_start + column
        for declaration in scan(text).declarations:
            member = self._member_at(declaration, position)
            if member or declaration.start < position <= declaration.end:
                self._declaration = declaration
                self._member = member
            if member:
                break
        self.line = line
        force_align = self._force_align()
        if force_align:
            self.line = force_align.line
        elif self._member:
            self.line = self._member.line

    def _member_at(self, declaration: Declaration, position: int) -> Member | None:
        """Returns the field or enumerator of this declaration that the error is about, or None."""
        if declaration.keyword not in ("struct", "enum") or position <= declaration.start:
            return None
        # flatc reports some errors only after the declaration, or after the next word.
        by_name = declaration.members_by_name
        same = re.match(r"all enum values must be unique: (\w+) and (\w+)", self._message)
        if same:
            return by_name.get(same[2]) if same[1] in by_name else None
        if self._message.startswith("size 0"):
            own_name = declaration.name.rpartition(".")[2]
            for member in declaration.members:
                if any(token.text.rpartition(".")[2] == own_name for token in member.type):
                    return member
        before = [member for member in declaration.members if member.start < position]
        return before[-1] if before and position <= declaration.end else None

    def _force_align(self) -> AttributeUse | None:
        if self._declaration and "force_align" in self._message:
            for use in self._declaration.attributes:
                if use.name == "force_align" and use.value:
                    return use
        return None

    def translation(self) -> tuple[str, str]:
        """Returns what is wrong, and what to write instead."""
        member = self._member.name if self._member else ""
        if self._message == "structs may contain only scalar or struct fields":
            return self._type_translation(member)
        for pattern, what, instead in _TRANSLATIONS:
            match = re.fullmatch(pattern, self._message)
            if match:
                groups = [group for group in match.groups() if group is not None]
                return what.format(*groups, member=member), instead.format(*groups)
        return f"flatc: {self._message}", "fix the schema so that flatc accepts it"

    def _type_translation(self, member: str) -> tuple[str, str]:
        types = [token.text for token in self._member.type] if self._member else []
        word = next((text for text in types if text[0].isalpha() or text[0] == "_"), "")
        declared = _declared(self._root)
        namespace, dot, name = word.rpartition(".")
        known = declared if dot else declared | _SCALAR_TYPES
        if name and name not in known:
            guess = closest(name, known)
            instead = "declare it, or include its schema"
            if guess:
                instead = f"did you mean `{namespace}{dot}{guess}`?"
            return f"type `{word}` of `{member}` does not exist", instead
        return (
            f"the type of `{member}` is not fixed in size, or is not declared above",
            "use a number, bool, enum, struct or fixed-length array of those, declared before this "
            "line",
        )

    def repaired(self, replacement: str) -> str | None:
        """Returns the text with the wrong part replaced, or None if that is not possible."""
        use = self._force_align()
        if use:
            start, end, replacement = use.value[0].start, use.value[-1].end, "32"
        elif self._member and self._declaration:
            start, end = self._member.start, self._member.end
            if self._declaration.keyword == "enum":
                replacement = ""
        else:
            return None
        lines = "\n" * self._text.count("\n", start, end)
        return self._text[:start] + replacement + lines + self._text[end:]
