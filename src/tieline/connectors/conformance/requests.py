"""Whether a request is what its block describes: every given input at its place, and nothing that nobody asked for."""

from __future__ import annotations

from collections.abc import Mapping
from email import message_from_bytes
from email.policy import HTTP
from typing import Any, Final

from msgspec import UNSET, Struct, field

from tieline.connectors.conformance.messages import Received
from tieline.connectors.conformance.paging import paging_of, path_values, values_in_path
from tieline.connectors.conformance.samples import value_problem
from tieline.connectors.manifest.model import Block, Input, Manifest
from tieline.connectors.runtime import coerce

_USUAL: Final = frozenset(
    ("host", "user-agent", "accept", "accept-encoding", "content-type", "content-length", "connection", "cookie")
)


class Carried(Struct):
    """Names that the auth method adds to requests; ``any_header``: it signs with headers of its own."""

    query: set[str] = field(default_factory=set)
    headers: set[str] = field(default_factory=set)
    cookies: set[str] = field(default_factory=set)
    form: set[str] = field(default_factory=set)
    any_header: bool = False
    any_cookie: bool = False


def problems(
    received: Received, block: Block, manifest: Manifest, base: str, given: Mapping[str, Any], carried: Carried
) -> list[str]:
    """What is wrong with a request; empty when nothing is."""
    found: list[str] = []
    if received.method != block.method.upper():
        found.append(f"the method is {received.method}, not {block.method.upper()}")
    if values_in_path(block, base, received.path) is None:
        return [*found, f"the path {received.path!r} does not fit {block.path!r}"]
    found += _inputs(received, block, manifest, base, given)
    found += _extra(received, block, manifest, given, carried)
    for name, value in block.headers.items():
        if received.headers.get(name.lower()) != value and name.lower() != "accept":
            found.append(f"the constant header {name!r} is missing")
    return found


def _inputs(received: Received, block: Block, manifest: Manifest, base: str, given: Mapping[str, Any]) -> list[str]:
    found = []
    paths = path_values(received, block, base)
    body = received.data() if received.content_type != "multipart/form-data" else multipart(received)
    paging = paging_of(block, manifest)
    moved = {paging.param, paging.size_param} if paging.style != "none" else set()
    if block.incremental is not UNSET:
        moved |= {block.incremental.param, block.incremental.sort_param}
    for spec in block.inputs:
        if spec.read_only or spec.id not in given or (spec.name or spec.id) in moved:
            continue
        name, value = spec.name or spec.id, given[spec.id]
        if block.transport == "soap" and spec.location != "path":
            continue  # they are in the envelope, its headers too
        match spec.location:
            case "path":
                ok = name not in paths or _holds(paths[name], value)
            case "query":
                ok = _in_pairs(received.query, name, value)
            case "header":
                ok = name.lower() in received.headers and _holds(received.headers[name.lower()], value)
            case "cookie":
                ok = _holds(received.cookies.get(name, ""), value)
            case _:
                if block.transport == "graphql" and not name.startswith("/variables/"):
                    continue
                problem = _in_body(received, block, spec, body, value, manifest)
                if problem:
                    found.append(problem)
                continue
        if not ok:
            found.append(f"the input {spec.id!r} is not at {name!r} in the {spec.location}")
    return found


def _in_body(received: Received, block: Block, spec: Input, body: Any, value: Any, manifest: Manifest) -> str:
    name = spec.name or spec.id
    if isinstance(body, dict) and received.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        flat = name.strip("/").replace("/", ".")
        pairs = [(key, text) for key, texts in body.items() for text in texts]
        if spec.location == "body" and spec.name in ("", "/") and isinstance(value, dict):
            fine = all(_in_pairs(pairs, key, entry) for key, entry in value.items())
        elif spec.location == "file" or spec.type == "file":
            fine = any(key in (name, flat, name.strip("/")) for key, _ in pairs)
        else:
            fine = any(_in_pairs(pairs, key, value) for key in {name, flat, name.strip("/")})
        return "" if fine else f"the input {spec.id!r} is not at {name!r} in the form"
    if block.body_type in ("binary", "text", "xml"):
        return "" if received.body else f"the input {spec.id!r} is not the body"
    whole = spec.location == "body" and spec.name in ("", "/")
    at = body if whole else _pointer(body, name)
    if whole and isinstance(value, dict) and isinstance(at, dict):
        at = {key: entry for key, entry in at.items() if key in value}
        value = {key: entry for key, entry in value.items() if key in at or not _overlaid(block, key)}
    if at != value and not _holds(str(at), value):
        return f"the input {spec.id!r} is not at {name!r} in the body"
    if problem := value_problem(at, spec.schema, manifest.schemas):
        return f"the input {spec.id!r} does not fit its schema in the body: it {problem}"
    return ""


def _overlaid(block: Block, key: str) -> bool:
    """Whether another input writes into the same member of a whole body."""
    return any(spec.name.strip("/").split("/")[0] == key for spec in block.inputs if spec.name.strip("/"))


def _extra(
    received: Received, block: Block, manifest: Manifest, given: Mapping[str, Any], carried: Carried
) -> list[str]:
    paging = paging_of(block, manifest)
    moving = {paging.param: paging.location, paging.size_param: paging.size_location}
    if block.incremental is not UNSET:
        moving |= {block.incremental.param: block.incremental.location}
        moving |= {block.incremental.sort_param: block.incremental.location}

    def allowed(location: str) -> set[str]:
        names = {name for name, where in moving.items() if name and where == location}
        for spec in block.inputs:
            if spec.location == location:
                names.add(spec.name or spec.id)
                if isinstance(value := given.get(spec.id), dict):
                    names |= set(value)
        return names

    constant = {pair.partition("=")[0] for pair in block.path.partition("?")[2].split("&") if pair}
    known = allowed("query") | constant | carried.query | {"tl_cursor"}
    found = [
        f"the query has {name!r}, which is no parameter of the block"
        for name in dict.fromkeys(name for name, _ in received.query)
        if name not in known and name.partition("[")[0] not in known
    ]
    idempotency = manifest.idempotency if block.idempotency is UNSET else block.idempotency
    headers = _USUAL | {name.lower() for name in allowed("header") | set(block.headers) | carried.headers}
    if idempotency is not UNSET and idempotency.kind == "header" and block.writes:
        headers |= {idempotency.header.lower()}
    if block.transport == "soap":
        headers |= {"soapaction"}
    if not carried.any_header:
        found += [f"the header {name!r} is none of the block's" for name in received.headers if name not in headers]
    if not carried.any_cookie:
        found += [
            f"the cookie {name!r} is none of the block's"
            for name in received.cookies
            if name not in allowed("cookie") | carried.cookies
        ]
    return found


def _pointer(body: Any, name: str) -> Any:
    for part in name.removeprefix("/").split("/"):
        part = part.replace("~1", "/").replace("~0", "~")
        if isinstance(body, dict):
            body = body.get(part)
        elif isinstance(body, list) and (part.isdigit() or part == "-") and body:
            body = body[-1] if part == "-" else body[min(int(part), len(body) - 1)]
        else:
            return None
    return body


def _in_pairs(pairs: list[tuple[str, str]], name: str, value: Any) -> bool:
    """Whether a list of names and texts holds a value, in whatever style."""
    names = {key for key, _ in pairs}
    if isinstance(value, dict):
        return name in names or any(key.startswith(f"{name}[") for key in names) or set(value) & names != set()
    texts = [text for key, text in pairs if key == name or key.startswith(f"{name}[")]
    if isinstance(value, list):
        return not value or any(_holds(text, value[0]) for text in texts)
    return any(_holds(text, value) for text in texts)


def _holds(text: str, value: Any) -> bool:
    """Whether the text stands for the value, alone or joined with others of a list."""
    if isinstance(value, list | dict):
        entries = list(value) if isinstance(value, list) else list(value.values())
        return not entries or coerce.text(entries[0]) in text
    wanted = coerce.text(value)
    return text == wanted or text.endswith((wanted, "=" + wanted)) or wanted in text.split(",")


def multipart(received: Received) -> dict[str, list[str]]:
    """Names and texts of a multipart form."""
    head = f"content-type: {received.headers.get('content-type', '')}\r\n\r\n".encode()
    parsed = message_from_bytes(head + received.body, policy=HTTP)
    found: dict[str, list[str]] = {}
    for part in parsed.iter_parts() if parsed.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        found.setdefault(str(name), []).append(content.decode("utf-8", "replace") if isinstance(content, bytes) else "")
    return found
