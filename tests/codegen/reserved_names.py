# SPDX-License-Identifier: Apache-2.0
"""The names that a schema cannot use because of C, C++, POSIX and runtime headers.

Run as a program, it writes them to codegen/evo_codegen/reserved_names.txt, which
test_reserved_names.py compares with the headers. The lists below name only the headers: the
preprocessor reports the macros, and a global name is any name that a namespace cannot have.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "codegen"))

from evo_codegen.names import CPP_KEYWORDS  # noqa: E402

FILE = ROOT / "codegen/evo_codegen/reserved_names.txt"

_C = """assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal
stdalign stdarg stdbool stddef stdint stdio stdlib string tgmath time uchar wchar wctype"""
_POSIX = """aio arpa/inet cpio dirent dlfcn fcntl fmtmsg fnmatch ftw glob grp iconv langinfo libgen
monetary mqueue net/if netdb netinet/in netinet/tcp nl_types poll pthread pwd regex sched search
semaphore spawn strings sys/ipc sys/mman sys/msg sys/resource sys/select sys/sem sys/shm sys/socket
sys/stat sys/statvfs sys/time sys/times sys/types sys/uio sys/un sys/utsname sys/wait syslog tar
termios ulimit unistd utime utmpx wordexp"""
_RUNTIME = "evo/state_reader evo/state_writer evo/stream_reader evo/stream_writer evo/format"

_KINDS = ("macro", "global")
# Names of this form are reserved for the compiler, and are refused for that reason.
_OUT_OF_REACH = re.compile(r"__|^_")
_STANDARDS = ("c++20", "gnu++20")


def system_includes() -> str:
    """Text that includes all headers of C and POSIX."""
    # Not stdatomic.h: before C++23 it does not work together with C++ headers. Headers of C++
    # itself need not be listed: their names are in namespace std.
    return "".join(f"#include <{name}.h>\n" for name in (_C + " " + _POSIX).split())


def _headers() -> str:
    return system_includes() + "".join(f"#include <{name}.hpp>\n" for name in _RUNTIME.split())


def _run(
    compiler: str, standard: str, text: str, *options: str
) -> subprocess.CompletedProcess[str]:
    command = [compiler, f"-std={standard}", "-xc++", f"-I{ROOT}/runtime/include", *options, "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def _reachable(names: set[str]) -> set[str]:
    return {name for name in names if not _OUT_OF_REACH.search(name)}


def macros(compiler: str) -> set[str]:
    """Every macro that may be defined in a program that includes a generated header."""
    found: set[str] = set()
    for standard in _STANDARDS:
        done = _run(compiler, standard, _headers(), "-dM", "-E")
        assert done.returncode == 0, done.stderr
        found |= set(re.findall(r"^#define (\w+)", done.stdout, re.M))
    return _reachable(found)


def global_names(compiler: str) -> set[str]:
    """Every global name that a namespace can no longer have."""
    headers = _headers()
    done = _run(compiler, _STANDARDS[1], headers, "-E", "-P")
    assert done.returncode == 0, done.stderr
    words = _reachable(set(re.findall(r"\b[A-Za-z_]\w*", done.stdout)))
    candidates = sorted(words - macros(compiler) - CPP_KEYWORDS)
    tries = "".join(f"namespace {word} {{}}\n" for word in candidates)
    limit = "-fmax-errors=0" if "clang" not in compiler else "-ferror-limit=0"
    text = f'{headers}#line 1 "candidates"\n{tries}'
    done = _run(compiler, _STANDARDS[1], text, "-fsyntax-only", limit)
    lines = re.findall(r"^candidates:(\d+):\d+: error", done.stderr, re.M)
    return {candidates[int(line) - 1] for line in lines}


def derived(compiler: str) -> dict[str, set[str]]:
    """The reserved names by kind."""
    return {"macro": macros(compiler), "global": global_names(compiler)}


def _write(found: dict[str, set[str]]) -> None:
    lines = ["# Written by tests/codegen/reserved_names.py; see there."]
    for kind in _KINDS:
        lines += [f"{kind} {name}" for name in sorted(found[kind])]
    FILE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    everything: dict[str, set[str]] = {kind: set() for kind in _KINDS}
    for each in sys.argv[1:] or ["g++", "clang++"]:
        for kind, names in derived(each).items():
            everything[kind] |= names
    _write(everything)
