# SPDX-License-Identifier: Apache-2.0
"""The command line as users call it: exit codes, files written, messages."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from link_support import link_text
from support import ROOT, segment_text

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "codegen")}


def run(
    directory: Path, *arguments: str, environment: dict[str, str] = ENVIRONMENT
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "evo_codegen", *arguments]
    return subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, timeout=60
    )


def files(directory: Path) -> list[str]:
    return sorted(each.name for each in directory.iterdir())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "one.fbs").write_text(segment_text("x:int"))
    two = segment_text("x:int").replace('"state"', '"two"').replace("namespace test", "namespace b")
    (tmp_path / "two.fbs").write_text(two)
    return tmp_path


def test_writes_a_header_for_each_schema(project: Path) -> None:
    done = run(project, "--output-dir", "made/here", "one.fbs", "two.fbs")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert files(project / "made/here") == ["one.bfbs.hpp", "one.evo.hpp", "two.bfbs.hpp", "two.evo.hpp"]
    assert files(project) == ["made", "one.fbs", "two.fbs"]


def test_writes_a_page_for_each_schema_if_asked_to(project: Path) -> None:
    done = run(project, "--output-dir", "made", "--docs-dir", "pages", "one.fbs", "two.fbs")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert files(project / "pages") == ["one.md", "two.md"]
    assert files(project / "made") == ["one.bfbs.hpp", "one.evo.hpp", "two.bfbs.hpp", "two.evo.hpp"]


def test_check_compares_the_pages_too(project: Path) -> None:
    arguments = ["--output-dir", "made", "--docs-dir", "pages", "one.fbs"]
    assert run(project, *arguments).returncode == 0
    assert run(project, "--check", *arguments).returncode == 0
    page = project / "pages/one.md"
    page.write_text(page.read_text().replace("A field.", "Another field."))
    done = run(project, "--check", *arguments)
    assert done.returncode == 1
    assert "+| 0 | 4 | `x` | `i32` |  |  | A field. |" in done.stdout
    assert done.stderr.endswith(f"run: python3 -m evo_codegen {' '.join(arguments)}\n")
    assert run(project, *arguments).returncode == 0
    assert run(project, "--check", *arguments).returncode == 0


def test_writes_here_by_default(project: Path) -> None:
    assert run(project, "one.fbs").returncode == 0
    assert files(project) == ["one.bfbs.hpp", "one.evo.hpp", "one.fbs", "two.fbs"]


def test_a_link_gives_a_header_of_its_own_name(project: Path) -> None:
    (project / "link.fbs").symlink_to("one.fbs")
    assert run(project, "--output-dir", "made", "link.fbs").returncode == 0
    assert files(project / "made") == ["link.bfbs.hpp", "link.evo.hpp"]


def test_evo_fbs_itself_gives_no_header(project: Path) -> None:
    done = run(project, "one.fbs", str(ROOT / "schemas/evo.fbs"))
    assert done.returncode == 0
    assert files(project) == ["one.bfbs.hpp", "one.evo.hpp", "one.fbs", "two.fbs"]


def test_an_error_in_one_schema_writes_nothing_at_all(project: Path) -> None:
    (project / "two.fbs").write_text(segment_text("x:int", "slots: 1"))
    done = run(project, "--output-dir", "made", "one.fbs", "two.fbs")
    assert done.returncode == 1
    assert done.stderr.startswith("two.fbs:6: attribute `slots`")
    assert files(project) == ["one.fbs", "two.fbs"]


def test_an_include_too_long_for_a_file_is_not_found(project: Path) -> None:
    (project / "one.fbs").write_text(f'include "{"a" * 300}";\n' + segment_text("x:int"))
    done = run(project, "one.fbs")
    assert done.returncode == 1
    assert done.stderr.startswith('one.fbs:1: "aaa')


def test_paths_are_shown_as_given(project: Path) -> None:
    (project / "two.fbs").write_text(segment_text("x:int", "slots: 1"))
    absolute, around = str(project / "two.fbs"), f"../{project.name}/two.fbs"
    for shown in ("two.fbs", "./two.fbs", absolute, around):
        done = run(project, "one.fbs", shown)
        assert done.stderr.startswith(f"{Path(shown)}:6: ")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["missing.fbs"],
        ["--no-such-option", "one.fbs"],
        ["--update-lock", "one.fbs"],
        ["--lock", "missing.json", "one.fbs"],
        ["--depfile", "d", "one.fbs"],
        ["--check", "--stamp", "s", "one.fbs"],
    ],
)
def test_wrong_usage(project: Path, arguments: list[str]) -> None:
    done = run(project, *arguments)
    assert done.returncode == 2
    assert "usage:" in done.stderr
    assert files(project) == ["one.fbs", "two.fbs"]


def test_unchanged_files_keep_their_times(project: Path) -> None:
    run(project, "one.fbs", "two.fbs")
    before = {name: (project / name).stat().st_mtime_ns for name in ("one.evo.hpp", "two.evo.hpp")}
    time.sleep(0.02)
    with (project / "two.fbs").open("a") as file:
        file.write("enum More : ubyte { A }\n")
    run(project, "one.fbs", "two.fbs")
    assert (project / "one.evo.hpp").stat().st_mtime_ns == before["one.evo.hpp"]
    assert (project / "two.evo.hpp").stat().st_mtime_ns != before["two.evo.hpp"]


def test_check(project: Path) -> None:
    done = run(project, "--check", "one.fbs")
    assert done.returncode == 1
    assert "+++ one.evo.hpp" in done.stdout
    assert "run: python3 -m evo_codegen one.fbs" in done.stderr
    assert files(project) == ["one.fbs", "two.fbs"]

    run(project, "one.fbs")
    done = run(project, "--check", "one.fbs")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    header = project / "one.evo.hpp"
    header.write_text(header.read_text().replace("std::int32_t x{};", "std::int16_t x{};"))
    done = run(project, "--check", "--remedy", "make it so", "one.fbs")
    assert done.returncode == 1
    assert "-  std::int16_t x{};\n+  std::int32_t x{};\n" in done.stdout
    assert "run: make it so" in done.stderr
    assert "std::int16_t x{};" in header.read_text()


def test_lock_from_nothing_to_a_compatible_change(project: Path) -> None:
    update = ["--lock", "lock.json", "--update-lock"]
    assert run(project, *update, "one.fbs", "two.fbs").returncode == 0
    locked = (project / "lock.json").read_text()

    (project / "one.fbs").write_text(segment_text("x:int; y:int"))
    done = run(project, "--lock", "lock.json", "one.fbs")
    assert done.returncode == 1
    assert "`y` appended" in done.stderr
    assert run(project, *update, "one.fbs").returncode == 1
    assert (project / "lock.json").read_text() == locked

    (project / "one.fbs").write_text(segment_text("x:int; y:int", 'version: "1.1"'))
    assert run(project, "--lock", "lock.json", "one.fbs").returncode == 0
    assert (project / "lock.json").read_text() == locked
    header = (project / "one.evo.hpp").read_text()
    assert "std::array<evo::CompatibleLayout, 1> compatible" in header
    assert "{1, 0}, 4, 1}," in header

    # One schema alone: the releases of the others are kept.
    assert run(project, *update, "one.fbs").returncode == 0
    text = (project / "lock.json").read_text()
    assert '"two"' in text and '"1.1"' in text


def test_inventories_tell_of_a_segment_in_two_runs(project: Path) -> None:
    other = segment_text("x:int", name="Other").replace("namespace test", "namespace c")
    (project / "other.fbs").write_text(other)
    for name in ("one", "two", "other"):
        done = run(project, "--output-dir", "made", "--inventory", f"{name}.found", f"{name}.fbs")
        assert (done.returncode, done.stderr) == (0, "")
    done = run(project, "--compare-inventories", "--stamp", "s", "one.found", "two.found")
    assert (done.returncode, done.stderr) == (0, "")
    assert (project / "s").exists()
    # The same file found twice is one segment.
    assert run(project, "--compare-inventories", "one.found", "one.found").returncode == 0
    done = run(project, "--compare-inventories", "--stamp", "t", "one.found", "other.found")
    assert done.returncode == 1
    assert done.stderr == (
        f"{project}/other.fbs:6: segment `state` is already declared at {project}/one.fbs:6; give "
        "each segment a name of its own, in all targets\n"
    )
    assert not (project / "t").exists()


def test_inventories_report_a_link_with_the_name_of_a_segment(project: Path) -> None:
    text = link_text("Get(Message): Message").replace("namespace test", "namespace c")
    for name in ("state", "link"):
        (project / f"{name}.fbs").write_text(text.replace('"motion"', f'"{name}"'))
        done = run(project, "--output-dir", "made", "--inventory", f"{name}.found", f"{name}.fbs")
        assert (done.returncode, done.stderr) == (0, "")
    assert (project / "link.found").read_text() == f"link link 12 {project}/link.fbs\n"
    run(project, "--output-dir", "made", "--inventory", "one.found", "one.fbs")
    assert run(project, "--compare-inventories", "one.found", "link.found").returncode == 0
    done = run(project, "--compare-inventories", "one.found", "state.found")
    assert done.returncode == 1
    assert done.stderr == (
        f"{project}/state.fbs:12: link `state` is already declared as a segment at "
        f"{project}/one.fbs:6; give each link a name of its own, in all targets\n"
    )


def test_a_damaged_inventory_is_named(project: Path) -> None:
    for text in (b"{\n", b"state x.fbs\n", b"state six /x.fbs\n", b"\xff\n"):
        (project / "damaged.found").write_bytes(text)
        done = run(project, "--compare-inventories", "damaged.found")
        assert done.returncode == 1
        assert done.stderr == (
            "damaged.found:1: this is not a line of an inventory; remove the file; the next run of "
            "`--inventory` writes it again\n"
        )


def test_depfile_and_stamp(project: Path) -> None:
    (project / "shared.fbs").write_text("namespace shared; enum E : ubyte { A }\n")
    text = segment_text("x:shared.E").replace("namespace", 'include "shared.fbs";\nnamespace', 1)
    (project / "one.fbs").write_text(text)
    done = run(project, "--stamp", "out/one.stamp", "--depfile", "out/one.d", "one.fbs")
    assert done.returncode == 0
    target, dependencies = (project / "out/one.d").read_text().split(": ")
    assert target == "out/one.stamp"
    assert sorted(dependencies.split()) == sorted(
        [str(project / "one.fbs"), str(project / "shared.fbs"), str(ROOT / "schemas/evo.fbs")]
    )


def test_depfile_names_the_headers_if_asked_to(project: Path) -> None:
    arguments = ["--output-dir", "made", "--stamp", "s", "--depfile", "d", "--depend-on-headers"]
    assert run(project, *arguments, "one.fbs", "two.fbs").returncode == 0
    text = (project / "d").read_text()
    assert "made/one.evo.hpp" in text and "made/two.evo.hpp" in text


def test_depfile_names_the_directory_of_a_link(project: Path) -> None:
    (project / "links").mkdir()
    (project / "links/link.fbs").symlink_to("../one.fbs")
    assert run(project, "--stamp", "s", "--depfile", "d", "links/link.fbs").returncode == 0
    names = (project / "d").read_text().split(": ")[1].split()
    assert {str(project / "links/link.fbs"), str(project / "links")} <= set(names)


def test_two_links_to_one_file_declare_everything_twice(project: Path) -> None:
    for name in ("a", "b"):
        (project / f"{name}.fbs").symlink_to("one.fbs")
    done = run(project, "--output-dir", "made", "a.fbs", "b.fbs")
    assert done.returncode == 1
    assert "b.fbs:6: segment `state` is already declared at a.fbs:6" in done.stderr


def test_a_path_behind_a_link_is_not_shortened(project: Path) -> None:
    """link/../shared.fbs is next to the target of the link, not next to the link."""
    (project / "real/inner").mkdir(parents=True)
    (project / "link").symlink_to("real/inner")
    (project / "real/shared.fbs").write_text("namespace shared; enum E : ubyte { A }\n")
    text = segment_text("x:shared.E")
    text = text.replace("namespace", 'include "link/../shared.fbs";\nnamespace', 1)
    (project / "one.fbs").write_text(text)
    done = run(project, "--output-dir", "made", "one.fbs")
    assert (done.returncode, done.stderr) == (0, "")


def test_relative_flatc(project: Path) -> None:
    (project / "tools").mkdir()
    (project / "tools/flatc").symlink_to(shutil.which("flatc") or "")
    assert run(project, "--flatc", "tools/flatc", "one.fbs").returncode == 0
    environment = {**ENVIRONMENT, "PATH": f"tools:{ENVIRONMENT['PATH']}"}
    assert run(project, "one.fbs", environment=environment).returncode == 0


def test_too_old_a_flatc(project: Path) -> None:
    old = project / "old_flatc"
    old.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && { echo flatc version 1.12.0; exit; }\n'
        "echo 'flatc: error: unknown commandline argument: --bfbs-filenames' >&2; exit 1\n"
    )
    old.chmod(0o755)
    done = run(project, "--flatc", "./old_flatc", "one.fbs")
    assert done.returncode == 1
    assert "old_flatc is too old (flatc version 1.12.0)" in done.stderr
    assert "fix the schema" not in done.stderr


def test_runs_as_a_directory_beside_modules_of_the_same_names(project: Path) -> None:
    (project / "types.py").write_text("# A module of the user.\n")
    command = [sys.executable, "-P", str(ROOT / "codegen/evo_codegen"), "one.fbs"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("struct S { a:int; }".encode("utf-16"), "the file contains NUL bytes, as UTF-16 does"),
        (b"// a\nstruct S {\r  a:int;\r}\r", "a carriage return is not followed by a newline"),
        (b"// Nothing but a remark.\n", "the schema is empty"),
        (b"", "the schema is empty"),
    ],
)
def test_what_is_no_text_of_a_schema(project: Path, data: bytes, message: str) -> None:
    (project / "odd.fbs").write_bytes(data)
    done = run(project, "--output-dir", "made", "odd.fbs")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and message in done.stderr
    assert not (project / "made").exists()


def test_crlf_is_fine(project: Path) -> None:
    (project / "one.fbs").write_bytes(segment_text("x:int").replace("\n", "\r\n").encode())
    assert run(project, "one.fbs").returncode == 0


def test_an_evo_fbs_of_another_generator(project: Path) -> None:
    own = (ROOT / "schemas/evo.fbs").read_text()
    (project / "evo.fbs").write_text(own.replace('attribute "max_age";\n', ""))
    (project / "one.fbs").write_text(segment_text("x:int", 'max_age: "1s"'))
    done = run(project, "one.fbs")
    assert done.stderr == (
        "evo.fbs:1: this is not the evo.fbs of this generator; remove it: the generator has its own\n"
    )
    (project / "evo.fbs").write_text(own)
    assert run(project, "one.fbs").returncode == 0


def test_missing_flatc(project: Path) -> None:
    done = run(project, "--flatc", "no-such-flatc", "one.fbs")
    assert done.returncode == 1
    assert "install the Debian package flatbuffers-compiler" in done.stderr


def test_missing_module(project: Path) -> None:
    """Without jinja2, the error names the package that provides it."""
    (project / "sitecustomize.py").write_text(
        "import sys\n"
        "class Hide:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'jinja2': raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Hide())\n"
    )
    path = f"{project}:{ROOT / 'codegen'}"
    done = run(project, "one.fbs", environment={**ENVIRONMENT, "PYTHONPATH": path})
    assert done.returncode == 1
    assert "python3-jinja2" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unwritable_directory(project: Path) -> None:
    (project / "file").write_text("")
    done = run(project, "--output-dir", "file", "one.fbs")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_a_hundred_schemas_take_less_than_two_seconds(project: Path) -> None:
    names = []
    for index in range(100):
        fields = "a:ulong; b:[float:16]; c:bool; d:double; e:int; f:short; g:Mode"
        text = segment_text(fields, before="enum Mode : ubyte { A, B, C }\n")
        text = text.replace('"state"', f'"state_{index}"').replace("test;", f"test_{index};")
        names.append(f"schema_{index}.fbs")
        (project / names[-1]).write_text(text)
    # Processor time, because other tests run at the same time.
    best = 1e9
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run(project, "--output-dir", "out", *names).returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    print(f"100 schemas: {best:.2f} s")
    assert best < 2.0
