# SPDX-License-Identifier: Apache-2.0
"""Checks the names of declarations, namespaces and members against C++."""

from __future__ import annotations

from evo_codegen.diagnostics import Diagnostics, Location
from evo_codegen.ir import Declared, Member
from evo_codegen.names import (
    CPP_NAMESPACES,
    GENERATED_FUNCTIONS,
    problem_with,
    problem_with_outermost,
)

_LONGEST_FULL_NAME = 200


def check_name(
    name: str, location: Location, diagnostics: Diagnostics, outermost: str | None = None
) -> bool:
    """`outermost`: the kind of the name, if it is outside all namespaces."""
    problem = problem_with_outermost(name, outermost) if outermost else problem_with(name)
    if problem:
        diagnostics.error(location, *problem)
    return problem is None


def check_case(
    names: dict[str, str], name: str, location: Location, what: str, diagnostics: Diagnostics
) -> None:
    """Reports a name that differs only in case from one of `names`, and adds it to them."""
    other = names.setdefault(name.casefold(), name)
    if other != name:
        diagnostics.error(
            location, f"{what} `{other}` and `{name}` differ only in case", "rename one of them"
        )


def check_commented(
    holder: Declared | Member, what: str, diagnostics: Diagnostics
) -> None:
    """Reports a declaration or member without a doc comment."""
    if not any(line.strip() for line in holder.documentation):
        diagnostics.error(
            holder.location,
            f"{what} `{holder.name}` has no doc comment",
            "describe it with /// on the line above",
        )


def check_declared_name(declared: Declared, diagnostics: Diagnostics) -> None:
    """Checks the name of a declaration and those of its namespaces."""
    outermost = None if declared.namespace else "type"
    check_name(declared.name, declared.location, diagnostics, outermost)
    if len(declared.full_name) > _LONGEST_FULL_NAME:
        diagnostics.error(
            declared.location,
            f"`{declared.full_name}` has {len(declared.full_name)} characters",
            f"shorten it or its namespaces to {_LONGEST_FULL_NAME}",
        )
    _check_namespace(declared, diagnostics)


def _check_namespace(declared: Declared, diagnostics: Diagnostics) -> None:
    namespace = declared.namespace
    location = declared.namespace_location
    for index, part in enumerate(namespace):
        if part in CPP_NAMESPACES and (index > 0 or part != "evo"):
            diagnostics.error(
                location,
                f"namespace `{'.'.join(namespace)}` has a part `{part}`, which would hide the "
                f"namespace that generated code uses",
                "rename that part" + (", or put it first" if part == "evo" else ""),
            )
        elif part in GENERATED_FUNCTIONS:
            diagnostics.error(
                location,
                f"namespace `{'.'.join(namespace)}` has a part `{part}`, which is a function "
                f"that generated code declares",
                "rename that part",
            )
        else:
            check_name(part, location, diagnostics, "namespace" if index == 0 else None)
    if namespace == ("evo",):
        diagnostics.error(
            location,
            "namespace `evo` itself is reserved for the runtime",
            f"write namespace evo.{declared.file.split('.')[0]}, or one of your own",
        )
    elif namespace[:2] == ("evo", "detail"):
        diagnostics.error(
            location,
            "namespace `evo.detail` is reserved for the runtime",
            "use another one",
        )
