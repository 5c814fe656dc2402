# SPDX-License-Identifier: Apache-2.0
"""Reports the errors that the text of a schema shows, and edits it so that flatc can continue."""

from __future__ import annotations

import re

from evo_codegen.attributes import (
    BUILTIN_ATTRIBUTES,
    OWN_ATTRIBUTES,
    WITHOUT_VALUE,
    closest,
)
from evo_codegen.diagnostics import Diagnostics
from evo_codegen.scanner import AttributeUse, Declaration, Member, Misfit, Token
from evo_codegen.sources import ATTRIBUTES_FILE, Source

_ENUM_TYPES = frozenset(
    """byte ubyte short ushort int uint long ulong int8 uint8 int16 uint16 int32 uint32 int64
    uint64""".split()
)

_UNSIGNED = {
    "byte": "ubyte",
    "short": "ushort",
    "int": "uint",
    "long": "ulong",
    **{f"int{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)},
}

# The attributes of FlatBuffers that a table's field may have. A struct's field must have none,
# whether it would have an effect or not.
_TABLE_FIELD_ATTRIBUTES = frozenset(("deprecated", "id", "required"))


def check_text(source: Source, diagnostics: Diagnostics) -> None:
    """Reports errors that the text alone shows, and edits it so that flatc can continue."""
    _TextCheck(source, diagnostics).check()


class _TextCheck:
    """The checks of the text of one schema."""

    def __init__(self, source: Source, diagnostics: Diagnostics) -> None:
        self._source = source
        self._diagnostics = diagnostics

    def check(self) -> None:
        can_see_own = any(each.file == ATTRIBUTES_FILE for each in self._source.closure())
        declared = set().union(*(each.scan.declared_attributes for each in self._source.closure()))
        missing = ""  # the kind of channel whose attributes are not declared
        for declaration in self._source.scan.declarations:
            members = declaration.members
            for use in (*declaration.attributes, *(use for m in members for use in m.attributes)):
                is_own = use.name in OWN_ATTRIBUTES
                if use.name in declared or (use.name in BUILTIN_ATTRIBUTES and not is_own):
                    continue
                self._source.undeclared.add(use.name)
                if is_own and not can_see_own:
                    missing = "links" if declaration.keyword == "rpc_service" else "segments"
                else:
                    self._undeclared(use)
            self._check_attributes(declaration.attributes, "")
            for member in members:
                self._check_attributes(member.attributes, f" of `{member.name}`")
            self._check_declaration(declaration)
        for keyword, line in self._source.scan.other_keywords:
            if keyword == "root_type":
                what = "root_type names a table"
                self._error(line, what, "remove it: a segment has none")
        if missing:
            line = self._source.scan.declarations[0].line
            what = f"the attributes of {missing} are not declared here"
            self._error(line, what, f'write include "{ATTRIBUTES_FILE}"; on the first line')

    def _error(self, line: int, what: str, instead: str) -> None:
        self._diagnostics.error(self._source.location(line), what, instead)

    def _undeclared(self, use: AttributeUse) -> None:
        guess = closest(use.name, OWN_ATTRIBUTES)
        instead = f"did you mean `{guess}`?" if guess else "see evo.fbs for the list"
        self._error(use.line, f"there is no attribute `{use.name}`", instead)

    def _check_attributes(self, uses: tuple[AttributeUse, ...], owner: str) -> None:
        seen = set()
        for use in uses:
            if use.name in seen:
                what = f"attribute `{use.name}`{owner} is given twice"
                self._error(use.line, what, "keep one of them")
            seen.add(use.name)
            if use.name in OWN_ATTRIBUTES or use.name in self._source.undeclared:
                self._check_value(use)

    def _check_value(self, use: AttributeUse) -> None:
        """Checks a value. Numbers need no quotes here; flatc exempts only small integers."""
        if use.equals:
            text = '"..."'
            if use.value:
                text = self._source.text[use.value[0].start : use.value[-1].end]
            what = f"attribute `{use.name}` is followed by = instead of :"
            self._error(use.line, what, f"write {use.name}: {text}")
            self._source.edits.append((use.equals.start, use.equals.end, ":"))
        if use.name in WITHOUT_VALUE:
            if use.value:
                what = f"attribute `{use.name}` takes no value"
                self._error(use.line, what, f"write {use.name} alone")
            return
        if not use.value:
            if use.name in OWN_ATTRIBUTES:
                what = f"attribute `{use.name}` has no value"
                self._error(use.line, what, f'write {use.name}: "..."')
                self._source.reported.add((use.line, use.name))
            return
        if len(use.value) == 1 and use.value[0].kind == "string":
            return
        start, end = use.value[0].start, use.value[-1].end
        text = " ".join(self._source.text[start:end].split())
        if len(use.value) > 1 or use.value[0].kind != "number":
            what = f"the value of `{use.name}` is neither a number nor in quotes"
            self._error(use.line, what, f'write {use.name}: "{text}"')
            self._source.reported.add((use.line, use.name))
        self._source.edits.append((start, end, '"' + re.sub(r'["\\\s]', "", text) + '"'))

    def _check_declaration(self, declaration: Declaration) -> None:
        name = declaration.name.rpartition(".")[2]
        if declaration.keyword == "union":
            self._check_union(declaration, name)
        elif declaration.keyword == "rpc_service":
            if not declaration.members and not declaration.misfits:
                what = f"rpc_service `{name}` has no methods"
                self._error(declaration.line, what, "give it at least one")
                self._source.hopeless = True
        elif declaration.keyword == "enum":
            self._check_enum(declaration, name)
        elif declaration.keyword in ("struct", "table"):
            for misfit in declaration.misfits:
                self._check_misfit(misfit)
            is_empty = not declaration.members and not declaration.misfits
            if is_empty and declaration.keyword == "struct":
                what = f"struct `{name}` has no fields"
                self._error(declaration.line, what, "give it at least one")
                self._source.edits.append((declaration.body, declaration.body, stand_in(0)))
            for member in declaration.members:
                self._check_field(declaration, member)

    def _check_union(self, declaration: Declaration, name: str) -> None:
        sources = self._source.closure()
        keywords = {each.keyword for source in sources for each in source.scan.declarations}
        if "rpc_service" in keywords:
            what = f"`{name}` is a union, which a link does not support"
            instead = "write a table with an enum that says which of its fields are present"
        else:
            what = f"`{name}` is a union, which cannot be part of a fixed layout"
            instead = "write a struct with an enum that says which of its fields are valid"
        self._error(declaration.line, what, instead)

    def _check_misfit(self, misfit: Misfit) -> None:
        """Reports a field written in C's order. Other errors in a struct are left to flatc."""
        text = self._source.text[misfit.start : misfit.end]
        match = re.fullmatch(r"([\w.]+)\s+(\w+)\s*(\[\s*\d+\s*\])?\s*;", text)
        if not match:
            return
        type_, name, length = match.groups()
        if length:
            type_ = f"[{type_}:{length.strip('[] ')}]"
        what = f"`{' '.join(text.split())}` is not valid field syntax"
        self._error(misfit.line, what, f"write {name}: {type_};")
        replacement = f"evo_stand_in_c_{misfit.start}_:ubyte;"
        self._source.edits.append((misfit.start, misfit.end, replacement))

    def _check_enum(self, declaration: Declaration, name: str) -> None:
        type_ = declaration.type
        if any(use.name == "bit_flags" for use in declaration.attributes):
            unsigned = type_ and _UNSIGNED.get(type_.text)
            if type_ and unsigned:
                what = f"flags enum `{name}` has the signed type `{type_.text}`"
                self._error(declaration.line, what, f"write {unsigned}")
                self._source.edits.append((type_.start, type_.end, unsigned))
        if not declaration.members and not declaration.misfits:
            # flatc would add a value NONE.
            what = f"enum `{name}` has no values"
            self._error(declaration.line, what, "add at least one, such as `Unknown = 0`")
        instead = "write an integer type after the name, such as `: ubyte`"
        if not type_:
            self._error(declaration.line, f"enum `{name}` has no type", instead)
            self._source.edits.append((declaration.name_end, declaration.name_end, ": long"))
        elif type_.text not in _ENUM_TYPES:
            what = f"enum `{name}` has type `{type_.text}`"
            self._error(declaration.line, what, instead)
            self._source.edits.append((type_.start, type_.end, "long"))

    def _check_field(self, declaration: Declaration, member: Member) -> None:
        is_table = declaration.keyword == "table"
        for use in member.attributes:
            if use.name not in BUILTIN_ATTRIBUTES:
                continue
            if is_table and use.name in _TABLE_FIELD_ATTRIBUTES:
                continue
            what = f"attribute `{use.name}` has no meaning on a field of a {declaration.keyword}"
            self._error(use.line, what, "remove it")
            if use.name == "deprecated":
                self._replace(declaration, member)
        problem = (_table_type_problem if is_table else _type_problem)(member.type)
        if problem:
            what, instead = problem
            self._error(member.line, f"`{member.name}` is {what}", instead)
            self._source.edits = [
                edit for edit in self._source.edits if not member.start <= edit[0] < member.end
            ]
            self._replace(declaration, member)

    def _replace(self, declaration: Declaration, member: Member) -> None:
        """Replaces a reported field, so that flatc continues after it."""
        replacement = stand_in(declaration.members.index(member))
        self._source.edits.append((member.start, member.end, replacement))


def _type_problem(tokens: tuple[Token, ...]) -> tuple[str, str] | None:
    text = "".join(token.text for token in tokens)
    if text == "string":
        return "a string, which has no fixed size", "write a fixed-length array: [ubyte:64]"
    if re.fullmatch(r"\[[^\[\]:]*\]", text):
        return "a vector, which has no fixed size", f"write a fixed-length array: {text[:-1]}:16]"
    if text.startswith("[["):
        return "an array of arrays", "wrap the inner array in a struct"
    return None


def _table_type_problem(tokens: tuple[Token, ...]) -> tuple[str, str] | None:
    text = "".join(token.text for token in tokens)
    if text.startswith("[["):
        return "a vector of vectors", "wrap the inner vector in a table"
    array = re.fullmatch(r"(\[[^\[\]:]*):[^\[\]:]*\]", text)
    if array:
        return "a fixed-length array, which a table cannot hold", f"write a vector: {array[1]}]"
    return None


def stand_in(index: int) -> str:
    """Returns a field that flatc accepts in place of a reported one."""
    return f"evo_stand_in_{index}_:ubyte;"


def is_stand_in(name: str) -> bool:
    """Whether a field only replaces a reported one."""
    return name.startswith("evo_stand_in_")
