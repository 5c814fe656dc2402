# SPDX-License-Identifier: Apache-2.0
"""Writes the generated files: all or nothing, and only those that changed."""

from __future__ import annotations

import difflib
import os
import tempfile
from pathlib import Path


def write_changed(texts: dict[Path, str]) -> None:
    """Writes each file whose contents differ; the others keep their times."""
    changed = {path: text for path, text in texts.items() if _current(path) != text}
    staged: list[tuple[str, Path]] = []
    try:
        for path, text in changed.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            staged.append((temporary, path))
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(text)
            os.chmod(temporary, 0o666 & ~_umask())
        while staged:
            temporary, path = staged[0]
            os.replace(temporary, path)
            staged.pop(0)
    finally:
        for temporary, _ in staged:
            os.unlink(temporary)


def differences(texts: dict[Path, str]) -> str:
    """Returns a unified diff from the present files to the expected ones; empty if equal."""
    parts: list[str] = []
    for path, text in texts.items():
        current = _current(path)
        if current != text:
            parts += difflib.unified_diff(
                (current or "").splitlines(keepends=True),
                text.splitlines(keepends=True),
                str(path) if current is not None else os.devnull,
                str(path),
            )
    return "".join(part if part.endswith("\n") else part + "\n" for part in parts)


def depfile_text(target: Path, dependencies: list[Path]) -> str:
    """Returns a make rule that lists the files from which the target was generated."""
    return f"{_escaped(target)}: {' '.join(_escaped(path) for path in dependencies)}\n"


def _escaped(path: Path) -> str:
    text = str(path).replace("\\", "\\\\").replace("$", "$$")
    return text.replace(" ", "\\ ").replace("#", "\\#")


def _current(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
