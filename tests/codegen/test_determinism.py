# SPDX-License-Identifier: Apache-2.0
"""The same schema gives the same bytes, in any environment, directory and order."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from link_support import link_text
from support import ROOT, segment_text


def generate(cwd: Path, output: Path, *arguments: str, seed: str = "0") -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "codegen"),
        "PYTHONHASHSEED": seed,
        "TZ": f"UTC+{seed}",
    }
    command = [sys.executable, "-m", "evo_codegen", "--output-dir", str(output), *arguments]
    subprocess.run(command, cwd=cwd, env=environment, check=True)


def contents(directory: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in sorted(directory.iterdir())}


def make_project(directory: Path) -> None:
    (directory / "schemas/common").mkdir(parents=True)
    (directory / "schemas/common/shared.fbs").write_text(
        "namespace shared;\nenum Mode : ubyte { Off, On }\nstruct Point { x:float; }\n"
    )
    main = segment_text("mode:shared.Mode; point:shared.Point; last:bool")
    main = main.replace("namespace test", 'include "common/shared.fbs";\n\nnamespace test')
    (directory / "schemas/main.fbs").write_text(main)
    (directory / "schemas/other.fbs").write_text(
        segment_text("x:int").replace('"state"', '"other"').replace("namespace test", "namespace o")
    )
    before = "/// A message.\ntable Message {\n/// A point.\npoint:shared.Point;\n}\n"
    linked = link_text("Get(Message): Message; Put(Message): Message", before=before)
    linked = linked.replace("namespace test", 'include "common/shared.fbs";\n\nnamespace linked')
    (directory / "schemas/linked.fbs").write_text(linked)


def test_from_two_directories(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "a/deeper/second place"
    for each in (first, second):
        each.mkdir(parents=True)
        make_project(each)
    names = ["main.fbs", "other.fbs", "linked.fbs"]
    generate(first, tmp_path / "1", *(f"schemas/{name}" for name in names))
    generate(second / "schemas", tmp_path / "2", *reversed(names), seed="1")
    absolute = [str(second / "schemas" / name) for name in names]
    generate(Path("/"), tmp_path / "3", *absolute, seed="2")
    expected = contents(tmp_path / "1")
    stems = ("linked", "main", "other", "shared")
    names = [f"{stem}.{kind}.hpp" for stem in stems for kind in ("bfbs", "evo")]
    assert sorted(expected) == names
    assert contents(tmp_path / "2") == expected
    assert contents(tmp_path / "3") == expected
    for text in expected.values():
        assert str(tmp_path).encode() not in text and b"second place" not in text


def test_alone_or_with_others(tmp_path: Path) -> None:
    make_project(tmp_path)
    names = ("main", "other", "linked")
    generate(tmp_path, tmp_path / "all", *(f"schemas/{name}.fbs" for name in names))
    for name in names:
        generate(tmp_path, tmp_path / name, f"schemas/{name}.fbs")
        for header, text in contents(tmp_path / name).items():
            assert contents(tmp_path / "all")[header] == text


def test_an_include_found_by_another_way(tmp_path: Path) -> None:
    make_project(tmp_path)
    generate(tmp_path, tmp_path / "1", "schemas/main.fbs")
    main = tmp_path / "schemas/main.fbs"
    main.write_text(main.read_text().replace("common/shared.fbs", "shared.fbs"))
    generate(tmp_path, tmp_path / "2", "-I", "schemas/common", "schemas/main.fbs")
    assert contents(tmp_path / "1") == contents(tmp_path / "2")
