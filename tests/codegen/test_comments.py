# SPDX-License-Identifier: Apache-2.0
"""Comments of schemas as comments of C++."""

from __future__ import annotations

import pytest

from evo_codegen import cpp


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
