# SPDX-License-Identifier: Apache-2.0
"""The changes of a channel's layout that the schema lock allows.

The rules for a layout that differs from the last released one:
  - fields, or methods of a link, appended at the end, all else unchanged: the minor version must
    increase;
  - anything else: the major version must increase.
A released version never changes its layout.
"""

from __future__ import annotations

from evo_codegen.attributes import where
from evo_codegen.diagnostics import Diagnostics
from evo_codegen.ir import Segment, Service, StructType, Version
from evo_codegen.releases import Release
from evo_codegen.schema_lock import Channel, SchemaLock, kind_of, present_release

__all__ = ["SchemaLock", "check_evolution", "compatible_releases", "present_release"]


def compatible_releases(channel: Channel, lock: SchemaLock) -> list[Release]:
    """Returns the released layouts of this major version to which the current one only appends."""
    present = present_release(channel)
    return [
        each
        for each in lock.releases(channel.name, kind_of(channel))
        if each.version.major == present.version.major
        and each.version < present.version
        and each.is_prefix_of(present)
    ]


def check_evolution(channel: Channel, lock: SchemaLock, diagnostics: Diagnostics) -> None:
    """Compares the current layout with the released ones."""
    releases = lock.releases(channel.name, kind_of(channel))
    present = present_release(channel)
    if not releases or present in releases:
        return
    newest = releases[-1]
    same = [each for each in releases if each.version == present.version]
    before = same[0] if same else newest
    location = where(_declaration(channel), "version")
    if before.lines == present.lines:
        if present.version > newest.version:
            return
        needed = Version(newest.version.major, newest.version.minor + 1)
    elif newest.is_prefix_of(present):
        if present.version > newest.version:
            return
        needed = Version(newest.version.major, newest.version.minor + 1)
    else:
        if present.version.major > newest.version.major:
            return
        needed = Version(newest.version.major + 1, 0)
    changes = "; ".join(before.changes_to(present)) or "only in its version number"
    diagnostics.error(
        location,
        f"{kind_of(channel)} `{channel.name}` differs from its version {before.version} in "
        f"{lock.path.name}: {changes}",
        f'write version: "{needed}", or undo the change',
    )


def _declaration(channel: Channel) -> StructType | Service:
    return channel.struct if isinstance(channel, Segment) else channel.service
