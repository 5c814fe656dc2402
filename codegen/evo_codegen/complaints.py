# SPDX-License-Identifier: Apache-2.0
"""The errors of flatc: what each is about, and its meaning for a channel."""

from __future__ import annotations

import re

from evo_codegen.attributes import closest
from evo_codegen.names import FLATC_NUMBERS
from evo_codegen.scanner import AttributeUse, Declaration, Member, scan
from evo_codegen.sources import Source

COMPLAINT = re.compile(r"^\s*(?:.*/)?([^/\n]+\.fbs):(\d+): (\d+): error: (.*)$", re.MULTILINE)

NOT_DEFINED = re.compile(
    r"type referenced but not defined \(check namespace\): ([\w.]+)"
    r"(?:, originally at: (?:.*/)?([^/\n]+\.fbs):(\d+))?"
)

# The message of flatc, its meaning for a channel, what to write instead. `{0}`, `{1}` and so on
# are the groups of the pattern, `{keyword}` is that of the declaration.
_TRANSLATIONS = [
    (
        r"field already exists: (\w+)",
        "field `{0}` is declared twice",
        "rename one of them",
    ),
    (
        r"enum value already exists: (\w+)",
        "enumerator `{0}` is declared twice",
        "rename one of them",
    ),
    (
        r"datatype already exists: ([\w.]+)|(?:enum|struct|table) already exists: ([\w.]+)",
        "type `{0}` is declared twice",
        "rename one of them",
    ),
    (
        r"rpc already exists: (\w+)",
        "method `{0}` is declared twice",
        "rename one of them",
    ),
    (
        r"service already exists: ([\w.]+)",
        "rpc_service `{0}` is declared twice",
        "rename one of them",
    ),
    (
        rf"rpc request and response types must be tables|{NOT_DEFINED.pattern}",
        "the request and the reply of `{member}` must be tables",
        "wrap a struct as the only, required field of a table, which is then sent as the struct",
    ),
    (
        r"either all fields or no fields must have an 'id' attribute",
        "some fields of the table have an id, and some have none",
        "give all of them one, or none",
    ),
    (
        r"field id's must be consecutive from 0, id (\d+) missing or set twice.*",
        "no field, or more than one, has the id {0}",
        "number the fields from 0 without gaps",
    ),
    (
        r"only non-scalar fields in tables may be 'required'",
        "`{member}` is always present, because it is a number, a bool or an enum",
        "remove required",
    ),
    (
        r"Fields cannot be both optional and required.*",
        "`{member}` is required, but its default is null",
        "remove one of them",
    ),
    (
        r"Default values for strings and vectors are not supported.*",
        "`{member}` has a default, but a string or vector is empty or absent at first",
        "remove the default",
    ),
    (
        r"Cannot assign token starting with .*|type mismatch: .*|invalid number: .*",
        "the default of `{member}` does not fit its type",
        "write another one, or change the type",
    ),
    (
        r"unknown enum value: (\w+)",
        "`{0}`, the default of `{member}`, is not an enumerator of its enum",
        "write one of its enumerators",
    ),
    (
        r"Field (\w+) would clash with generated functions for field (\w+)",
        "`{0}` is the name of a function that flatc generates for `{1}`",
        "rename it",
    ),
    (
        r"default values are not supported for struct fields.*",
        "`{member}` has a default, but every value of a segment starts as zeros",
        "remove the default",
    ),
    (
        r"length of fixed-length array must be positive and fit to uint16_t type",
        "the length of the array `{member}` is not from 1 to 65535",
        "for a longer one, use an array of structs that each hold an array",
    ),
    (
        r"size 0 structs not allowed",
        "the type of `{member}` is the struct itself",
        "use another type",
    ),
    (
        r"field name can not be the same as table/struct name",
        "`{member}` is also the name of its {keyword}",
        "rename it",
    ),
    (
        r"default value of `0` for field `(\w+)` is not part of enum `(\w+)`\.",
        "enum `{1}` has no value 0, which `{0}` starts with",
        "add an enumerator such as `Unknown = 0`",
    ),
    (
        r"default value of `(\S+)` for field `(\w+)` is not part of enum `(\w+)`\.",
        "enum `{2}` has no value {0}, the default of `{1}`",
        "write one of its enumerators",
    ),
    (
        r'enum value does not fit, "(\S+)" out of \[(\S+); (\S+)\]',
        "the value {0} does not fit the enum, whose values range from {1} to {2}",
        "widen the enum's type or use a smaller value",
    ),
    (
        r"all enum values must be unique: (\w+) and (\w+) are both (\S+)",
        "enumerators `{0}` and `{1}` both have the value {2}",
        "give each a value of its own",
    ),
    (
        r"bit flag out of range of underlying integral type",
        "the flag does not fit the enum",
        "widen the enum's type: each flag takes one bit",
    ),
    (
        r"unexpected force_align value '(\S+)', alignment must be a power of two integer "
        r"ranging from the type's natural alignment (\d+) to (\d+)",
        "force_align: {0} is not allowed here",
        "write a power of two from {1} to {2}",
    ),
    (
        r"a documentation comment should be on a line on its own",
        "a doc comment follows other text on its line",
        "put it on the line above what it describes, or use // for a plain comment",
    ),
    (
        r"expecting: (.+) instead got: (.+)",
        "found {1} where {0} should be",
        "correct this line, or what comes before it",
    ),
    (
        r"declaration expected",
        "this is not a declaration",
        "write struct, enum, namespace, include or attribute; check the braces above",
    ),
]


def _declared(root: Source) -> frozenset[str]:
    """Returns the names of all types that a schema can see, without their namespaces."""
    declarations = (each for source in root.closure() for each in source.scan.declarations)
    return frozenset(each.name.rpartition(".")[2] for each in declarations)


class Complaint:
    """An error of flatc, and the part of the text that it is about."""

    def __init__(self, text: str, line: int, column: int, message: str, root: Source) -> None:
        self._text = text
        self._root = root
        self._message = message.removesuffix(", originally at:").rstrip()
        self._declaration: Declaration | None = None
        self._member: Member | None = None
        line_start = sum(len(each) + 1 for each in text.split("\n")[: line - 1])
        position = line_start + column
        for declaration in scan(text).declarations:
            member = self._member_at(declaration, position)
            if member or declaration.start < position <= declaration.end:
                self._declaration = declaration
                self._member = member
            if member:
                break
        unknown = NOT_DEFINED.fullmatch(self._message)
        if unknown:
            self._find_use(unknown[1], line)
        self.line = line
        force_align = self._force_align()
        if force_align:
            self.line = force_align.line
        elif self._member:
            self.line = self._member.line

    def _find_use(self, type_: str, line: int) -> None:
        """Finds the first field or method of this line whose type is not declared."""
        for declaration in scan(self._text).declarations:
            for member in declaration.members:
                if any(word.line == line and word.text.endswith(type_) for word in member.type):
                    self._declaration = declaration
                    self._member = member
                    return

    def _member_at(self, declaration: Declaration, position: int) -> Member | None:
        """Returns the member of this declaration that the error is about, or None."""
        if declaration.keyword == "union" or position <= declaration.start:
            return None
        # flatc reports some errors only after the declaration, or after the next word.
        by_name = declaration.members_by_name
        same = re.match(r"all enum values must be unique: (\w+) and (\w+)", self._message)
        if same:
            return by_name.get(same[2]) if same[1] in by_name else None
        if self._message.startswith("size 0"):
            own_name = declaration.name.rpartition(".")[2]
            for member in declaration.members:
                if any(token.text.rpartition(".")[2] == own_name for token in member.type):
                    return member
        before = [member for member in declaration.members if member.start < position]
        return before[-1] if before and position <= declaration.end else None

    def _force_align(self) -> AttributeUse | None:
        if self._declaration and "force_align" in self._message:
            for use in self._declaration.attributes:
                if use.name == "force_align" and use.value:
                    return use
        return None

    def translation(self) -> tuple[str, str]:
        """Returns what is wrong, and what to write instead."""
        member = self._member.name if self._member else ""
        if self._message == "structs may contain only scalar or struct fields":
            return self._type_translation(member)
        unknown = NOT_DEFINED.fullmatch(self._message)
        if unknown and self._member and unknown[1] not in FLATC_NUMBERS:
            return self._unknown_type(unknown[1], member)
        keyword = self._declaration.keyword if self._declaration else ""
        for pattern, what, instead in _TRANSLATIONS:
            match = re.fullmatch(pattern, self._message)
            if match:
                groups = [group for group in match.groups() if group is not None]
                return what.format(*groups, member=member, keyword=keyword), instead.format(*groups)
        return f"flatc: {self._message}", "fix the schema so that flatc accepts it"

    def _type_translation(self, member: str) -> tuple[str, str]:
        types = [token.text for token in self._member.type] if self._member else []
        word = next((text for text in types if text[0].isalpha() or text[0] == "_"), "")
        dot, name = word.rpartition(".")[1:]
        declared = _declared(self._root)
        if name and name not in (declared if dot else declared | FLATC_NUMBERS):
            return self._unknown_type(word, member)
        return (
            f"the type of `{member}` is not fixed in size, or is not declared above",
            "use a number, bool, enum, struct or fixed-length array of those, declared before this "
            "line",
        )

    def _unknown_type(self, type_: str, member: str) -> tuple[str, str]:
        namespace, dot, name = type_.rpartition(".")
        declared = _declared(self._root)
        guess = closest(name, declared if dot else declared | FLATC_NUMBERS)
        instead = "declare it, or include its schema"
        if guess:
            instead = f"did you mean `{namespace}{dot}{guess}`?"
        return f"type `{type_}` of `{member}` does not exist", instead

    def repaired(self, replacement: str) -> str | None:
        """Returns the text with the wrong part replaced, or None if that is not possible."""
        use = self._force_align()
        if use:
            start, end, replacement = use.value[0].start, use.value[-1].end, "32"
        elif self._member and self._declaration:
            start, end = self._member.start, self._member.end
            if self._declaration.keyword == "enum":
                replacement = ""
            elif self._declaration.keyword == "rpc_service":
                if len(self._declaration.members) == 1:
                    return None  # flatc does not accept a service without methods
                replacement = ""
            elif re.search(r"\bid\b|'id'", self._message):
                return None  # the ids of the other fields would still be wrong
        else:
            return None
        lines = "\n" * self._text.count("\n", start, end)
        return self._text[:start] + replacement + lines + self._text[end:]
