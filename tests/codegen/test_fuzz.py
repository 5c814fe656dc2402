# SPDX-License-Identifier: Apache-2.0
"""Promises of the generator for any input: it either refuses a schema, each error with a file, a
line and a remedy, or it writes headers that a second run leaves unchanged.

ctest runs the same few hundred inputs each time. `scripts/fuzz generator` runs this file as a
program, which tries others for some minutes and also compiles some of the accepted schemas.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unicodedata
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
from schema_strategies import Case, damaged_locks, damaged_schemas, schemas
from support import ROOT

from evo_codegen.cli import main

HANG_SECONDS = 60
COMPILED_ONE_IN = 10
CONTROLS = ("Cc", "Cf", "Cs", "Zl", "Zp")
WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror".split()

OPTIONS: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.generate, Phase.shrink],
}

# Hypothesis would write its tables to the current directory.
scratch = tempfile.TemporaryDirectory(prefix="evo-fuzz-")
set_hypothesis_home_dir(scratch.name)

results: Counter[str] = Counter()


def generate(arguments: list[str]) -> tuple[int, str, str]:
    """Runs the generator in this process; returns its exit code and output."""
    out, err = io.StringIO(), io.StringIO()
    signal.alarm(HANG_SECONDS)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = main(arguments)
            except SystemExit as end:
                code = int(end.code or 0)
    finally:
        signal.alarm(0)
    return code, out.getvalue(), err.getvalue()


def check_errors(directory: Path, errors: str) -> None:
    """Each line names a line of a file, what is wrong there, and what to do."""
    assert errors.endswith("\n"), f"an exit code of 1 without an error: {errors!r}"
    for line in errors.removesuffix("\n").split("\n"):
        assert not any(unicodedata.category(letter) in CONTROLS for letter in line), repr(line)
        found = re.fullmatch(r"(\S+?):([0-9]+): (?:flatc: )?[^;\s].*; \S.*", line)
        assert found, f"not 'file:line: what is wrong; what to do': {line!r}"
        path = Path(found[1])
        assert path.parent == directory, f"not a file of this run: {line!r}"
        lines = len(re.split(rb"\r\n?|\n", path.read_bytes()))
        assert 1 <= int(found[2]) <= lines, f"there are only {lines} lines: {line!r}"


def check_case(case: Case, directory: Path) -> None:
    for name, data in case.files.items():
        (directory / name).write_bytes(data)
    output = directory / "output"
    arguments = [str(directory / "schema.fbs"), "--output-dir", str(output), "--docs-dir", str(output)]
    if case.lock is not None:
        (directory / "lock.json").write_bytes(case.lock)
        arguments += ["--lock", str(directory / "lock.json")]
        arguments += ["--update-lock"] if case.update_lock else []
    before = sorted(directory.rglob("*"))
    code, out, errors = generate(arguments)
    assert out == ""
    if code != 0:
        results["refused"] += 1
        assert code == 1, errors
        assert sorted(directory.rglob("*")) == before, "something was written in spite of an error"
        check_errors(directory, errors)
        return
    results["accepted"] += 1
    assert errors == ""
    assert (output / "schema.evo.hpp").is_file() and (output / "schema.md").is_file()
    assert generate([*arguments, "--check"]) == (0, "", ""), "a second run gives something else"


def check(case: Case, also: Callable[[Path], None] | None = None) -> None:
    with tempfile.TemporaryDirectory(prefix="evo-fuzz-") as name:
        directory = Path(name)
        try:
            check_case(case, directory)
            if also and (directory / "output").is_dir():
                also(directory / "output")
        except BaseException:
            keep(case)
            raise


def keep(case: Case) -> None:
    """Keeps a failing case. Hypothesis runs the smallest one last."""
    if "EVO_FUZZ_FOUND" not in os.environ:
        return
    directory = Path(os.environ["EVO_FUZZ_FOUND"]) / "case"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for name, data in case.files.items():
        (directory / name).write_bytes(data)
    if case.lock is not None:
        (directory / "lock.json").write_bytes(case.lock)
    if case.update_lock:
        (directory / "update_lock").touch()


def kept(directory: Path) -> Case:
    """Reads back what keep() wrote."""
    files = {path.name: path.read_bytes() for path in directory.glob("*.fbs")}
    lock = directory / "lock.json"
    return Case(
        files,
        lock.read_bytes() if lock.is_file() else None,
        update_lock=(directory / "update_lock").is_file(),
    )


def compile_headers(output: Path) -> None:
    """The header compiles, so its assertions of offsets and sizes hold."""
    results["compiled"] += 1
    compiler = shlex.split(os.environ.get("CXX", "g++"))
    folders = [ROOT / "runtime/include", ROOT / "links/include", output]
    command = [*compiler, "-std=c++20", "-fsyntax-only", *WARNINGS, *(f"-I{each}" for each in folders)]
    source = output / "use.cpp"
    source.write_text('#include "schema.evo.hpp"\n#include "schema.evo.hpp"\n')
    done = subprocess.run([*command, str(source)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def accepted_by(test: Callable[[], None]) -> float:
    results.clear()
    test()
    return results["accepted"] / results.total()


def test_schemas_by_grammar() -> None:
    test = given(schemas())(lambda case: check(case))
    share = accepted_by(settings(max_examples=80, derandomize=True, **OPTIONS)(test))
    assert 0.1 < share < 0.95, f"the grammar no longer gives a mix of right and wrong schemas: {results}"


def test_damaged_schemas() -> None:
    test = given(damaged_schemas())(lambda case: check(case))
    share = accepted_by(settings(max_examples=80, derandomize=True, **OPTIONS)(test))
    assert 0.02 < share < 0.95, f"the changes are too small, or too large: {results}"


def test_damaged_locks() -> None:
    test = given(damaged_locks())(lambda case: check(case))
    share = accepted_by(settings(max_examples=50, derandomize=True, **OPTIONS)(test))
    assert 0.02 < share < 0.95, f"the changes are too small, or too large: {results}"


def fuzz(seconds: float, first_seed: int) -> None:
    """Tries inputs until the time is up; raises at the first that breaks a promise."""
    end = time.monotonic() + seconds

    def sometimes_compiled(case: Case) -> None:
        # The same choice each time Hypothesis repeats a case.
        is_chosen = zlib.crc32(case.files["schema.fbs"]) % COMPILED_ONE_IN == 0
        check(case, compile_headers if is_chosen else None)

    anything = st.one_of(schemas(), damaged_schemas(), damaged_locks())
    number = first_seed
    while time.monotonic() < end:
        round_ = settings(max_examples=50, **OPTIONS)(given(anything)(sometimes_compiled))
        seed(number)(round_)()
        number += 1


def run() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0, help="0: the time")
    parser.add_argument("--case", type=Path, metavar="DIR", help="only repeat a case that was kept")
    options = parser.parse_args()
    if options.case:
        check(kept(options.case), compile_headers)
        return 0
    first_seed = options.seed * 1_000_000 or time.time_ns()
    print(f"seed {first_seed}")
    fuzz(options.seconds, first_seed)
    print(dict(results))
    print(f"runs: {results.total() - results['compiled']}")
    return 0


if __name__ == "__main__":
    sys.exit(run())
