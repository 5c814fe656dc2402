# SPDX-License-Identifier: Apache-2.0
"""The command line: reads, checks, writes."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from evo_codegen.collisions import validate_together
from evo_codegen.diagnostics import BrokenLock, Diagnostics, MissingTool, UsageError
from evo_codegen.emit import render, render_bfbs
from evo_codegen.emit_links import LinkParts
from evo_codegen.evolution import check_evolution, compatible_releases
from evo_codegen.front_end import read_schemas
from evo_codegen.inventory import compare_inventories, inventory_text
from evo_codegen.ir import Link, Schema, Segment, Service, StructType
from evo_codegen.link_validate import validate_links
from evo_codegen.outputs import depfile_text, differences, write_changed
from evo_codegen.pages import page_name, render_page
from evo_codegen.schema_lock import Channel, SchemaLock
from evo_codegen.validate import validate
from evo_codegen.wire import wire_lines

_DESCRIPTION = "Generates a C++ header, and optionally a reference page, from each schema."
_EPILOG = "Exit code: 0; 1 with a line for each error and nothing written; 2 for wrong usage."


def main(arguments: list[str]) -> int:
    """Runs the generator; returns its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.update_lock and not options.lock:
        parser.error("--update-lock needs --lock FILE")
    if options.check and options.stamp:
        parser.error("--check writes nothing, so it cannot be used with --stamp")
    if options.depfile and not options.stamp:
        parser.error("--depfile needs --stamp FILE, which it names as the target")
    try:
        return _run(options, arguments)
    except UsageError as error:
        parser.error(str(error))
    except MissingTool as error:
        print(f"evo_codegen: {error}", file=sys.stderr)
        return 1
    except BrokenLock as error:
        print(error.diagnostic, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"evo_codegen: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("evo_codegen", description=_DESCRIPTION, epilog=_EPILOG)
    add = parser.add_argument
    add("schemas", nargs="+", type=Path, metavar="SCHEMA", help="a .fbs file")
    add("--output-dir", type=Path, default=Path("."), metavar="DIR", help="default: .")
    add("--docs-dir", type=Path, metavar="DIR", help="write a reference page for each schema here")
    add(
        "-I",
        dest="include_directories",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="also search for includes here",
    )
    add("--lock", type=Path, metavar="FILE", help="compare with the released layouts")
    add("--update-lock", action="store_true", help="record the current layouts as released")
    add("--check", action="store_true", help="write nothing; fail with a diff if outdated")
    add("--remedy", metavar="COMMAND", help="the command that --check suggests")
    add("--flatc", default="flatc", metavar="PROGRAM", help="default: flatc")
    add("--inventory", type=Path, metavar="FILE", help="list the segments and links")
    add(
        "--compare-inventories",
        action="store_true",
        help="only compare inventories of earlier runs, given instead of schemas",
    )
    add("--depfile", type=Path, metavar="FILE", help="write the dependencies of the output")
    add(
        "--depend-on-headers",
        action="store_true",
        help="also list the headers in the depfile, for a tool that does not know them as outputs",
    )
    add("--stamp", type=Path, metavar="FILE", help="touch this on success")
    return parser


def _read_lock(options: argparse.Namespace) -> SchemaLock | None:
    if not options.lock:
        return None
    if options.lock.is_file():
        return SchemaLock.read(options.lock)
    if options.update_lock:
        return SchemaLock.empty(options.lock)
    raise UsageError(f"{options.lock}: no such schema lock; --update-lock creates one")


def _report(difference: str, options: argparse.Namespace, arguments: list[str]) -> int:
    if not difference:
        return 0
    print(difference, end="")
    sys.stdout.flush()
    again = [argument for argument in arguments if argument != "--check"]
    command = options.remedy or f"python3 -m evo_codegen {shlex.join(again)}"
    print(f"evo_codegen: the generated files are out of date; run: {command}", file=sys.stderr)
    return 1


def _texts(
    options: argparse.Namespace,
    schemas: list[Schema],
    segments: dict[StructType, Segment],
    links: dict[Service, Link],
    lock: SchemaLock | None,
) -> dict[Path, str]:
    """Returns the contents of each generated file."""
    compatible = {
        struct: compatible_releases(segment, lock) if lock else []
        for struct, segment in segments.items()
    }
    compatible_links = {
        service: compatible_releases(link, lock) if lock else []
        for service, link in links.items()
    }
    wire = wire_lines(schemas, options.flatc)
    texts: dict[Path, str] = {}
    for schema in schemas:
        parts = LinkParts(links, compatible_links, wire.get(schema.file, []))
        texts[options.output_dir / schema.header] = render(schema, segments, compatible, parts)
        texts[options.output_dir / schema.bfbs_header] = render_bfbs(schema)
        if options.docs_dir:
            page = render_page(schema, segments, compatible, links, compatible_links)
            texts[options.docs_dir / page_name(schema)] = page
    if lock and options.update_lock:
        texts[lock.path] = lock.with_current([*segments.values(), *links.values()]).text()
    return texts


def _run(options: argparse.Namespace, arguments: list[str]) -> int:
    diagnostics = Diagnostics()
    if options.compare_inventories:
        compare_inventories(options.schemas, diagnostics)
        if not _report_errors(diagnostics, []):
            return 1
        _finish(options, [])
        return 0
    lock = _read_lock(options)
    front = read_schemas(options.schemas, options.include_directories, options.flatc, diagnostics)
    segments = validate(front.schemas, diagnostics)
    links = validate_links(front.schemas, diagnostics)
    validate_together(front.schemas, diagnostics)
    if lock:
        channels: list[Channel] = [*segments.values(), *links.values()]
        for channel in channels:
            check_evolution(channel, lock, diagnostics)
    if not _report_errors(diagnostics, front.files):
        return 1

    texts = _texts(options, front.schemas, segments, links, lock)
    if options.check:
        return _report(differences(texts), options, arguments)
    headers = list(texts) if options.depend_on_headers else []
    if options.inventory:
        texts[options.inventory] = inventory_text(front.schemas)
    write_changed(texts)
    _finish(options, [*front.dependencies, *headers])
    return 0


def _report_errors(diagnostics: Diagnostics, files: list[str]) -> bool:
    """Prints the errors; returns True if there are none."""
    for diagnostic in diagnostics.in_order(files):
        print(diagnostic, file=sys.stderr)
    return not diagnostics


def _finish(options: argparse.Namespace, dependencies: list[Path]) -> None:
    """Writes the stamp and the depfile for the build tool."""
    if not options.stamp:
        return
    if options.depfile:
        write_changed({options.depfile: depfile_text(options.stamp, dependencies)})
    options.stamp.parent.mkdir(parents=True, exist_ok=True)
    options.stamp.touch()
