"""Runs flatc on prepared sources and translates its complaints.

flatc stops at its first error. So that a run reports them all, the member that it complained about
is replaced by a harmless one and flatc is run again, until it is content or the error is not about
a member.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from evo_codegen.diagnostics import Diagnostics, MissingTool
from evo_codegen.scanner import Declaration, Member, scan
from evo_codegen.sources import UNDECLARED_FILE, Source, SourceTree, stand_in_name

_MOST_RETRIES = 50

_COMPLAINT = re.compile(r"^\s*(?:.*/)?([^/\n]+\.fbs):(\d+): (\d+): error: (.*)$", re.MULTILINE)

# What flatc says, what that means for a segment, what to write instead. `{0}` and so on are the
# groups of the pattern.
_TRANSLATIONS = [
    (
        r"structs may contain only scalar or struct fields",
        "the field's type is not fixed in size, or is not declared above",
        "use a number, bool, enum, struct or fixed-length array of those, declared before this line",
    ),
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
        "a field of a struct has no default value: every value of a segment starts as zeros",
        "remove the default",
    ),
    (
        r"length of fixed-length array must be positive and fit to uint16_t type",
        "the length of an array must be from 1 to 65535",
        "for a longer one use an array of structs that hold an array each",
    ),
    (r"size 0 structs not allowed", "the struct has no fields", "give it at least one"),
    (
        r"default value of `0` for field `(\w+)` is not part of enum `(\w+)`\.",
        "enum `{1}` has no value 0, which `{0}` starts with",
        "add an enumerator such as `Unknown = 0`",
    ),
    (
        r'enum value does not fit, "(\S+)" out of \[(\S+); (\S+)\]',
        "the value {0} does not fit the enum, whose values go from {1} to {2}",
        "widen the enum's type or use a smaller value",
    ),
    (
        r"all enum values must be unique: (\w+) and (\w+) are both (\S+)",
        "enumerators `{0}` and `{1}` both have the value {2}",
        "give each a value of its own",
    ),
    (
        r"underlying enum type must be integral",
        "the enum's type is not an integer",
        "write an integer type behind the name, such as `: ubyte`",
    ),
    (
        r"must specify the underlying integer type for this enum.*",
        "the enum has no type",
        "write an integer type behind the name, such as `: ubyte`",
    ),
    (
        r"bit flag out of range of underlying integral type",
        "the flag does not fit the enum",
        "widen the enum's type: each flag takes one bit",
    ),
    (
        r"unexpected force_align value '(\S+)', alignment must be a power of two integer "
        r"ranging from the type's natural alignment (\d+) to (\d+)",
        "force_align: {0} is not possible here",
        "write a power of two from {1} to {2}",
    ),
    (
        r"expecting: (.+) instead got: (.+)",
        "found {1} where {0} should be",
        "correct the line, or what stands before it",
    ),
    (
        r"declaration expected",
        "this is no declaration",
        "write struct, enum, namespace, include or attribute; mind the braces above",
    ),
]


def compile_schemas(
    flatc: str, roots: list[Source], tree: SourceTree, diagnostics: Diagnostics
) -> dict[str, bytes]:
    """The binary schema of each root that flatc accepts, by base name; reports the rest."""
    program = shutil.which(flatc)
    if not program:
        raise MissingTool(
            f"{flatc} is not there: install the Debian package flatbuffers-compiler, or name the "
            "program with --flatc"
        )
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


class _Stage:
    """The directory that flatc sees."""

    def __init__(self, program: str, directory: Path) -> None:
        self._program = program
        self._directory = directory
        (directory / "out").mkdir()

    def write(self, file: str, text: str) -> None:
        (self._directory / file).write_bytes(text.encode("utf-8"))

    def read(self, file: str) -> str:
        return (self._directory / file).read_bytes().decode("utf-8")

    def run(self, files: list[str]) -> str | None:
        """What flatc complains about, or None if it is content."""
        if not files:
            return None
        options = "-b --schema --bfbs-comments --bfbs-builtins --bfbs-filenames . -o out -I ."
        command = [self._program, *options.split(), *files]
        done = subprocess.run(command, cwd=self._directory, capture_output=True, text=True)
        return None if done.returncode == 0 else done.stdout + done.stderr

    def result(self, root: Source) -> bytes:
        return (self._directory / "out" / f"{root.path.stem}.bfbs").read_bytes()


def _compile_repaired(
    stage: _Stage, root: Source, tree: SourceTree, diagnostics: Diagnostics
) -> bool:
    for attempt in range(_MOST_RETRIES):
        output = stage.run([root.file])
        if output is None:
            return True
        complaint = _COMPLAINT.search(output)
        if not complaint or complaint[1] not in tree.by_file:
            message = " ".join(output.split())
            diagnostics.error(
                root.location(1), f"flatc: {message}", "mend the schema so that flatc accepts it"
            )
            return False
        source = tree.by_file[complaint[1]]
        text = stage.read(source.file)
        found = _member_at(text, int(complaint[2]), int(complaint[3]))
        line = found[1].line if found and found[1].line != int(complaint[2]) else int(complaint[2])
        what, instead = _translate(complaint[4].strip().removesuffix(", originally at: "))
        diagnostics.error(source.location(line), what, instead)
        if not found:
            return False
        declaration, member = found
        if declaration.keyword == "struct":
            stand_in = f"{stand_in_name(1000 + attempt)}:ubyte;"
        else:
            stand_in = ""
        lines = "\n" * text.count("\n", member.start, member.end)
        stage.write(source.file, text[: member.start] + stand_in + lines + text[member.end :])
    return False


def _member_at(text: str, line: int, column: int) -> tuple[Declaration, Member] | None:
    """The field or enumerator that a position belongs to: the last that starts before it."""
    line_start = 0
    for _ in range(line - 1):
        line_start = text.index("\n", line_start) + 1
    position = line_start + column
    for declaration in scan(text).declarations:
        if declaration.keyword not in ("struct", "enum"):
            continue
        for member in declaration.members:
            if member.start < position <= member.end:
                return declaration, member
    return None


def _translate(message: str) -> tuple[str, str]:
    for pattern, what, instead in _TRANSLATIONS:
        match = re.fullmatch(pattern, message)
        if match:
            groups = [group for group in match.groups() if group is not None]
            return what.format(*groups), instead.format(*groups)
    return f"flatc: {message}", "mend the schema so that flatc accepts it"
