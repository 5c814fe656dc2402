# SPDX-License-Identifier: Apache-2.0
"""Reads the attributes of a service and of its methods: a link."""

from __future__ import annotations

from evo_codegen.attributes import (
    AttributeReader,
    byte_size,
    duration_ns,
    integer,
    layout_version,
    module_name,
    modules,
    one_of,
    segment_name,
)
from evo_codegen.diagnostics import Diagnostics
from evo_codegen.ir import Call, Link, Method, Service, Streaming, Version

_KIB = 1 << 10
_MIB = 1 << 20
_MOST_CLIENTS = 1024
_MOST_WARM_CLIENTS = 64  # by default


def read_link(service: Service, diagnostics: Diagnostics) -> Link | None:
    """Reads the attributes of a link's service; returns None if one of them is wrong."""
    attributes = AttributeReader(service, diagnostics)
    read = attributes.read
    max_clients = read("max_clients", integer(1, _MOST_CLIENTS), 64)
    warm_clients = min(_MOST_WARM_CLIENTS, max_clients)
    methods = [
        _read_method(call, number, diagnostics) for number, call in enumerate(service.calls, 1)
    ]
    link = Link(
        service=service,
        name=read("link", segment_name, ""),
        owner=read("owner", module_name, ""),
        clients=read("clients", modules("client"), ()),
        max_clients=max_clients,
        warm_clients=read("warm_clients", integer(0, _MOST_CLIENTS), warm_clients),
        ring=read("ring", byte_size(4 * _KIB, 16 * _MIB, power_of_two=True), 64 * _KIB),
        max_message=read("max_message", byte_size(1, 10 * _MIB), _MIB),
        checksum=read("checksum", one_of("none", "crc32c"), "crc32c"),
        access=read("access", one_of("owner", "group"), "owner"),
        version=read("version", layout_version, Version(1, 0)),
        methods=tuple(method for method in methods if method),
    )
    _check_together(link, attributes)
    return None if attributes.wrong or None in methods else link


def _read_method(call: Call, number: int, diagnostics: Diagnostics) -> Method | None:
    attributes = AttributeReader(call, diagnostics)
    read = attributes.read
    method = Method(
        call=call,
        number=number,
        deadline_ns=read("deadline", duration_ns, 0),
        idempotent=attributes.has("idempotent"),
        streaming=Streaming(read("streaming", one_of("server", "client", "bidi"), "none")),
    )
    return None if attributes.wrong else method


def _check_together(link: Link, attributes: AttributeReader) -> None:
    """Reports attributes that do not go together."""
    if not attributes.has("owner"):
        attributes.complain(
            "owner",
            f"link `{link.service.attributes['link'].value}` has no owner",
            'add owner: "MODULE", the one module that may serve it',
        )
    if attributes.has("warm_clients") and link.warm_clients > link.max_clients:
        attributes.complain(
            "warm_clients",
            f"warm_clients is {link.warm_clients}, but max_clients is {link.max_clients}",
            f"write at most {link.max_clients}, or increase max_clients",
        )
