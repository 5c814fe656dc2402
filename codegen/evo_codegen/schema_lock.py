# SPDX-License-Identifier: Apache-2.0
"""The file of the schema lock: every released layout of each channel."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Union

from evo_codegen.attributes import BadValue, layout_version
from evo_codegen.diagnostics import BrokenLock
from evo_codegen.ir import Link, Segment, Version
from evo_codegen.layout import canonical_lines
from evo_codegen.link_layout import link_lines
from evo_codegen.link_releases import LinkRelease
from evo_codegen.releases import Release, SegmentRelease

LOCK_FORMAT = 1

Channel = Union[Segment, Link]
_Releases = dict[str, list[Release]]  # by the name of the channel, oldest version first

_RELEASE_TYPES: dict[str, type[Release]] = {"segment": SegmentRelease, "link": LinkRelease}


def kind_of(channel: Channel) -> str:
    """Returns the kind of the channel in messages and in the lock."""
    return "segment" if isinstance(channel, Segment) else "link"


def present_release(channel: Channel) -> Release:
    if isinstance(channel, Segment):
        return SegmentRelease(channel.version, tuple(canonical_lines(channel.struct)))
    return LinkRelease(channel.version, tuple(link_lines(channel)))


class SchemaLock:
    """The releases of each channel, by its kind: `segment` or `link`."""

    def __init__(self, path: Path, releases: dict[str, _Releases]) -> None:
        self.path = path
        self._releases = releases

    @classmethod
    def read(cls, path: Path) -> SchemaLock:
        """Reads a lock file; BrokenLock says what is wrong with it."""
        try:
            text = path.read_text("utf-8")
            _refuse_conflict(path, text)
            document = json.loads(text, object_pairs_hook=_without_duplicates)
            if document["format"] != LOCK_FORMAT:
                raise BrokenLock(
                    path,
                    f"the schema lock has format {document['format']}",
                    f"use the generator that wrote it; this one supports format {LOCK_FORMAT}",
                )
            # A lock from before there were links has none.
            sections = {"segment": document["segments"], "link": document.get("links", {})}
            releases = {
                kind: {
                    name: _releases(path, f"{kind} `{name}`", [_release(kind, e) for e in entries])
                    for name, entries in section.items()
                }
                for kind, section in sections.items()
            }
        except json.JSONDecodeError as error:
            raise BrokenLock(
                path,
                f"the schema lock is not JSON: {error.msg}",
                "restore it from version control",
                error.lineno,
            ) from error
        except (
            ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, BadValue
        ) as error:
            raise BrokenLock(
                path,
                f"the schema lock is damaged: {error}",
                "restore it from version control",
            ) from error
        return cls(path, releases)

    @classmethod
    def empty(cls, path: Path) -> SchemaLock:
        return cls(path, {})

    def releases(self, name: str, kind: str = "segment") -> list[Release]:
        return self._releases.get(kind, {}).get(name, [])

    def with_current(self, channels: Iterable[Channel]) -> SchemaLock:
        """Returns the lock with the current layouts recorded as released."""
        releases = {kind: dict(self._releases.get(kind, {})) for kind in _RELEASE_TYPES}
        for channel in channels:
            kind, name = kind_of(channel), channel.name
            present = present_release(channel)
            kept = [each for each in self.releases(name, kind) if each != present]
            releases[kind][name] = sorted([*kept, present], key=lambda each: each.version)
        return SchemaLock(self.path, releases)

    def text(self) -> str:
        """Returns the contents of the file."""
        document: dict[str, object] = {"format": LOCK_FORMAT}
        for kind in _RELEASE_TYPES:
            releases = self._releases.get(kind, {})
            if releases or kind == "segment":
                document[f"{kind}s"] = _section(releases)
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _section(releases: _Releases) -> dict[str, object]:
    return {
        name: [
            {"version": str(each.version), "id": each.id, "layout": list(each.lines)}
            for each in entries
        ]
        for name, entries in sorted(releases.items())
    }


def _refuse_conflict(path: Path, text: str) -> None:
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"(<{7}|={7}|>{7}|\|{7})( |$)", line):
            raise BrokenLock(
                path,
                "the schema lock contains a merge conflict marker",
                "keep the versions released on either side, then remove the markers",
                number,
            )


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f'"{key}" appears twice, probably after a bad merge')
        found[key] = value
    return found


def _releases(path: Path, channel: str, releases: list[Release]) -> list[Release]:
    """Returns the releases in the order of their versions, none of them twice."""
    by_version: dict[Version, Release] = {}
    for release in releases:
        if release.version in by_version:
            is_same = by_version[release.version] == release
            same = "the same layout" if is_same else "different layouts"
            raise BrokenLock(
                path,
                f"the schema lock has version {release.version} of {channel} twice, with "
                f"{same}, probably after a bad merge",
                "keep the released one, and give the other a version of its own",
            )
        by_version[release.version] = release
    return [by_version[version] for version in sorted(by_version)]


def _release(kind: str, entry: dict[str, object]) -> Release:
    lines = entry["layout"]
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise ValueError("a layout is not a list of lines")
    version = layout_version(str(entry["version"]))
    release = _RELEASE_TYPES[kind](version, tuple(lines))
    release.check()
    if release.id != entry["id"]:
        raise ValueError(f"id {entry['id']} does not match its layout")
    return release
