# SPDX-License-Identifier: Apache-2.0
"""Runs the commands of docs/guide.md, and compares the output with the guide.

usage: run_guide.py GUIDE.md BIN_DIR [--update]

Each ```console block contains commands after `$ `, each with its output below. All of them run in one shell, in a
separate directory and domain, with BIN_DIR first on the PATH. Numbers, times and column widths are not compared; words
are. --update writes the output into the guide.
"""

import difflib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
TIMEOUT_S = 120


@dataclass
class Command:
    line: int  # of the guide, from 0; its output follows
    text: str
    expected: list[str]


def commands_of(lines: list[str]) -> list[Command]:
    commands: list[Command] = []
    inside = False
    for number, line in enumerate(lines):
        if line.startswith("```"):
            inside = line == "```console"
        elif inside and line.startswith("$ "):
            commands.append(Command(number, line[2:], []))
        elif inside:
            commands[-1].expected.append(line)
    return commands


class Shell:
    """A bash in a new session that runs one command after the other."""

    def __init__(self, bin_dir: Path, work: Path, domain: Path) -> None:
        environment = dict(os.environ, PATH=f"{bin_dir}:{os.environ['PATH']}", EVO_DOMAIN=str(domain), LC_ALL="C.UTF-8")
        environment.pop("COLUMNS", None)  # of the terminal; tables would be fitted to it
        self._process = subprocess.Popen(
            ["bash", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            cwd=work, env=environment, text=True, start_new_session=True)

    def run(self, command: str) -> list[str]:
        assert self._process.stdin and self._process.stdout
        end = "-- end of the command --"
        # Messages of the shell itself about killed jobs go to its stderr, which is discarded.
        self._process.stdin.write(f"{{ {command}\n}} 2>&1\nstatus=$?; echo; echo '{end}'; (exit $status)\n")
        self._process.stdin.flush()
        lines: list[str] = []
        for line in self._process.stdout:
            if line.rstrip("\n") == end:
                break
            lines.append(line.rstrip("\n"))
        if lines and lines[-1] == "":
            lines.pop()
        return [line for line in lines if not re.search(r"^bash: line .*(Killed|Terminated)", line)]

    def end(self) -> None:
        # All processes that it started are in its session.
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()


def steady(lines: list[str]) -> list[str]:
    out = []
    for line in lines:
        line = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "DATE", line)
        line = re.sub(r"(?<![\w.])-?\d+(\.\d+)?(e[-+]?\d+)? (ns|us|ms|s)\b( late| stale)?", "TIME", line)
        line = re.sub(r"(?<![\w.])-?\d+(\.\d+)?(e[-+]?\d+)?(?![\w.])", "N", line)
        # The freshness of a live segment depends on the load of the computer.
        if not line.startswith("freshness "):
            out.append(re.sub(r"[ \t]+", " ", line).strip())
    while out and out[-1] == "":
        out.pop()
    return out


def run(guide: Path, bin_dir: Path, update: bool) -> int:
    lines = guide.read_text(encoding="utf-8").splitlines()
    commands = commands_of(lines)
    assert commands, f"{guide} has no commands"
    parent = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    domain = Path(tempfile.mkdtemp(prefix="evo-guide-", dir=parent))
    work = Path(tempfile.mkdtemp(prefix="evo-guide-"))
    (work / "schemas").symlink_to(REPOSITORY / "schemas")
    shell = Shell(bin_dir.resolve(), work, domain)
    signal.signal(signal.SIGALRM, lambda *_: sys.exit("a command of the guide does not end"))
    wrong = 0
    results: list[list[str]] = []
    try:
        for command in commands:
            signal.alarm(TIMEOUT_S)
            if command.text.startswith("export "):  # paths and domain are already set
                results.append(command.expected)
                continue
            printed = shell.run(command.text)
            for place, name in ((str(domain), "/dev/shm/evo-guide"), (str(bin_dir.resolve()), "/opt/cell/bin")):
                printed = [line.replace(place, name) for line in printed]
            results.append(printed)
            if not update and steady(printed) != steady(command.expected):
                wrong += 1
                print(f"{guide.name}:{command.line + 1}: $ {command.text}", file=sys.stderr)
                difference = difflib.unified_diff(
                    steady(command.expected), steady(printed), "guide", "printed", lineterm="")
                print("\n".join(difference), file=sys.stderr)
    finally:
        signal.alarm(0)
        shell.end()
        shutil.rmtree(domain, ignore_errors=True)
        shutil.rmtree(work, ignore_errors=True)
    if update:
        for command, printed in reversed(list(zip(commands, results))):
            lines[command.line + 1:command.line + 1 + len(command.expected)] = [line.rstrip() for line in printed]
        guide.write_text("\n".join(lines) + "\n", encoding="utf-8")
    elif wrong:
        print(f"{wrong} of {len(commands)} outputs differ; if they are right: "
              f"tests/tools/run_guide.py docs/guide.md BIN_DIR --update", file=sys.stderr)
    return 1 if wrong else 0


def main(arguments: list[str]) -> int:
    update = arguments[2:] == ["--update"]
    if len(arguments) != 2 + update or not Path(arguments[1]).is_dir():
        print(__doc__, file=sys.stderr)
        return 2
    return run(Path(arguments[0]), Path(arguments[1]), update)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
