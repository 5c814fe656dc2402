# SPDX-License-Identifier: Apache-2.0
"""Each block of a document is recognized or refused."""

from pathlib import Path

import pytest
from documents import Block, DocumentError, blocks_of


def read(tmp_path: Path, text: str) -> list[Block]:
    document = tmp_path / "page.md"
    document.write_text(text, encoding="utf-8")
    return blocks_of(document)


def test_kinds(tmp_path: Path) -> None:
    blocks = read(tmp_path, """
**1. The program**, `src/a.cpp`:

```cpp
int main() {}
```
<!-- test: context=Gripper -->
```cpp
writer->write(value);
```
<!-- test: run -->
```sh
ls
```
<!-- test: output, in the end -->
```text
a
```
<!-- test: output of ls -A -->
```text
.b
```
<!-- test: session
$ true
-->
<!-- test: skip, takes a day -->
```sh
sleep 1d
```
""")
    assert [(block.kind, block.argument) for block in blocks] == [
        ("file", "src/a.cpp"), ("context", "Gripper"), ("run", ""), ("output", ""), ("output", "ls -A"),
        ("session", ""), ("skip", "takes a day")]
    assert blocks[0].text == "int main() {}\n"
    assert (blocks[0].line, blocks[3].in_the_end) == (5, True)


@pytest.mark.parametrize("text", [
    "```\nls\n```\n",
    "```sh\nls\n```\n",
    "```cpp\nf();\n```\n",
    "```text\na\n```\n",
    "```rust\nfn main() {}\n```\n",
    "<!-- test: skip -->\n```sh\nls\n```\n",
    "<!-- test: run -->\n```cpp\nf();\n```\n",
    "<!-- test: context= -->\n```cpp\nf();\n```\n",
    "<!-- test: run -->\n\n```sh\nls\n```\n",
    "The file `a.cpp`:\n<!-- test: ru -->\n```cpp\nf();\n```\n",
])
def test_a_block_that_nothing_describes_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DocumentError, match=r"page.md:\d+: nothing says how to test"):
        read(tmp_path, text)


def test_a_block_has_to_end(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="does not end"):
        read(tmp_path, "<!-- test: run -->\n```sh\nls\n")
