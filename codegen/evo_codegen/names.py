"""Names that a schema must not use, because of what they would mean in the generated C++."""

from __future__ import annotations

import re

LONGEST_NAME = 48

CPP_KEYWORDS = frozenset(
    """alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t
    char32_t class compl concept const consteval constexpr constinit const_cast continue co_await
    co_return co_yield decltype default delete do double dynamic_cast else enum explicit export
    extern false float for friend goto if inline int long mutable namespace new noexcept not not_eq
    nullptr operator or or_eq private protected public register reinterpret_cast requires return
    short signed sizeof static static_assert static_cast struct switch template this thread_local
    throw true try typedef typeid typename union unsigned using virtual void volatile wchar_t while
    xor xor_eq""".split()
)

# Macros of the standard headers that a name would be expanded by.
CPP_MACROS = frozenset(
    """BUFSIZ CHAR_BIT CHAR_MAX CHAR_MIN DBL_MAX DBL_MIN EDOM EINVAL EOF ERANGE EVO_MODULE FLT_MAX
    FLT_MIN HUGE_VAL INFINITY INT_MAX INT_MIN LONG_MAX LONG_MIN NAN NULL RAND_MAX SCHAR_MAX
    SCHAR_MIN SHRT_MAX SHRT_MIN SIZE_MAX SIGABRT SIGFPE SIGILL SIGINT SIGSEGV SIGTERM UCHAR_MAX
    UINT_MAX ULONG_MAX USHRT_MAX assert errno i386 linux offsetof setjmp stderr stdin stdout unix
    va_arg va_copy va_end va_start""".split()
)

# Namespaces that the generated code refers to.
CPP_NAMESPACES = frozenset(("evo", "std", "tl", "fmt"))

# Members of the readers. An accessor of the same name would hide them.
READER_MEMBERS = frozenset(
    """Info Value attach attach_as begin create create_as end field has has_changed lag loan memory
    next next_batch publish push push_batch read read_field read_into reattach retries seek_latest
    seek_newest seek_oldest seek_to update version view wait_for_change wait_for_next with_next
    with_write write writer_state""".split()
)

# Functions that are declared next to the types of a schema, and so in its namespaces.
GENERATED_FUNCTIONS = frozenset(("channel_of", "contains", "for_each_bool", "to_string"))

# Names that mean something else where generated code names a type: functions beside it, members of
# its channel and of its reader.
GENERATED_NAMES = READER_MEMBERS | GENERATED_FUNCTIONS | frozenset(
    """Bits Module StateReader StateWriter StreamReader StreamWriter access alignment bfbs checksum
    compatible fields kind max_age max_readers name overflow owner period schema_id size slots
    stamp""".split()
)

_RESERVED = re.compile(r"__|^_[A-Z]")


def problem_with(name: str) -> tuple[str, str] | None:
    """What keeps `name` from being a name in C++ and what to write instead, or None."""
    if name in CPP_KEYWORDS:
        return f"`{name}` is a C++ keyword", f"write `{name}_value` or another name"
    if name in CPP_MACROS:
        return f"`{name}` is a macro of C++", f"write `{name}_value` or another name"
    if _RESERVED.search(name):
        better = re.sub("_+", "_", name).lstrip("_")
        return f"`{name}` is a name that C++ reserves", f"write `{better}`"
    if len(name) > LONGEST_NAME:
        return (
            f"`{name}` has {len(name)} characters",
            f"use a name of at most {LONGEST_NAME}",
        )
    return None
