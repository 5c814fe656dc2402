# SPDX-License-Identifier: Apache-2.0
"""Turns the C++ statements of documents into tests, and writes their schemas.

usage: emit_fragments.py DIR DOCUMENT.md...

DIR/fragments.cpp contains a test for each block with `context=NAME`, a class of fixtures.hpp. Each schema becomes
DIR/NAME.fbs. A `return` of anything but 0 fails the test, as it would fail a program.
"""

import re
import sys
from pathlib import Path

from documents import Block, DocumentError, blocks_of


def test_of(document: Path, number: int, block: Block) -> str:
    name = re.sub(r"\W", "_", document.stem)
    return f"""
TEST_F({block.argument}, {name}_{number}) {{
  SCOPED_TRACE("{document.name}:{block.line}");
  const int result = [&]() -> int {{
#line {block.line} "{document.name}"
{block.text}    return 0;
  }}();
  EXPECT_EQ(result, 0);
}}
"""


def main(arguments: list[str]) -> int:
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    directory, *documents = map(Path, arguments)
    tests = ['#include "fixtures.hpp"\n']
    try:
        for document in documents:
            blocks = blocks_of(document)
            fragments = (block for block in blocks if block.kind == "context")
            tests += (test_of(document, number, block) for number, block in enumerate(fragments, start=1))
            for block in blocks:
                if block.kind == "file" and block.argument.endswith(".fbs"):
                    (directory / Path(block.argument).name).write_text(block.text, encoding="utf-8")
    except DocumentError as error:
        print(error, file=sys.stderr)
        return 1
    (directory / "fragments.cpp").write_text("".join(tests), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
