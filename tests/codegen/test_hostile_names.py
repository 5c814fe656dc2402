# SPDX-License-Identifier: Apache-2.0
"""A schema is either refused, line by line, or its header compiles.

Random schemas use names that have another meaning elsewhere: keywords, macros, names of the C
library, of the C++ library, of the runtime and of generated code. Names and comments that the
generator refuses are replaced. Both compilers then compile the accepted schemas, with the C and
POSIX headers before and after them. EVO_SEED=N tries schemas other than those of CI.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import reserved_names
from support import ROOT, segment_text

from evo_codegen.cli import main
from evo_codegen.collisions import validate_together
from evo_codegen.diagnostics import Diagnostics
from evo_codegen.emit import render, render_bfbs
from evo_codegen.emit_links import LinkParts
from evo_codegen.front_end import FrontEnd, read_schemas
from evo_codegen.link_validate import validate_links
from evo_codegen.names import CPP_KEYWORDS, FLATC_MEMBERS, GENERATED_NAMES
from evo_codegen.names import reserved_names as listed
from evo_codegen.validate import validate
from evo_codegen.wire import wire_lines

SEED = int(os.environ.get("EVO_SEED", "20261128"))
SCHEMAS = int(os.environ.get("EVO_SCHEMAS", "40"))
WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Werror".split()

STD = """array size_t string string_view vector byte move chrono nanoseconds uint8_t int32_t
offsetof optional nullopt min max swap hash pair tuple variant visit span data size begin end get
apply true false inline_ is_trivially_copyable_v underlying_type_t utility""".split()
PLAIN = """axis valve pump x y z mode state speed force Limit Pose Status Vacuum on off count flags
left right set value options other result error Error name Reader Writer Channel Segment bits Bits
A B C""".split()
COMMENTS = [
    "plain",
    "ends in a backslash \\",
    "ends in several \\ \\ \\",
    "C:\\path\\",
    "a trigraph ??/",
    "a trigraph and more ??/ \\ ??/",
    "*/ int x; /*",
    "// nested",
    "a \x0b vertical tab and a \x0c feed",
    "text \u202e turned around",
    "separators \u2028 and \u2029 and \u0085",
    "a \x1b[31m colour",
    "clang-format off",
    "#define EVIL",
    "long " + "word " * 40 + "\\",
    "w" * 150,
    "日本語" * 30,
    "",
]


def words_of_generated_code() -> list[str]:
    """Every identifier of a generated header and of the runtime's headers."""
    headers = [*ROOT.glob("generated/*.hpp"), *(ROOT / "runtime/include/evo").glob("*.hpp")]
    text = "".join(re.sub(r"//.*|\"[^\"]*\"", "", each.read_text()) for each in headers)
    return sorted(set(re.findall(r"\b[A-Za-z]\w*", text)))


def pools() -> list[list[str]]:
    return [
        PLAIN,
        STD,
        words_of_generated_code(),
        sorted(GENERATED_NAMES | FLATC_MEMBERS),
        sorted(CPP_KEYWORDS),
        sorted(listed("macro")),
        sorted(listed("global")),
    ]


class Writer:
    """Writes one schema, one name per line, so that each name can be replaced alone."""

    def __init__(self, rng: random.Random, names: list[list[str]], index: int) -> None:
        self._rng = rng
        self._names = names
        self._index = index
        self._fresh = 0
        self.lines: list[str] = []

    def name(self) -> str:
        weights = [4, 3, 5, 3, 1, 1, 3]
        return self._rng.choice(self._rng.choices(self._names, weights)[0])

    def fresh(self) -> str:
        self._fresh += 1
        return f"plain_{self._index}_{self._fresh}"

    def comment(self, indent: str = "") -> None:
        for _ in range(self._rng.randint(1, 2)):
            text = self._rng.choice(COMMENTS)
            self.lines.append(f"{indent}/// {text}")
        self.lines.append(f"{indent}/// Plain.")

    def write(self) -> str:
        self.lines = ['include "evo.fbs";']
        types = ["int", "float", "bool", "ubyte", "double"]
        has_links = self._rng.random() < 0.4
        for _ in range(self._rng.randint(1, 2)):
            depth = self._rng.randint(int(has_links), 3)
            if depth or len(self.lines) > 1:
                self.lines.append(f"namespace {'.'.join(self.name() for _ in range(depth))};")
            inside = list(types)
            for _ in range(self._rng.randint(0, 3)):
                inside.append(self.enum())
            for _ in range(self._rng.randint(0, 2)):
                inside.append(self.struct(inside, ""))
            for number in range(self._rng.randint(1, 2)):
                kind = self._rng.choice(["state", "stream"])
                more = self._rng.choice(["", ', checksum: "crc32c"', ", max_readers: 3"])
                segment = f's_{self._index}_{len(self.lines)}_{number}'
                attributes = f'segment: "{segment}", owner: "hal", kind: "{kind}"{more}'
                self.struct(inside, attributes)
            if has_links:
                self.service([self.table(inside) for _ in range(self._rng.randint(1, 3))])
        return "\n".join(self.lines) + "\n"

    def enum(self) -> str:
        name = self.name()
        flags = " (bit_flags)" if self._rng.random() < 0.4 else ""
        self.comment()
        self.lines.append(f"enum {name} : ubyte{flags} {{")
        for _ in range(self._rng.randint(1, 5)):
            self.comment("  ")
            self.lines.append(f"  {self.name()},")
        self.lines.append("}")
        return name

    def struct(self, types: list[str], attributes: str) -> str:
        name = self.name()
        self.comment()
        self.lines.append(f"struct {name} {f'({attributes}) ' if attributes else ''}{{")
        for _ in range(self._rng.randint(1, 6)):
            self.comment("  ")
            type_ = self._rng.choice(types)
            array = f"[{type_}:{self._rng.randint(1, 9)}]" if self._rng.random() < 0.3 else type_
            self.lines.append(f"  {self.name()}:{array};")
        self.lines.append("}")
        return name


    def table(self, types: list[str]) -> str:
        """A table; later ones may contain it."""
        name = self.name()
        self.comment()
        self.lines.append(f"table {name} {{")
        for _ in range(self._rng.randint(0, 8)):
            self.comment("  ")
            type_ = self._rng.choice([*types, "string"])
            vector = f"[{type_}]" if self._rng.random() < 0.4 else type_
            self.lines.append(f"  {self.name()}:{vector};")
        self.lines.append("}")
        types.append(name)
        return name

    def service(self, tables: list[str]) -> None:
        """A link whose methods use each of the tables."""
        link = f"l_{self._index}_{len(self.lines)}"
        self.comment()
        self.lines.append(f'rpc_service {self.name()} (link: "{link}", owner: "hal") {{')
        for table in tables:
            self.comment("  ")
            self.lines.append(f"  {self.name()}({table}): {table};")
        self.lines.append("}")


def read(path: Path) -> tuple[FrontEnd, str | None, list[tuple[int, str]]]:
    """The schema, its header if it is accepted, and its errors with their lines."""
    diagnostics = Diagnostics()
    front = read_schemas([path], [], "flatc", diagnostics)
    segments = validate(front.schemas, diagnostics)
    links = validate_links(front.schemas, diagnostics)
    validate_together(front.schemas, diagnostics)
    errors = [(each.location.line, str(each)) for each in diagnostics.in_order(front.files)]
    text = None
    if not errors:
        schema = front.schemas[-1]
        wire = wire_lines([schema], "flatc").get(schema.file, [])
        parts = LinkParts(links, {service: [] for service in links}, wire)
        text = render(schema, segments, {struct: [] for struct in segments}, parts)
    return front, text, errors


def accepted_version(path: Path, writer: Writer) -> tuple[FrontEnd, str] | None:
    """The header, with refused text replaced; None if something else is wrong."""
    text = writer.write()
    for _ in range(12):
        path.write_text(text, newline="")
        front, header, errors = read(path)
        if header is not None:
            return front, header
        for line, message in errors:
            text = repaired(text, line, message, writer.fresh())
    return None


def repaired(text: str, line: int, message: str, fresh: str) -> str:
    """The schema with another name in place of the one that the error names."""
    lines = text.split("\n")
    assert 1 <= line <= len(lines), message
    quoted = [re.escape(each) for each in re.findall(r"`([\w.]+)`", message)]
    word = next((each for each in quoted if re.search(rf"\b{each}\b", lines[line - 1])), None)
    if not word:
        return text
    # Everywhere, because a type name may also be used elsewhere.
    for index, each in enumerate(lines):
        if not each.lstrip().startswith(("///", "include")):
            lines[index] = re.sub(rf"(?<![\w\"]){word}(?![\w\"])", fresh, each)
    return "\n".join(lines)


def names_in(front: FrontEnd) -> tuple[set[str], set[str]]:
    """The namespaces and the types that a header declares."""
    declared = [
        each
        for schema in front.schemas
        for each in (*schema.declared, *schema.tables, *schema.services)
    ]
    namespaces = {
        ".".join(each.namespace[: depth + 1])
        for each in declared
        for depth in range(len(each.namespace))
    }
    namespaces |= {f"{each}.wire" for each in namespaces}
    suffixes = ("", "Writer", "Reader", "Channel", "Bfbs", "T", "Link")
    return namespaces, {each.full_name + suffix for each in declared for suffix in suffixes}


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[str]]]:
    """Headers in one directory, and which of them can be included together."""
    directory = tmp_path_factory.mktemp("hostile")
    rng = random.Random(SEED)
    names = pools()
    # With links apart: a type such as `int32_t` in another schema could hide that of flatc's classes.
    all_groups: dict[bool, list[tuple[list[str], set[str], set[str]]]] = {True: [], False: []}
    accepted = 0
    for index in range(SCHEMAS):
        path = directory / f"s{index}.fbs"
        result = accepted_version(path, Writer(rng, names, index))
        if not result:
            continue
        accepted += 1
        front, header = result
        (directory / f"s{index}.evo.hpp").write_text(header)
        (directory / f"s{index}.bfbs.hpp").write_text(render_bfbs(front.schemas[-1]))
        namespaces, types = names_in(front)
        groups = all_groups[bool(front.schemas[-1].services)]
        for group, its_namespaces, its_types in groups:
            if not (types & its_types or types & its_namespaces or namespaces & its_types):
                break
        else:
            group, its_namespaces, its_types = [], set(), set()
            groups.append((group, its_namespaces, its_types))
        group.append(f"s{index}.evo.hpp")
        its_namespaces |= namespaces
        its_types |= types
    assert accepted > SCHEMAS * 0.5, f"only {accepted} are compiled"
    return directory, [group for groups in all_groups.values() for group, _, _ in groups]


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
@pytest.mark.parametrize("order", ["before", "after"])
def test_what_is_accepted_compiles(
    batches: tuple[Path, list[list[str]]], compiler: str, order: str
) -> None:
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed")
    directory, groups = batches
    system = reserved_names.system_includes()
    for number, group in enumerate(groups):
        own = "".join(f"#include <{header}>\n" for header in group)
        text = system + own if order == "before" else own + system
        source = directory / f"{order}_{number}.cpp"
        source.write_text(text)
        command = [compiler, "-std=gnu++20", "-fno-exceptions", "-fsyntax-only", *WARNINGS]
        for folder in ("runtime/include", "links/include"):
            command += ["-isystem", f"{ROOT}/{folder}"]
        command += [f"-I{directory}", str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"EVO_SEED={SEED}\n" + "\n".join(done.stderr.splitlines()[:30])


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_a_segment_named_like_its_base_classes(tmp_path: Path, compiler: str) -> None:
    """StateReader then derives from evo::StateReader."""
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed")
    for name in ("State", "Stream"):
        text = segment_text("x:int", f'kind: "{name.lower()}"', name=name)
        path = tmp_path / f"{name}.fbs"
        path.write_text(text.replace('segment: "state"', f'segment: "{name.lower()}"'))
        assert main(["--output-dir", str(tmp_path), str(path)]) == 0
    source = tmp_path / "both.cpp"
    source.write_text("#include <State.evo.hpp>\n#include <Stream.evo.hpp>\n")
    command = [compiler, "-std=gnu++20", "-fsyntax-only", *WARNINGS, f"-I{tmp_path}"]
    command += ["-isystem", f"{ROOT}/runtime/include", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
