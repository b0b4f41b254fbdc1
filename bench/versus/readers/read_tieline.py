"""A connector's reader, as the engine uses it: egress, records, paging; the rate budget of one process."""

from __future__ import annotations

from ipaddress import ip_network
from urllib.parse import urlsplit

from bench.versus.readers.reading import tell
from tieline.connectors.manifest.model import Block, Manifest, ObjectType, Paging, Server
from tieline.connectors.runtime import Account, Client, MemoryBudget, MemoryTokens
from tieline.core.ids import new_id
from tieline.security.egress import Egress, Policy


def manifest(base: str, path: str) -> Manifest:
    paging = Paging(style="cursor", param="cursor", next="$.next_cursor")
    return Manifest(
        name="stub",
        servers=[Server(url=base)],
        objects=[ObjectType(name="contact", primary_key=["id"])],
        blocks=[Block(id="all", kind="list", object="contact", path=path, records="$.items", paging=paging)],
    )


def read(url: str) -> int:
    import uvloop

    parts = urlsplit(url)

    async def pages() -> int:
        count = 0
        async with Egress(Policy(allow=(ip_network("127.0.0.0/8"),))) as egress:
            account = Account(
                manifest=manifest(f"{parts.scheme}://{parts.netloc}", parts.path),
                tenant_id="",
                connection_id=str(new_id()),
                auth_method="",
                secrets={},
            )
            client = Client(account, egress=egress, tokens=MemoryTokens(), budget=MemoryBudget())
            async for page in client.pages(client.block("all"), {}):
                count += len([record["id"] for record in page.records])
        return count

    return uvloop.run(pages())


tell(read)
