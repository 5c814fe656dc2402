# SPDX-License-Identifier: Apache-2.0
"""Finds the line of each element in the text of a schema.

Only `flatc` decides the meaning of a schema. But its binary output has no line numbers, it stops at
its first error, and it does not know our attributes. This scanner reads the same text tolerantly
and records the place of each declaration, member, attribute and include.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

_TOKEN = re.compile(
    r"""(?P<blank>\s+|//[^\n]*|/\*.*?\*/)
      |(?P<word>[A-Za-z_][A-Za-z0-9_.]*)
      |(?P<number>[-+]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?))
      |(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
      |(?P<mark>.)""",
    re.VERBOSE | re.DOTALL,
)

_TYPE_KEYWORDS = ("struct", "table", "enum", "union", "rpc_service")


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int
    line: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(frozen=True)
class AttributeUse:
    """`name`, `name: 4`, `name: "text"`; `value` has the tokens after the colon."""

    name: str
    line: int
    value: tuple[Token, ...]
    equals: Token | None = None  # where a colon should be


@dataclass(frozen=True)
class Member:
    """A field, an enumerator or a method, `[start, end)` in the text."""

    name: str
    line: int
    start: int
    end: int
    type: tuple[Token, ...]
    attributes: tuple[AttributeUse, ...]
    default: Token | None = None  # of a field


@dataclass(frozen=True)
class Misfit:
    """Text in the place of a member that is not one, `[start, end)` in the text."""

    line: int
    start: int
    end: int


@dataclass(frozen=True)
class Declaration:
    """`keyword name : type (attributes) { members }`, `[start, end)` in the text."""

    keyword: str
    name: str  # with its namespace
    line: int
    start: int
    end: int
    name_end: int
    type: Token | None  # of an enum
    attributes: tuple[AttributeUse, ...]
    body: int  # after the opening brace
    members: tuple[Member, ...]
    misfits: tuple[Misfit, ...]
    namespace_line: int  # its own line, if it is outside all namespaces

    @cached_property
    def members_by_name(self) -> dict[str, Member]:
        """The first member of each name."""
        return {member.name: member for member in reversed(self.members)}


@dataclass(frozen=True)
class Include:
    """`include "name";`, with the place of the string in the text."""

    name: str
    line: int
    start: int
    end: int


@dataclass
class Scan:
    """Everything that the scanner found in one file."""

    includes: list[Include] = field(default_factory=list)
    declared_attributes: set[str] = field(default_factory=set)
    declarations: list[Declaration] = field(default_factory=list)
    other_keywords: list[tuple[str, int]] = field(default_factory=list)


def scan(text: str) -> Scan:
    """Reads a schema. Invalid text is skipped: flatc will report it."""
    return _Parser(_tokens(text)).parse()


def unquote(text: str) -> str:
    """Returns the contents of a string token, with simple escapes resolved."""
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _tokens(text: str) -> list[Token]:
    tokens = []
    line = 1
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "mark"
        if kind != "blank":
            tokens.append(Token(kind, match.group(), match.start(), line))
        line += match.group().count("\n")
    return tokens


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        end = tokens[-1].end if tokens else 0
        last_line = tokens[-1].line if tokens else 1
        self._tokens = tokens
        self._end = Token("end", "", end, last_line)
        self._next = 0
        self._namespace = ""
        self._namespace_line = 0
        self._scan = Scan()

    def parse(self) -> Scan:
        while self._peek().kind != "end":
            self._top_level(self._take())
        return self._scan

    def _peek(self) -> Token:
        return self._tokens[self._next] if self._next < len(self._tokens) else self._end

    def _take(self) -> Token:
        token = self._peek()
        self._next += 1
        return token

    def _take_if(self, text: str) -> bool:
        if self._peek().text == text and self._peek().kind != "string":
            self._next += 1
            return True
        return False

    def _skip_past(self, *stops: str) -> None:
        while self._peek().kind != "end" and self._take().text not in stops:
            pass

    def _top_level(self, token: Token) -> None:
        if token.text == "include" and self._peek().kind == "string":
            name = self._take()
            include = Include(unquote(name.text), token.line, name.start, name.end)
            self._scan.includes.append(include)
        elif token.text == "namespace":
            named = self._peek().kind == "word"
            self._namespace = self._take().text if named else ""
            self._namespace_line = token.line
        elif token.text == "attribute" and self._peek().kind in ("string", "word"):
            name = self._take()
            quoted = name.kind == "string"
            self._scan.declared_attributes.add(unquote(name.text) if quoted else name.text)
        elif token.text in _TYPE_KEYWORDS and self._peek().kind == "word":
            self._declaration(token)
            return
        elif token.kind == "word":
            self._scan.other_keywords.append((token.text, token.line))
        else:
            return
        self._skip_past(";")

    def _declaration(self, keyword: Token) -> None:
        name = self._take()
        type_ = self._take() if self._take_if(":") else None
        attributes = self._attributes()
        members: list[Member] = []
        misfits: list[Misfit] = []
        end = body = self._peek().end
        if self._take_if("{"):
            read = _READERS.get(keyword.text, _Parser._field)
            while self._peek().kind != "end":
                end = self._peek().end
                if self._take_if("}"):
                    break
                first = self._peek()
                member = read(self)
                if member:
                    members.append(member)
                else:
                    end = self._tokens[self._next - 1].end
                    misfits.append(Misfit(first.line, first.start, end))
        self._scan.declarations.append(
            Declaration(
                keyword=keyword.text,
                name=f"{self._namespace}.{name.text}" if self._namespace else name.text,
                line=name.line,
                start=keyword.start,
                end=end,
                name_end=name.end,
                type=type_,
                attributes=attributes,
                body=body,
                members=tuple(members),
                misfits=tuple(misfits),
                namespace_line=self._namespace_line if self._namespace else name.line,
            )
        )

    def _field(self) -> Member | None:
        name = self._take()
        if name.kind != "word" or not self._take_if(":"):
            self._skip_member(";")
            return None
        type_tokens = []
        while self._peek().kind != "end" and self._peek().text not in (";", "=", "(", "}"):
            type_tokens.append(self._take())
        default = self._take() if self._take_if("=") else None
        attributes = self._attributes()
        end = self._skip_member(";")
        type_ = tuple(type_tokens)
        return Member(name.text, name.line, name.start, end, type_, attributes, default)

    def _enumerator(self) -> Member | None:
        name = self._take()
        if name.kind != "word":
            self._skip_member(",")
            return None
        if self._take_if("="):
            self._take()
        attributes = self._attributes()
        end = self._skip_member(",")
        return Member(name.text, name.line, name.start, end, (), attributes)

    def _method(self) -> Member | None:
        """Reads `name(request): reply (attributes);`; its type is those two words."""
        name = self._take()
        if name.kind != "word" or not self._take_if("("):
            self._skip_member(";")
            return None
        types = []
        while self._peek().kind != "end" and self._peek().text not in (";", "}"):
            if self._peek().kind == "word":
                types.append(self._take())
            elif self._peek().text == "(":
                break
            else:
                self._take()
        attributes = self._attributes()
        end = self._skip_member(";")
        return Member(name.text, name.line, name.start, end, tuple(types), attributes)

    def _skip_member(self, separator: str) -> int:
        """Skips past the separator, or to the closing brace; returns that position."""
        end = self._peek().start
        while self._peek().kind != "end" and self._peek().text != "}":
            token = self._take()
            end = token.end
            if token.text == separator:
                break
        return end

    def _attributes(self) -> tuple[AttributeUse, ...]:
        if not self._take_if("("):
            return ()
        uses = []
        while self._peek().kind != "end" and not self._take_if(")"):
            name = self._take()
            if name.kind not in ("word", "string"):
                continue
            value = []
            equals = self._peek() if self._peek().text == "=" else None
            if self._take_if(":") or self._take_if("="):
                while self._peek().kind != "end" and self._peek().text not in (",", ")"):
                    value.append(self._take())
            text = unquote(name.text) if name.kind == "string" else name.text
            uses.append(AttributeUse(text, name.line, tuple(value), equals))
        return tuple(uses)


_READERS = {
    "enum": _Parser._enumerator,
    "union": _Parser._enumerator,
    "rpc_service": _Parser._method,
}
