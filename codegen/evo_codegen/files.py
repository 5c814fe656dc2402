# SPDX-License-Identifier: Apache-2.0
"""Paths and bytes of schema files."""

from __future__ import annotations

import os
import re
from pathlib import Path


def decoded(data: bytes) -> tuple[str, tuple[int, str, str] | None]:
    """Returns the text of a file; if it is not text, also its place, what is wrong, what to do."""
    if b"\0" in data:
        what = "the file contains NUL bytes, as UTF-16 does"
        return "", (data.index(b"\0"), what, "save the file as UTF-8")
    alone = re.search(rb"\r(?!\n)", data)
    if alone:
        # flatc would end the line there, and a comment with it.
        what = "a carriage return is not followed by a newline"
        return "", (alone.start(), what, "save the file with Unix line endings")
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        return "", (error.start, "the text is not UTF-8", "save the file as UTF-8")


def without_dots(path: Path) -> Path:
    """Returns the path without `..`, if that is the same file; after a link it may not be."""
    # Not Path.exists, which raises an error for a name that is too long for a file.
    tidy = Path(os.path.normpath(path))
    is_other = os.path.exists(path) and not (os.path.exists(tidy) and os.path.samefile(path, tidy))
    return path if is_other else tidy
