# SPDX-License-Identifier: Apache-2.0
"""Tests documents: writes their files, runs their commands, and compares the output.

usage: run_document.py PREFIX DOCUMENT.md...

All documents share one directory and one domain; each continues where the one before ended. `~/evo` is PREFIX: an
installation of EVO Channels, or a build tree. CXX and CXXFLAGS come from the environment. documents.py describes how
blocks are marked; tests/tools/run_guide.py, which differences in the output count.
"""

import difflib
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
from run_guide import TIMEOUT_S, Shell, commands_of, steady  # noqa: E402

from documents import Block, DocumentError, blocks_of  # noqa: E402

TRIES = 200


class Failure(Exception):
    pass


class Session:
    """The shell in which all commands of a document run."""

    def __init__(self, document: Path, shell: Shell, places: dict[str, str]) -> None:
        self._document = document
        self._shell = shell
        self._places = places

    def run(self, line: int, command: str) -> tuple[list[str], int]:
        if command.startswith("export EVO_DOMAIN="):  # the shell already has its own domain
            return [], 0
        signal.alarm(TIMEOUT_S)
        signal.signal(signal.SIGALRM, lambda *_: sys.exit(f"{self._document.name}:{line}: $ {command}\ndoes not end"))
        printed = self._shell.run(command)
        status = int(self._shell.run("echo $?")[0])
        signal.alarm(0)
        for place, name in self._places.items():
            printed = [text.replace(place, name) for text in printed]
        return [re.sub(r"\b[0-9a-f]{64}\b", "ID", text) for text in printed], status

    def succeed(self, line: int, command: str) -> None:
        printed, status = self.run(line, command)
        if status != 0:
            raise Failure("\n".join([f"{self._document.name}:{line}: $ {command}", *printed, f"exit code {status}"]))

    def expect(self, line: int, command: str, expected: list[str], tries: int = 1) -> None:
        wanted = steady([re.sub(r"\b[0-9a-f]{64}\b", "ID", text) for text in expected])
        for attempt in range(tries):
            time.sleep(0.01 if attempt else 0)
            printed = steady(self.run(line, command)[0])
            if printed == wanted:
                return
        difference = difflib.unified_diff(wanted, printed, self._document.name, "printed", lineterm="")
        raise Failure("\n".join([f"{self._document.name}:{line}: $ {command}", *difference]))


def commands_in(block: Block) -> list[tuple[int, str]]:
    """Each command with its line; a line that ends in a backslash continues on the next."""
    commands: list[tuple[int, str]] = []
    unfinished = False
    for number, line in enumerate(block.lines, start=block.line):
        if unfinished:
            commands[-1] = (commands[-1][0], f"{commands[-1][1]}\n{line}")
        elif line and not line.startswith("#"):
            commands.append((number, line))
        unfinished = line.endswith("\\")
    return commands


def follow(session: Session, blocks: list[Block]) -> None:
    last = (0, "")  # a command whose output is in the next block
    for index, block in enumerate(blocks):
        if block.kind == "run":
            commands = commands_in(block)
            shown = index + 1 < len(blocks) and blocks[index + 1].kind == "output" and not blocks[index + 1].argument
            if shown:
                last = commands.pop()
            for line, command in commands:
                session.succeed(line, command)
        elif block.kind == "output":
            line, command = (block.line, block.argument) if block.argument else last
            if not command:
                raise DocumentError(f"line {block.line}: there is no command above this output")
            session.expect(line, command, block.lines, TRIES if block.in_the_end else 1)
            last = (0, "")
        elif block.kind == "session":
            for found in commands_of(["```console", *block.lines]):
                session.expect(block.line + found.line - 1, found.text, found.expected)


def run(prefix: Path, documents: list[Path]) -> int:
    blocks = {document: blocks_of(document) for document in documents}
    parent = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    domain = Path(tempfile.mkdtemp(prefix="evo-docs-", dir=parent))
    work = Path(tempfile.mkdtemp(prefix="evo-docs-"))
    project = work / "project"
    (project / "home").mkdir(parents=True)
    (project / "home" / "evo").symlink_to(prefix)
    for block in (block for found in blocks.values() for block in found):
        if block.kind == "file":
            (project / block.argument).parent.mkdir(parents=True, exist_ok=True)
            (project / block.argument).write_text(block.text, encoding="utf-8")
    os.environ["HOME"] = str(project / "home")
    shell = Shell(prefix / "bin", project, domain)
    places = {str(project / "build"): "/opt/cell/bin", str(domain): "/dev/shm/cell"}
    try:
        for document in documents:
            follow(Session(document, shell, places), blocks[document])
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    finally:
        shell.end()
        shutil.rmtree(domain, ignore_errors=True)
        shutil.rmtree(work, ignore_errors=True)
    return 0


def main(arguments: list[str]) -> int:
    if len(arguments) < 2 or not Path(arguments[0]).is_dir():
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return run(Path(arguments[0]).resolve(), [Path(document) for document in arguments[1:]])
    except DocumentError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
