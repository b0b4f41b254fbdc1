"""Manifests written by hand for the misbehaving upstream, and clients for them."""

from __future__ import annotations

from typing import Any

from tieline.connectors.manifest.model import AuthMethod, Block, Input, Manifest, ObjectType, Paging, Server
from tieline.connectors.runtime import Account, Client, MemoryBudget, MemoryTokens, RetryPolicy
from tieline.security.egress import Egress, Policy, parse_allow

LOOPBACK = Policy(allow=parse_allow("127.0.0.0/8,::1"), total_timeout=20)
QUICK = RetryPolicy(base=0.02, longest=0.2)

# style of the upstream -> (paging, path of the records, path of the item, method)
STYLES: dict[str, tuple[Paging, str, str, str]] = {
    "page": (
        Paging(
            style="page",
            param="page",
            size_param="per_page",
            size=100,
            next="$.links.next",
            total="$.meta.total",
            total_pages="$.meta.last_page",
            stop=["no_next"],
        ),
        "$.data",
        "",
        "GET",
    ),
    "offset": (
        Paging(style="offset", param="offset", start=0, size_param="limit", size=100, total="$.total"),
        "$.items",
        "",
        "GET",
    ),
    "cursor": (
        Paging(
            style="cursor", param="cursor", size_param="limit", size=100, next="$.next_cursor", has_more="$.has_more"
        ),
        "$.items",
        "",
        "GET",
    ),
    "link": (Paging(style="link_header", size_param="per_page", size=100), "$", "", "GET"),
    "next-url": (
        Paging(style="next_url", next="$.links.next.href", size_param="limit", size=100),
        "$.data",
        "",
        "GET",
    ),
    "keyset": (
        Paging(style="keyset", param="starting_after", key="id", size_param="limit", size=100, has_more="$.has_more"),
        "$.data",
        "",
        "GET",
    ),
    "since": (
        Paging(style="keyset", param="updated_since", key="updated_at", size_param="limit", size=100),
        "$.items",
        "",
        "GET",
    ),
    "body-token": (
        Paging(
            style="cursor",
            param="pageToken",
            location="body",
            next="$.nextPageToken",
            size_param="pageSize",
            size_location="body",
            size=100,
        ),
        "$.items",
        "",
        "POST",
    ),
    "range": (
        Paging(
            style="offset",
            param="Range",
            location="header",
            start=0,
            size=100,
            total="Content-Range",
            total_in="header",
        ),
        "$",
        "",
        "GET",
    ),
    "odata": (
        Paging(style="next_url", next="$['@odata.nextLink']", size_param="$top", size=100, total="$['@odata.count']"),
        "$.value",
        "",
        "GET",
    ),
    "hal": (
        Paging(style="next_url", next="$._links.next.href", size_param="limit", size=100),
        "$._embedded.items",
        "",
        "GET",
    ),
    "jsonapi": (
        Paging(
            style="page",
            param="page[number]",
            size_param="page[size]",
            size=100,
            next="$.links.next",
            total="$.meta.total",
        ),
        "$.data",
        "$.attributes",
        "GET",
    ),
    "header-count": (
        Paging(style="page", param="page", size_param="size", size=100, total="X-Total-Count", total_in="header"),
        "$",
        "",
        "GET",
    ),
}
FAULTS = (
    "none loop forever overlap empty-middle short-page wrong-total cross-origin null-end empty-end fail-3rd"
    " 429-3rd expire"
    " mutate type-flip"
).split()


def manifest(base: str, *blocks: Block, auth: AuthMethod | None = None, **more: Any) -> Manifest:
    """A connector with these blocks at ``base``."""
    return Manifest(
        name="upstream",
        title="Upstream",
        servers=[Server(url=base)],
        auth=[auth] if auth is not None else [],
        objects=[ObjectType(name="record", primary_key=["id"])],
        blocks=list(blocks),
        **more,
    )


def listing(style: str) -> Block:
    """The block that reads one paging style of the upstream."""
    paging, records, item, method = STYLES[style]
    return Block(
        id=f"list_{style}",
        kind="list",
        object="record",
        method=method,
        path=f"/page/{style}",
        inputs=[
            Input(id="n", type="integer", location="query", name="n"),
            Input(id="fault", location="query", name="fault"),
        ],
        records=records,
        item_path=item,
        paging=paging,
    )


def client(manifest: Manifest, egress: Egress, secrets: dict[str, str] | None = None, **more: Any) -> Client:
    """A client without a database."""
    options = {"tokens": MemoryTokens(), "budget": MemoryBudget(), "policy": QUICK, **more}
    account = Account(
        manifest=manifest,
        connection_id="c1",
        auth_method=manifest.auth[0].id if manifest.auth else "",
        secrets=secrets or {},
        params=options.pop("params", {}),
        server=options.pop("server", None),
    )
    return Client(account, egress=egress, **options)
