# SPDX-License-Identifier: Apache-2.0
"""The scanner finds the line of each declaration, in any legal layout of the text."""

from __future__ import annotations

from evo_codegen.scanner import scan, unquote


def test_lines_of_declarations_members_and_attributes() -> None:
    found = scan(
        'include "a.fbs";\n'
        "namespace one.two;\n"
        "/* struct Fake {\n x:int; } */\n"
        "struct Real ( // here\n"
        '  segment: "name",\n'
        "  slots: 4\n"
        ") {\n"
        "  // y:int;\n"
        '  x:int (unit: "; } //",\n'
        "    min: -1);\n"
        "}\n"
    )
    (include,) = found.includes
    assert (include.name, include.line) == ("a.fbs", 1)
    (declaration,) = found.declarations
    assert (declaration.keyword, declaration.name) == ("struct", "one.two.Real")
    assert declaration.line == 5
    assert {use.name: use.line for use in declaration.attributes} == {"segment": 6, "slots": 7}
    (member,) = declaration.members
    assert (member.name, member.line) == ("x", 10)
    assert [(use.name, use.line) for use in member.attributes] == [("unit", 10), ("min", 11)]
    assert unquote(member.attributes[0].value[0].text) == "; } //"


def test_one_line_declarations() -> None:
    found = scan("enum E : ubyte { A, B = 4, C } struct S { x:int; y:[E:3]; } struct T { z:S; }")
    enum, first, second = found.declarations
    assert [member.name for member in enum.members] == ["A", "B", "C"]
    assert enum.type is not None and enum.type.text == "ubyte"
    assert [member.name for member in first.members] == ["x", "y"]
    assert "".join(token.text for token in first.members[1].type) == "[E:3]"
    assert [member.name for member in second.members] == ["z"]


def test_member_spans_are_the_text_of_the_member() -> None:
    text = "struct S { x:int (a: 1) ; y : short=5; }"
    (declaration,) = scan(text).declarations
    spans = [text[member.start : member.end] for member in declaration.members]
    assert spans == ["x:int (a: 1) ;", "y : short=5;"]
    assert text[declaration.start : declaration.end] == text
    assert text[declaration.body :].startswith(" x:int")


def test_a_later_namespace_replaces_the_first() -> None:
    found = scan("struct A {x:int;} namespace n; struct B {x:int;} namespace ; struct C {x:int;}")
    assert [each.name for each in found.declarations] == ["A", "n.B", "C"]


def test_the_first_of_two_members_of_one_name_counts() -> None:
    (declaration,) = scan("struct S {\nx:int;\nx:int;\n}").declarations
    assert declaration.members_by_name["x"].line == 2


def test_declared_attributes() -> None:
    assert scan('attribute "one"; attribute two;').declared_attributes == {"one", "two"}


def test_nonsense_is_skipped() -> None:
    unfinished = ["struct", "struct S", "struct S {", "struct S { x", "enum E : ", "union {"]
    for text in (*unfinished, "( } ; {", '"', ""):
        scan(text)
    (declaration,) = scan("struct S { x int; y:int; }").declarations
    assert [member.name for member in declaration.members] == ["y"]
