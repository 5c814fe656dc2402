# SPDX-License-Identifier: Apache-2.0
"""The list of reserved names against the headers of this machine."""

from __future__ import annotations

import shutil

import reserved_names

from evo_codegen.names import reserved_names as listed

COMPILERS = [each for each in ("g++", "clang++") if shutil.which(each)]
MEND = "run: /usr/bin/python3 tests/codegen/reserved_names.py"


def test_the_list_is_what_the_headers_say() -> None:
    """No name is missing and, if both compilers are installed, none is superfluous."""
    for kind in ("macro", "global"):
        derived = frozenset().union(*(reserved_names.derived(each)[kind] for each in COMPILERS))
        assert sorted(derived - listed(kind)) == [], MEND
        if len(COMPILERS) == 2:
            assert sorted(listed(kind) - derived) == [], MEND


def test_the_list_has_what_everybody_knows() -> None:
    macros = {"EIO", "BIG_ENDIAN", "M_PI", "SCHED_FIFO", "NULL", "linux", "assert", "FMT_VERSION"}
    functions = {"system", "log", "alarm", "clock", "access", "sync", "pipe", "time"}
    assert macros <= listed("macro")
    assert functions | {"timeval", "FILE", "environ", "pthread_t"} <= listed("global")
    assert not {"plant", "axis", "valve", "major", "None"} & (listed("macro") | listed("global"))
