# SPDX-License-Identifier: Apache-2.0
"""Runs flatc on prepared sources and reports its errors.

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

from evo_codegen.complaints import COMPLAINT, NOT_DEFINED, Complaint
from evo_codegen.diagnostics import Diagnostics, MissingTool
from evo_codegen.sources import UNDECLARED_FILE, Source, SourceTree
from evo_codegen.text_checks import stand_in

_MOST_RETRIES = 50
_FIRST_RETRY = 1000  # keeps the numbers of these stand-ins apart from those of sources.py


def compile_schemas(
    flatc: str, roots: list[Source], tree: SourceTree, diagnostics: Diagnostics
) -> dict[str, bytes]:
    """Returns the binary schema of each root that flatc accepts, by base name; reports the rest."""
    program = program_path(flatc)
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


def program_path(flatc: str) -> str:
    """Returns the absolute path of flatc, because it runs in another directory."""
    program = shutil.which(flatc)
    if not program:
        raise MissingTool(
            f"{flatc} is not found: install the Debian package flatbuffers-compiler, or name the "
            "program with --flatc"
        )
    return os.path.abspath(program)


def run_flatc(program: str, arguments: list[str], directory: Path) -> str | None:
    """Runs flatc in a directory; returns its output, or None if it succeeds."""
    command = [program, *arguments]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    return None if done.returncode == 0 else done.stdout + done.stderr


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
        output = run_flatc(self._program, [*options.split(), *files], self._directory)
        if output and re.search(r"unknown commandline argument", output):
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
        found = COMPLAINT.search(output)
        if not found or found[1] not in tree.by_file:
            message = " ".join(output.split())
            diagnostics.error(
                root.location(1), f"flatc: {message}", "fix the schema so that flatc accepts it"
            )
            return False
        file, line = found[1], int(found[2])
        use = NOT_DEFINED.fullmatch(found[4].strip())
        if use and use[2] in tree.by_file:
            file, line = use[2], int(use[3])
        source = tree.by_file[file]
        text = stage.read(source.file)
        complaint = Complaint(text, line, int(found[3]), found[4].strip(), root)
        shown_line = complaint.line - source.added_lines
        diagnostics.error(source.location(shown_line), *complaint.translation())
        repaired = complaint.repaired(stand_in(_FIRST_RETRY + attempt))
        if repaired is None:
            return False
        stage.write(source.file, repaired)
    return False
