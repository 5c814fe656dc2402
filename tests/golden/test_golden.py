"""One directory, one case: schema.fbs, and the header or the errors that it must give.

    expected.evo.hpp      the header of schema.fbs
    expected_X.evo.hpp    that of X.fbs, which it includes
    expected.md           the reference page of schema.fbs, in the cases that PAGES names
    expected_error.txt    the errors; nothing may be written then
    lock.json             the schema lock to compare with, if there is one
    arguments.txt         the schemas to name on the command line, if not schema.fbs alone
    use.cpp               is compiled as well, if there is one; every header is compiled

UPDATE_GOLDEN=1 rewrites the expected files; look at the difference before you commit it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from evo_codegen.cli import main
from evo_codegen.diagnostics import Diagnostics
from evo_codegen.front_end import read_schemas

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CASES = sorted(path.parent.name for path in HERE.glob("*/schema.fbs"))
UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"
REMEDY = f"UPDATE_GOLDEN=1 PYTHONPATH=codegen /usr/bin/python3 -m pytest {HERE.relative_to(ROOT)}"
WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror".split()


def expected_headers(case: Path) -> dict[str, Path]:
    """The generated header that each expected one stands for."""
    return {
        name.removeprefix("expected_") if name != "expected.evo.hpp" else "schema.evo.hpp": path
        for path in sorted(case.glob("expected*.evo.hpp"))
        for name in [path.name]
    }


def expected_name(header: str) -> str:
    return "expected.evo.hpp" if header == "schema.evo.hpp" else f"expected_{header}"


def generate(case: Path, output: Path) -> int:
    arguments_file = case / "arguments.txt"
    schemas = arguments_file.read_text().split() if arguments_file.exists() else ["schema.fbs"]
    lock = ["--lock", "lock.json"] if (case / "lock.json").exists() else []
    directories = ["--output-dir", str(output), "--docs-dir", str(output / "pages")]
    return main([*directories, *lock, *schemas])


# One for each thing that a page can show.
PAGES = [
    "all_attributes",
    "arrays",
    "comments",
    "compatible",
    "flags",
    "force_align",
    "includes",
    "link",
    "link_and_segment",
    "link_compatible",
    "link_includes",
    "link_tables",
    "nested",
    "shared_only",
    "stream",
]


@pytest.mark.parametrize("name", CASES)
def test_output(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    case = HERE / name
    monkeypatch.chdir(case)
    output = tmp_path / "output"
    code = generate(case, output)
    errors = capfd.readouterr().err
    written = {path.name: path.read_text() for path in output.glob("*.evo.hpp")}
    pages = {path.name: path.read_text() for path in output.glob("pages/*")}

    error_file = case / "expected_error.txt"
    if UPDATE:
        for path in (*expected_headers(case).values(), error_file):
            path.unlink(missing_ok=True)
        if errors:
            error_file.write_text(errors)
        for header, text in written.items():
            (case / expected_name(header)).write_text(text)
        if name in PAGES:
            (case / "expected.md").write_text(pages["schema.md"])

    if name.startswith("error_"):
        assert errors == error_file.read_text(), f"if this is right: {REMEDY}"
        assert code == 1
        assert written == pages == {}
    else:
        assert (errors, code) == ("", 0)
        expected = {header: path.read_text() for header, path in expected_headers(case).items()}
        assert written == expected, f"if this is right: {REMEDY}"
        assert len(pages) == len(written) == len(list(output.glob("*.bfbs.hpp")))
    if name in PAGES:
        assert pages["schema.md"] == (case / "expected.md").read_text(), f"if this is right: {REMEDY}"


# One for each set of includes that a header may begin with: these are compiled by themselves, all
# others together, which is far quicker.
ALONE = ["enums_only", "link", "link_and_segment", "shared_only", "stream", "single_byte"]


def test_headers_compile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every header compiles without a warning, and so does what uses it."""
    compiler = shlex.split(os.environ.get("CXX", "c++"))
    together = []
    sources = []
    for name in CASES:
        if name.startswith("error_"):
            continue
        # The headers of all cases have the same name, so each includes its neighbours by full path.
        made = tmp_path / name
        monkeypatch.chdir(HERE / name)
        assert generate(HERE / name, made) == 0
        for path in made.glob("*.hpp"):
            text = path.read_text()
            for other in made.glob("*.hpp"):
                text = text.replace(f"#include <{other.name}>", f'#include "{other}"')
                text = text.replace(f'#include "{other.name}"', f'#include "{other}"')
            path.write_text(text)
        # Included twice, as may happen to any header.
        includes = f'#include "{made / "schema.evo.hpp"}"\n' * 2
        together.append(includes)
        if name in ALONE:
            source = tmp_path / f"{name}.cpp"
            source.write_text(includes)
            sources.append(source)
        use = HERE / name / "use.cpp"
        if use.exists():
            together.append(use.read_text().replace('#include "expected.evo.hpp"\n', ""))
    everything = tmp_path / "everything.cpp"
    everything.write_text("".join(together))
    for source in (*sources, everything):
        folders = [ROOT / "runtime/include", ROOT / "links/include", tmp_path]
        options = ["-std=c++20", "-fsyntax-only", *WARNINGS, *(f"-I{each}" for each in folders)]
        command = [*compiler, *options, str(source)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["two_segments", "shared_only", "link"])
def test_the_compiled_schema_is_emitted_once(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes are those of flatc; without a channel there are none."""
    monkeypatch.chdir(HERE / name)
    assert generate(HERE / name, tmp_path) == 0
    text = (tmp_path / "schema.bfbs.hpp").read_text()
    found = bytes(int(each, 16) for each in re.findall(r"0x([0-9a-f]{2}),", text))
    schema = next(
        each
        for each in read_schemas([Path("schema.fbs")], [], "flatc", Diagnostics()).schemas
        if each.file == "schema.fbs"
    )
    has_channel = any(schema.channels())
    assert found == (schema.bfbs if has_channel else b"")
    assert text.count("std::array<") == has_channel
