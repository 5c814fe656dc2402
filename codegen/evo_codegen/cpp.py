"""C++ text that clang-format would leave unchanged: names, literals, comments and line breaks.

The generator must work without clang-format, so the few forms of line that can exceed the limit
are broken here as clang-format breaks them. If a very long name would need yet another form,
`kept_as_is` switches clang-format off. tests/codegen/test_format.py compares.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Sequence

from evo_codegen.ir import EnumType, Field, Scalar, Type

COLUMNS = 100

# Replaces a space at which a comment must not be broken.
_UNBROKEN = "\N{NO-BREAK SPACE}"


def fits(line: str) -> bool:
    return len(line) <= COLUMNS


def kept_as_is(lines: Sequence[str]) -> list[str]:
    """Returns the lines, guarded from clang-format if it would break an overlong line."""
    if all(fits(line) for line in lines):
        return list(lines)
    blank = " " * (len(lines[0]) - len(lines[0].lstrip()))
    return [f"{blank}// clang-format off", *lines, f"{blank}// clang-format on"]


def first_that_fits(*candidates: Sequence[str]) -> list[str]:
    """Returns the first way of breaking a line that stays within the limit, else the last one."""
    for lines in candidates:
        if all(fits(line) for line in lines):
            return list(lines)
    return list(candidates[-1])


def namespace_text(namespace: Sequence[str]) -> str:
    return "::".join(namespace)


def type_name(type_: Type, inside: Sequence[str]) -> str:
    """Returns the spelling of the type inside a namespace.

    A type of another namespace is spelt from the root: other names inside this namespace, even
    those of other schemas, must not hide the beginning of its name.
    """
    if isinstance(type_, Scalar):
        return type_.cpp
    if tuple(type_.namespace) == tuple(inside):
        return type_.name
    return "::" + namespace_text((*type_.namespace, type_.name))


def field_type(field: Field, inside: Sequence[str]) -> str:
    """Returns the type of a member: the value's type or an array of it."""
    name = type_name(field.type, inside)
    return name if field.length is None else f"std::array<{name}, {field.length}>"


def string_literal(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def grouped(number: int) -> str:
    """Writes 1000000 as 1'000'000."""
    return f"{number:,}".replace(",", "'")


def enumerator_value(enum: EnumType, value: int) -> str:
    """Returns the shortest literal that causes no compiler warning."""
    if enum.is_flags:
        return f"0x{value:x}"
    if value == -(1 << 63):
        return f"{value + 1} - 1"
    return f"{value}U" if value >= 1 << 63 else str(value)


def comment(
    documentation: Sequence[str], indent: int, additions: Sequence[str] = ()
) -> list[str]:
    """Returns a doc comment: the schema's lines, then sentences; rewrapped only if too wide."""
    paragraphs = [_plain(line) for line in documentation]
    while paragraphs and not paragraphs[0]:
        paragraphs.pop(0)
    while paragraphs and not paragraphs[-1]:
        paragraphs.pop()
    if additions:
        addition = " ".join(each.replace(" ", _UNBROKEN) for each in additions)
        if paragraphs:
            end = "" if paragraphs[-1][-1] in ".:!?" else "."
            paragraphs[-1] += f"{end} {addition}"
        else:
            paragraphs = [addition]
    prefix = " " * indent + "/// "
    room = COLUMNS - len(prefix)
    lines: list[str] = []
    index = 0
    while index < len(paragraphs):
        end_index = index + 1
        while end_index < len(paragraphs) and _continues(paragraphs[end_index]):
            end_index += 1
        lines += _wrapped(paragraphs[index:end_index], room)
        index = end_index
    return [_unjoined(prefix + line.replace(_UNBROKEN, " ")) for line in lines]


def _plain(line: str) -> str:
    """Removes the one space after `///`, and characters that are not text: a compiler could treat
    a control character as the end of the line, and an editor could show text in another order."""
    line = line.removeprefix(" ").expandtabs(2)
    return _unjoined("".join(each for each in line if _is_text(each)))


def _is_text(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _unjoined(line: str) -> str:
    """Removes a trailing backslash or its trigraph, which would join the line to the next one."""
    return re.sub(r"(\s|\\|\?\?/)+$", "", line)


def _continues(line: str) -> bool:
    """Whether a line continues the sentence above: not blank, not indented, not a list item."""
    return bool(re.match(r"(?![-*+#|>@\\] ?)(?!\d+[.)] )\S", line))


def _wrapped(lines: list[str], room: int) -> list[str]:
    if all(_width(line) <= room for line in lines):
        return lines
    first = lines[0]
    indent = len(first) - len(first.lstrip())
    hanging = " " * indent + ("  " if re.match(r"\s*[-*+] ", first) else "")
    spare = max(_width(line) - len(line) for line in lines)
    return textwrap.wrap(
        " ".join(line.strip() for line in lines),
        room - spare,
        initial_indent=" " * indent,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _width(text: str) -> int:
    """Returns columns on a screen: East Asian characters take two, combining characters none."""
    columns = 0
    for character in text:
        if unicodedata.combining(character) == 0:
            columns += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return columns


def signature(head: str, parameters: Sequence[str], tail: str) -> list[str]:
    """`head(parameters)tail` of a free or static member function."""
    one_line = f"{head}({', '.join(parameters)}){tail}"
    indent = len(head) - len(head.lstrip())
    inside = " " * (indent + 4) + f"{', '.join(parameters)}){tail}"
    in_parentheses = [f"{head}(", inside]
    if len(parameters) == 1:
        return first_that_fits([one_line], in_parentheses)
    align = " " * (len(head) + 1)
    aligned = [f"{head}({parameters[0]},", *(f"{align}{each}," for each in parameters[1:-1])]
    aligned.append(f"{align}{parameters[-1]}){tail}")
    stacked = [f"{head}("]
    stacked += [" " * (indent + 4) + f"{each}," for each in parameters[:-1]]
    stacked.append(" " * (indent + 4) + f"{parameters[-1]}){tail}")
    return first_that_fits([one_line], aligned, in_parentheses, stacked)


def conjunction(parts: Sequence[str]) -> list[str]:
    """`static_assert(a && b);`."""
    head = "static_assert("
    lines = [head + parts[0]] + [" " * len(head) + part for part in parts[1:]]
    broken = [line + " &&" for line in lines[:-1]] + [lines[-1] + ");"]
    return first_that_fits([f"{head}{' && '.join(parts)});"], broken)


def offset_assertion(struct: str, member: str, offset: int) -> list[str]:
    """`static_assert(offsetof(S, m) == 8);`."""
    head = "static_assert(offsetof("
    return first_that_fits(
        [f"{head}{struct}, {member}) == {offset});"],
        [f"{head}{struct}, {member}) ==", f"              {offset});"],
        [f"{head}{struct},", f"{' ' * len(head)}{member}) == {offset});"],
    )


def member(type_: str, name: str) -> list[str]:
    """`  type name{};`."""
    lines = first_that_fits([f"  {type_} {name}{{}};"], [f"  {type_}", f"      {name}{{}};"])
    return kept_as_is(lines)


def case(enum: str, enumerator: str) -> list[str]:
    """`    case Enum::Enumerator:`."""
    return first_that_fits(
        [f"    case {enum}::{enumerator}:"], [f"    case {enum}::", f"        {enumerator}:"]
    )


def class_head(name: str, base: str) -> list[str]:
    return first_that_fits(
        [f"class {name} : public {base} {{"], [f"class {name}", f"    : public {base} {{"]
    )


def accessor(type_: str, struct: str, name: str) -> list[str]:
    """Returns the accessor of one field, for the reader."""
    head = f"  [[nodiscard]] tl::expected<{type_}, evo::ReadError>"
    lines = first_that_fits(
        [f"{head} {name}() const noexcept {{"],
        [f"{head} {name}()", "      const noexcept {"],
        [head, f"  {name}() const noexcept {{"],
    )
    call = "    return field<"
    offset = f"offsetof({struct}, {name})>();"
    broken_offset = [f"offsetof({struct},", " " * len("offsetof(") + f"{name})>();"]
    align = " " * len(call)
    lines += first_that_fits(
        [f"{call}{type_}, {offset}"],
        [f"{call}{type_},", f"{align}{offset}"],
        [f"{call}{type_}, {broken_offset[0]}", " " * len(f"{call}{type_}, ") + broken_offset[1]],
        [f"{call}{type_},", *(align + line for line in broken_offset)],
    )
    return kept_as_is([*lines, "  }"])


def message(text: str, indent: int, room_at_end: int) -> list[str]:
    """Returns a string literal over several lines, the later ones with the same indent."""
    width = COLUMNS - indent - 2
    words = text.split(" ")
    lines: list[str] = []
    current = ""
    for index, word in enumerate(words):
        piece = word if index + 1 == len(words) else word + " "
        end = room_at_end if index + 1 == len(words) else 0
        if current and len(current) + len(piece) + end > width:
            lines.append(current)
            current = ""
        current += piece
    lines.append(current)
    return [string_literal(line) for line in lines]


def bytes_lines(data: bytes) -> list[str]:
    """Returns hexadecimal bytes, sixteen per line."""
    rows = (data[start : start + 16] for start in range(0, len(data), 16))
    return ["      " + ", ".join(f"0x{byte:02x}" for byte in row) + "," for row in rows]
