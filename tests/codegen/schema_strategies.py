# SPDX-License-Identifier: Apache-2.0
"""Hypothesis strategies for the input of the generator: schemas by grammar, most of them valid,
damaged copies of committed schemas, and damaged schema locks."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from support import ROOT

SCHEMAS = sorted(each for each in ROOT.glob("schemas/*.fbs") if each.name != "evo.fbs")
COMMITTED = {
    str(path.relative_to(ROOT)): path.read_bytes()
    for path in (*SCHEMAS, *sorted(ROOT.glob("tests/golden/*/*.fbs")))
}
LOCK = (ROOT / "schemas/segments.lock.json").read_text("utf-8")

_NUMBERS = "bool byte ubyte short ushort int uint long ulong float double int8 uint16 float64".split()
_WORDS = "axis valve pump position mode state_ limit Pose Status Vacuum Bits on left".split()
_ODD_WORDS = """class int struct enum namespace evo std template _x X__y x_ NULL errno linux uint8_t
Reader Writer read version offsetof a.b a..b .a 1abc ümlaut 日本 \u202e \u2028 \x0b \x1b[2J x\u0301
- "" "x" ' \\ // /* */ # @ 0x""".split(" ") + ["", " ", "a" * 70, "a" * 300]
_ODD_TYPES = """string [int] [[int:2]:2] [int:0] [int:65536] [int:-1] [int:x] [string:2] Missing
other.Missing [Missing:2] float128 [int:2 int: [ ] [int:99999999999999999999] T0.x""".split()
_COMMENTS = ["// plain", "/* block */", "/// stray doc", "// ends in \\", "/* not\n closed? */"]
_DOCUMENTS = ["A field.", "Ends in \\", "*/ int x; /*", "\u202e turned", "w" * 200, "日本語", "??/", ""]
_PLAIN_ATTRIBUTES = {
    "slots": ["2", '"3"', "64"],
    "max_readers": ["1", '"10240"'],
    "period": ['"250us"', '"1ms"'],
    "max_age": ['"2s"'],
    "checksum": ['"crc32c"', '"none"'],
    "stamp": ['"monotonic"'],
    "access": ['"group"', '"owner"'],
    "version": ['"3.14"', '"0.0"', '"65535.65535"'],
    "readers": ['"one, two"', '"one"'],
}
_ODD_VALUES = """0 -1 1e400 0x10 65 99999999999999999999999 "" " " "1 ms" "1.0.0" "01.2" "nan" "inf"
"-" "²" "٣" "a,a" "A" "ü" "\\x1b" "\\"" ms (1) [1] = : "x """.split(" ") + ['"' + "9" * 5000 + '"', "1\n2", '"a\\\nb"']
_ODD_ATTRIBUTES = """segment owner kind capacity overflow force_align bit_flags key id deprecated
required unit min max hash unknown slot Segment "slots" ü 1""".split()
_TOKEN = re.compile(r'\s+|//[^\n]*|[A-Za-z_][A-Za-z0-9_.]*|[-+]?[0-9.]+|"(?:\\.|[^"\\\n])*"|.', re.DOTALL)
_TOKENS = [*"{}[]();:=,.-/\\\"'#", *_ODD_WORDS, *_ODD_TYPES, *_ODD_VALUES, *_COMMENTS, "\n", "\0",
           "include", "attribute", "union", "table", "rpc_service", "root_type", "file_identifier"]
_BYTES = [b"\0", b"\r", b"\xff", b"\xc3", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\x1b", b'"', b"\n", b"/*"]


@dataclass
class Case:
    """The files of a run, by name; the first is the schema to generate."""

    files: dict[str, bytes]
    lock: bytes | None = None
    update_lock: bool = False

    def __repr__(self) -> str:
        lock = "" if self.lock is None else f", lock of {len(self.lock)} bytes"
        return f"{', '.join(self.files)}{lock}; EVO_FUZZ_FOUND=DIR keeps the files"


class _Schema:
    """Draws one schema. `rarely` decides how often something is wrong."""

    def __init__(self, draw: st.DrawFn, odd_in: int, prefix: str) -> None:
        self._draw = draw
        self._odd_in = odd_in
        self._prefix = prefix
        self._count = 0
        self.types: list[str] = []

    def rarely(self) -> bool:
        """Whether to put something odd here. Shrinks to not."""
        return self._draw(st.integers(1, self._odd_in)) == self._odd_in

    def pick(self, choices: list[str]) -> str:
        return self._draw(st.sampled_from(choices))

    def maybe(self) -> bool:
        return self._draw(st.booleans())

    def name(self, upper: bool = False) -> str:
        if self.rarely():
            return self.pick(_ODD_WORDS + _WORDS)
        self._count += 1
        word = self.pick(_WORDS)
        return f"{word.capitalize() if upper else word.lower()}{self._prefix}{self._count}"

    def gap(self) -> str:
        return self.pick(_COMMENTS) + "\n" if self.rarely() else ""

    def document(self, indent: str = "") -> str:
        lines = ["A thing." if not self.rarely() else self.pick(_DOCUMENTS)]
        if self.rarely():
            lines = [] if self.maybe() else lines * 3
        return "".join(f"{indent}/// {line}\n" for line in lines)

    def attributes(self, given: list[str]) -> str:
        if self.rarely():
            given = [*given, f"{self.pick(_ODD_ATTRIBUTES)}: {self.pick(_ODD_VALUES)}"]
        if self.rarely():
            given = [*given, self.pick(_ODD_ATTRIBUTES)]
        return f" ({', '.join(given)})" if given else ""

    def type(self) -> str:
        if self.rarely():
            return self.pick(_ODD_TYPES)
        one = self.pick(self.types if self.types and self.maybe() else _NUMBERS)
        return f"[{one}:{self._draw(st.integers(1, 40))}]" if self.pick(["", "", "a"]) else one

    def fields(self) -> str:
        text = ""
        for _ in range(self._draw(st.integers(0 if self.rarely() else 1, 5))):
            type_ = self.type()
            limits = []
            if type_ in ("int", "double", "float", "[double:3]") and self.maybe():
                limits = ['unit: "mm"', "min: -5", 'max: "5"'][: self._draw(st.integers(1, 3))]
            default = f" = {self.pick(['0', '1', 'x'])}" if self.rarely() else ""
            text += self.document("  ") + self.gap()
            text += f"  {self.name()}:{type_}{default}{self.attributes(limits)};\n"
        return text

    def enum(self) -> str:
        name = self.name(upper=True)
        flags = self.pick(["", "", "bit_flags"])
        unsigned = ["ubyte", "ushort", "uint", "uint64"]
        type_ = self.pick(unsigned if flags else [*unsigned, "byte", "long"])
        if self.rarely():
            type_ = self.pick([*_NUMBERS, *_ODD_TYPES])
        values = []
        for index in range(self._draw(st.integers(1, 6))):
            value = f" = {self.pick(['0', '-1', '255', '1e3', 'x', '99999999999'])}" if self.rarely() else ""
            values.append(self.document("  ") * (index % 2) + f"  {self.name(upper=True)}{value}")
        self.types.append(name)
        body = ",\n".join(values)
        return f"enum {name} : {type_}{self.attributes([flags] if flags else [])} {{\n{body}\n}}\n"

    def struct(self) -> str:
        name, fields = self.name(upper=True), self.fields()
        self.types.append(name)
        return f"{self.document()}struct {name}{self.attributes([])} {{\n{fields}}}\n"

    def segment(self) -> str:
        name = self.name()
        given = [f'segment: "{name}"', 'owner: "tester"']
        chosen = self._draw(st.lists(st.sampled_from(sorted(_PLAIN_ATTRIBUTES)), max_size=4, unique=True))
        if self.maybe() and "slots" not in chosen:
            given += ['kind: "stream"', f"capacity: {self.pick(['2', '256'])}"]
        for each in chosen:
            given.append(f"{each}: {self.pick(_PLAIN_ATTRIBUTES[each])}")
        attributes, fields = self.attributes(given), self.fields()
        return f"{self.document()}struct {self.name(upper=True)}{attributes} {{\n{fields}}}\n"

    def write(self, includes: list[str]) -> str:
        if self.rarely():
            includes = [*includes, self.pick(["missing.fbs", "schema.fbs", "../x.fbs", "", "a" * 300, "\u202e"])]
        parts = [f'include "{each}";\n' for each in includes]
        parts.append(f"namespace {self.name() if self.maybe() else 'test.' + self.name()};\n")
        for _ in range(self._draw(st.integers(1, 5))):
            parts.append(self.gap())
            parts.append(self._draw(st.sampled_from([self.segment, self.struct, self.enum]))())
            if self.rarely():
                parts.append(self.pick(["table T { x:int; }\n", "union U { A }\n", 'attribute "mine";\n',
                                        "namespace ;\n", "namespace a.b;\n", "root_type T;\n", "}\n", "{", "é\n"]))
        return "".join(parts)


@st.composite
def schemas(draw: st.DrawFn) -> Case:
    """A schema by grammar, and one that it may include."""
    odd_in = draw(st.sampled_from([100_000, 10_000, 200, 30]))
    files, includes = {}, ["evo.fbs"]
    if draw(st.booleans()):
        text = _Schema(draw, odd_in, "c").write(["evo.fbs"])
        files["common.fbs"] = text.encode("utf-8", "surrogatepass")
        includes.append("common.fbs")
    text = _Schema(draw, odd_in, "s").write(includes)
    return Case({"schema.fbs": text.encode("utf-8", "surrogatepass"), **files})


def _mutate(draw: st.DrawFn, pieces: list[Any], pool: st.SearchStrategy[Any], most: int) -> list[Any]:
    for _ in range(draw(st.integers(1, most))):
        if not pieces:
            break
        at = draw(st.integers(0, len(pieces) - 1))
        what = draw(st.sampled_from(["replace", "insert", "delete", "copy", "swap", "cut"]))
        other = draw(st.integers(0, len(pieces) - 1))
        if what == "replace":
            pieces[at] = draw(pool)
        elif what == "insert":
            pieces.insert(at, draw(pool))
        elif what == "delete":
            del pieces[at : at + draw(st.integers(1, 8))]
        elif what == "copy":
            pieces[at:at] = pieces[other : other + draw(st.integers(1, 12))]
        elif what == "swap":
            pieces[at], pieces[other] = pieces[other], pieces[at]
        else:
            del pieces[at:]
    return pieces


def damaged_bytes(draw: st.DrawFn, data: bytes) -> bytes:
    pieces = [bytes([each]) for each in data]
    return b"".join(_mutate(draw, pieces, st.sampled_from(_BYTES) | st.binary(min_size=1, max_size=3), 4))


@st.composite
def damaged_schemas(draw: st.DrawFn) -> Case:
    """A committed schema with a few tokens or bytes changed."""
    data = COMMITTED[draw(st.sampled_from(sorted(COMMITTED)))]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if text and draw(st.booleans()):
        tokens = st.sampled_from(_TOKENS) | st.sampled_from(_TOKEN.findall(text))
        data = "".join(_mutate(draw, _TOKEN.findall(text), tokens, 4)).encode("utf-8", "surrogatepass")
    else:
        data = damaged_bytes(draw, data)
    return Case({"schema.fbs": data})


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("ab 0.\"\\\n\u2028\ud800é", max_size=6)
    | st.sampled_from(["evo-layout 1", "1.0", "size=8 align=8", "0 u64 x", "\ud800", "9" * 5000]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=3), inner, max_size=2),
    max_leaves=5,
)


def _replace_somewhere(draw: st.DrawFn, document: Any, replacement: Any) -> None:
    """Replaces, adds or removes a node of a JSON document."""
    node = document
    while True:
        keys: list[Any] = sorted(node) if isinstance(node, dict) else list(range(len(node)))
        key = draw(st.sampled_from(keys))
        inner = node[key]
        if isinstance(inner, (dict, list)) and inner and draw(st.integers(0, 3)):
            node = inner
            continue
        if draw(st.integers(0, 3)) == 3:
            del node[key]
        else:
            node[key] = replacement
        return


@st.composite
def damaged_locks(draw: st.DrawFn) -> Case:
    """A committed schema with a damaged lock."""
    path = draw(st.sampled_from(SCHEMAS))
    how = draw(st.sampled_from(["bytes", "document", "lines", "nested"]))
    if how == "bytes":
        lock = damaged_bytes(draw, LOCK.encode())
    elif how == "document":
        document = copy.deepcopy(json.loads(LOCK))
        _replace_somewhere(draw, document, draw(_JSON))
        lock = json.dumps(document, indent=draw(st.sampled_from([None, 2]))).encode()
    elif how == "lines":
        lock = "".join(_mutate(draw, LOCK.splitlines(keepends=True), st.just("<<<<<<< ours\n"), 3)).encode()
    else:
        depth = draw(st.sampled_from([1, 100, 10_000, 200_000]))
        lock = draw(st.sampled_from([b"[", b'{"format":'])) * depth
    return Case({"schema.fbs": path.read_bytes()}, lock, update_lock=draw(st.booleans()))
