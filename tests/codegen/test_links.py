# SPDX-License-Identifier: Apache-2.0
"""What the generator reads of links: services, methods and tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from link_support import MESSAGE, link_text, read_link, read_links
from support import HEAD

from evo_codegen.collisions import validate_together
from evo_codegen.diagnostics import Diagnostics
from evo_codegen.front_end import read_schemas
from evo_codegen.ir import Scalar, Streaming, Text
from evo_codegen.link_layout import link_lines
from evo_codegen.link_validate import validate_links


def test_defaults(tmp_path: Path) -> None:
    link = read_link(tmp_path, link_text("Get(Message): Message"))
    assert (link.name, link.owner, link.clients) == ("motion", "planner", ())
    assert (link.max_clients, link.warm_clients) == (64, 64)
    assert (link.ring, link.max_message) == (64 << 10, 1 << 20)
    assert (link.checksum, link.access, str(link.version)) == ("crc32c", "owner", "1.0")
    (method,) = link.methods
    assert (method.deadline_ns, method.idempotent) == (0, False)
    assert method.streaming is Streaming.NONE


def test_attributes(tmp_path: Path) -> None:
    attributes = (
        'clients: "one, two", max_clients: 8, warm_clients: 0, ring: "4KiB", max_message: "10MiB", '
        'checksum: "none", access: "group", version: "2.1"'
    )
    methods = 'Get(Message): Message (deadline: "10ms", idempotent, streaming: "bidi")'
    link = read_link(tmp_path, link_text(methods, attributes))
    assert link.clients == ("one", "two")
    assert (link.max_clients, link.warm_clients) == (8, 0)
    assert (link.ring, link.max_message) == (4096, 10 << 20)
    assert (link.checksum, link.access, str(link.version)) == ("none", "group", "2.1")
    (method,) = link.methods
    assert (method.deadline_ns, method.idempotent) == (10_000_000, True)
    assert method.streaming is Streaming.BIDI


@pytest.mark.parametrize(("most", "warm"), [(1, 1), (64, 64), (65, 64), (1024, 64)])
def test_warm_clients_by_default(most: int, warm: int, tmp_path: Path) -> None:
    link = read_link(tmp_path, link_text("Get(Message): Message", f"max_clients: {most}"))
    assert link.warm_clients == warm


@pytest.mark.parametrize(("text", "size"), [("16MiB", 16 << 20), ("8192", 8192), ("8KiB", 8192)])
def test_rings_that_just_pass(text: str, size: int, tmp_path: Path) -> None:
    assert read_link(tmp_path, link_text("Get(Message): Message", f'ring: "{text}"')).ring == size


def test_methods_are_numbered_in_the_order_of_their_declaration(tmp_path: Path) -> None:
    methods = "Zoom(Message): Message; abort_now(Message): Message; Move(Message): Message"
    link = read_link(tmp_path, link_text(methods))
    assert [(each.name, each.number) for each in link.methods] == [
        ("Zoom", 1),
        ("abort_now", 2),
        ("Move", 3),
    ]


def test_fields_of_a_table(tmp_path: Path) -> None:
    before = (
        "struct Point { x:int; }\n"
        "enum Mode : ubyte { Off, On }\n"
        "/// A message.\ntable Message {\n"
        "/// 1\nsecond:ulong = 9223372036854775807 (id: 1);\n"
        "/// 0\nfirst:string (id: 0, required);\n"
        '/// 2\nthird:[double] (id: 2, unit: "mm");\n'
        "/// 3\nfourth:Mode = On (id: 3);\n"
        "/// 4\nfifth:Point (id: 4, deprecated);\n"
        "/// 5\nsixth:bool = null (id: 5);\n"
        "/// 6\nseventh:float = 0.25 (id: 6);\n"
        "}\n\n"
    )
    link = read_link(tmp_path, link_text("Get(Message): Message", before=before))
    fields = link.methods[0].call.request.fields
    assert [each.id for each in fields] == [0, 1, 2, 3, 4, 5, 6]
    assert [each.name for each in fields][:3] == ["first", "second", "third"]
    defaults = [None, "9223372036854775807", None, "1", None, None, "0.25"]
    assert [each.default for each in fields] == defaults
    assert fields[0].type is Text.STRING and fields[0].is_required
    assert fields[2].type is Scalar.F64 and fields[2].is_vector and fields[2].unit == "mm"
    assert [each.is_deprecated for each in fields] == [False] * 4 + [True, False, False]


@pytest.mark.parametrize(
    ("fields", "is_plain"),
    [
        ("/// A point.\n p:Point (required);", True),
        ("/// A point.\n p:Point;", False),
        ("/// Points.\n p:[Point] (required);", False),
        ("/// A text.\n p:string (required);", False),
        ("/// A point.\n p:Point (required);\n/// A number.\n x:int;", False),
        ("", False),
    ],
)
def test_a_required_struct_alone_is_sent_as_it_is(
    fields: str, is_plain: bool, tmp_path: Path
) -> None:
    before = f"struct Point {{ x:int; }}\n/// A message.\ntable Message {{\n{fields}\n}}\n\n"
    link = read_link(tmp_path, link_text("Get(Message): Message", before=before))
    struct = link.methods[0].call.request.plain_struct
    assert (struct.name if struct else None) == ("Point" if is_plain else None)


@pytest.mark.parametrize("depth", [16, 17])
def test_nesting_of_tables(depth: int, tmp_path: Path) -> None:
    tables = []
    for level in range(depth):
        inner = f"/// Inside.\na:T{level + 1};\n/// Inside, too.\nb:T{level + 1};\n"
        tables.append(f"/// {level}.\ntable T{level} {{\n{inner}}}\n")
    before = "".join(tables) + f"/// Innermost.\ntable T{depth} {{ }}\n\n"
    _, errors = read_links(tmp_path, link_text("Get(T0): T0", before=before))
    if depth == 16:
        assert errors == []
    else:
        (error,) = errors
        assert "tables are nested more than 16 deep" in error


def test_the_most_fields_of_a_link(tmp_path: Path) -> None:
    fields = "".join(f"/// A field.\nf{number}:int;\n" for number in range(4095))
    text = f"/// A message.\ntable Message {{\n/// Inside.\np:Pair;\n{fields}}}\n\n"
    before = "struct Pair { x:int; }\n" + text
    _, errors = read_links(tmp_path, link_text("Get(Message): Message", before=before))
    (error,) = errors
    assert "link `motion` has 4097 fields, including those of nested structs" in error


def test_a_table_of_an_included_schema_is_used(tmp_path: Path) -> None:
    (tmp_path / "types.fbs").write_text(HEAD + MESSAGE)
    text = link_text("Get(Message): Message", before="").replace(
        'include "evo.fbs";', 'include "evo.fbs";\ninclude "types.fbs";'
    )
    link = read_link(tmp_path, text)
    assert link.methods[0].call.request.file == "types.fbs"


def test_a_table_of_two_schemas_is_reported(tmp_path: Path) -> None:
    diagnostics = Diagnostics()
    for name in ("one", "two"):
        text = link_text("Get(Message): Message").replace("Motion", name.title())
        (tmp_path / f"{name}.fbs").write_text(text.replace("motion", name))
    paths = [tmp_path / "one.fbs", tmp_path / "two.fbs"]
    front = read_schemas(paths, [], "flatc", diagnostics)
    validate_links(front.schemas, diagnostics)
    validate_together(front.schemas, diagnostics)
    (error,) = diagnostics.in_order([])
    assert "`test.Message` is already declared at" in str(error)


def test_the_canonical_text(tmp_path: Path) -> None:
    before = (
        "struct Point { x:int; }\n"
        "enum Mode : ubyte { Off, On }\n"
        "/// A message.\ntable Message {\n"
        '/// A.\na:[double] (unit: "mm");\n/// B.\nb:Mode = On;\n/// C.\nc:bool = null;\n'
        "/// D.\nd:string (required);\n/// E.\ne:Point;\n/// F.\nf:[Inner];\n"
        "/// G.\ng:int (deprecated);\n/// H.\nh:[Mode];\n"
        "}\n/// Inside.\ntable Inner { }\n\n"
    )
    methods = 'Get(Message): Inner (streaming: "server"); Abort(Inner): Inner'
    link = read_link(tmp_path, link_text(methods, before=before))
    assert link_lines(link) == [
        "evo link 1",
        "1 Get test.Message test.Inner streaming=server",
        "2 Abort test.Inner test.Inner",
        "table test.Inner",
        "table test.Message",
        '0 a [f64] unit="mm"',
        "1 b u8{Off=0,On=1} default=1",
        "2 c bool optional",
        "3 d string required",
        "4 e struct<test.Point>",
        "5 f [table<test.Inner>]",
        "6 g i32",
        "7 h [u8{Off=0,On=1}]",
        "struct test.Point",
        "0 x i32",
        "size=4 alignment=4",
    ]


def test_what_does_not_change_the_schema_id(tmp_path: Path) -> None:
    methods = "Get(Message): Message"
    plain = link_lines(read_link(tmp_path, link_text(methods)))
    attributes = 'max_clients: 3, ring: "4KiB", clients: "one", version: "1.7", access: "group"'
    other = link_text('Get(Message): Message (deadline: "1s", idempotent)', attributes)
    other = other.replace("/// A number.", "/// The same.").replace("x:int", "x:int (min: -1)")
    assert link_lines(read_link(tmp_path, other)) == plain
