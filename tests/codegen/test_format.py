"""clang-format does not change emitted code, however long the names are."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest
from support import ROOT

from evo_codegen import cpp
from evo_codegen.cli import main

pytestmark = pytest.mark.skipif(
    not shutil.which("clang-format"), reason="clang-format is not installed"
)

WORDS = "a the force torque position of motor axis drive sensor measured value time reached".split()


def name_of(chance: random.Random, longest: int) -> str:
    length = chance.randint(3, longest)
    text = "_".join(chance.choice(WORDS) for _ in range(20))
    return text[:length].rstrip("_")


def type_name_of(chance: random.Random, longest: int) -> str:
    return "".join(part.title() for part in name_of(chance, longest).split("_"))


def sentence(chance: random.Random) -> str:
    return " ".join(chance.choice(WORDS) for _ in range(chance.randint(1, 40))) + "."


def random_schema(seed: int) -> str:
    chance = random.Random(seed)
    enum, flags, inner, struct = (f"{type_name_of(chance, 44)}{letter}" for letter in "EFIS")
    namespace = ".".join(name_of(chance, 12) + str(depth) for depth in range(chance.randint(1, 3)))
    lines = ['include "evo.fbs";', f"namespace {namespace};"]
    names = [f"{type_name_of(chance, 44)}{index}" for index in range(4)]
    lines += [f"/// {sentence(chance)}", f"enum {enum} : ulong {{ {', '.join(names)} }}"]
    lines += [f"enum {flags} : ubyte (bit_flags) {{ {', '.join(names)} }}"]
    lines += [f"struct {inner} {{ x:int; }}"]
    lines += [f"/// {sentence(chance)}", f"struct {struct} ("]
    lines += [f'segment: "{name_of(chance, 48)}", owner: "{name_of(chance, 32)}") {{']
    for index in range(8):
        type_ = chance.choice(["bool", "ulong", "double", enum, flags, inner])
        if chance.random() < 0.4:
            type_ = f"[{type_}:{10 ** chance.randint(0, 4)}]"
        unit = ' (unit: "mm/s", max: "1e3")' if type_ in ("double", "ulong") and index % 2 else ""
        unit = unit.replace("1e3", "1000")
        lines += [f"/// {sentence(chance)}", f"{name_of(chance, 45)}_{index}:{type_}{unit};"]
    return "\n".join([*lines, "}"]) + "\n"


def test_random_names(tmp_path: Path) -> None:
    paths = []
    for seed in range(60):
        path = tmp_path / f"schema_{seed}.fbs"
        path.write_text(random_schema(seed))
        assert main(["--output-dir", str(tmp_path), str(path)]) == 0
        paths.append(tmp_path / f"schema_{seed}.evo.hpp")
    command = ["clang-format", f"--style=file:{ROOT / '.clang-format'}", "--dry-run", "-Werror"]
    done = subprocess.run([*command, *paths], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:4000]
    guarded = sum("  // clang-format off\n  [[nodiscard]]" in each.read_text() for each in paths)
    assert guarded < 20, "too much is kept from clang-format"


@pytest.mark.parametrize(
    ("documentation", "additions", "expected"),
    [
        ([], [], []),
        ([" One line."], [], ["/// One line."]),
        ([" No stop"], ["Unit: mm."], ["/// No stop. Unit: mm."]),
        ([" Stop."], ["Unit: mm.", "At least 0."], ["/// Stop. Unit: mm. At least 0."]),
        ([], ["Unit: mm."], ["/// Unit: mm."]),
        (["", " Text.", "", ""], [], ["/// Text."]),
        ([" One", "", " Two"], [], ["/// One", "///", "/// Two"]),
        ([" Ends in \\"], [], ["/// Ends in"]),
        (["Tight"], [], ["/// Tight"]),
    ],
)
def test_comments(documentation: list[str], additions: list[str], expected: list[str]) -> None:
    assert cpp.comment(documentation, 0, additions) == expected


def test_long_comments_are_filled() -> None:
    lines = cpp.comment([" " + "word " * 30], 2)
    assert len(lines) == 2 and all(len(line) <= cpp.COLUMNS for line in lines)


def test_facts_are_not_torn_apart() -> None:
    for length in range(60, 100):
        lines = cpp.comment([" " + "x" * length + " y."], 2, ["Unit: mm/s.", "Range: 0 to 100."])
        text = "\n".join(lines)
        assert "Unit: mm/s." in text and "Range: 0 to 100." in text


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (" ends in \\ \\", "/// ends in"),
        (" C:\\path\\ \\", "/// C:\\path"),
        (" a trigraph ??/", "/// a trigraph"),
        (" and more ??/ \\ ??/", "/// and more"),
        (" \\", "///"),
        (" a \x0b\x0c\x1b\u202e\u2028\u0085 b", "/// a  b"),
    ],
)
def test_no_comment_goes_on_in_the_next_line(line: str, expected: str) -> None:
    assert cpp.comment([" Begin.", line, " End."], 0) == ["/// Begin.", expected, "/// End."]


def test_a_break_leaves_no_backslash_at_the_end() -> None:
    for length in range(60, 100):
        for comment in cpp.comment([" " + "x" * length + " \\ y" * 20], 0):
            assert not comment.endswith("\\")
