"""A connection in use: blocks called, lists read.

client = Client(account, egress=egress, tokens=tokens, budget=budget)
answer = await client.call(block, {"email": "ada@example.com"}, idempotency_key="run-1/create")
async for page in client.pages(block, {"status": "open"}):
    for record in page.records: ...
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from copy import deepcopy
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct, field

from tieline.connectors.manifest.model import AuthMethod, Block
from tieline.connectors.runtime.account import Account
from tieline.connectors.runtime.auth import Auth, Surroundings, open_auth
from tieline.connectors.runtime.budget import Budget
from tieline.connectors.runtime.cache import ReadCache
from tieline.connectors.runtime.errors import BadAnswer, ReconnectNeeded, UpstreamRefused
from tieline.connectors.runtime.exchange import Context, Reply, Sender, context_of
from tieline.connectors.runtime.harmless import harmless
from tieline.connectors.runtime.observer import Counters, Observer
from tieline.connectors.runtime.origins import Base, origin_of, require_same
from tieline.connectors.runtime.pages import PAGE_BUDGET, Page, Walk, walk
from tieline.connectors.runtime.records import record
from tieline.connectors.runtime.request import Request
from tieline.connectors.runtime.retry import RetryPolicy
from tieline.connectors.runtime.streaming import LARGEST, LONGEST, Download, Opening
from tieline.connectors.runtime.tokens import TokenStore
from tieline.core import json
from tieline.core.errors import NotFound, TielineError
from tieline.core.ids import new_id
from tieline.security.egress import Egress
from tieline.security.known import Known


class Answer(Struct, kw_only=True):
    """What a block's call gave.

    ``data`` is the record at the block's ``records`` path (the list for list kinds, a file for downloads, null for
    nothing), ``body`` all that came. ``done_already``: the API says that it had happened before. ``warning``: what of a
    call that happened only in part the API refused.
    """

    status: int
    data: Any = None
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    attempts: int = 1
    done_already: bool = False
    warning: str = ""


_CACHE: ReadCache[Answer] = ReadCache()


class CheckResult(Struct, kw_only=True):
    """Whether a connection works. ``verified`` is False where nothing could be called to find out; ``note`` is what was
    found out besides."""

    ok: bool
    detail: str = ""
    verified: bool = True
    block: str = ""
    note: str = ""


class Client:
    """Calls the blocks of one connection. May be used by many tasks at once; holds no resources of its own."""

    def __init__(
        self,
        account: Account,
        *,
        egress: Egress,
        tokens: TokenStore,
        budget: Budget,
        observer: Observer | None = None,
        policy: RetryPolicy | None = None,
        page_budget: int = PAGE_BUDGET,
    ) -> None:
        """Raises BadInput where the base URL is missing or wrong, Misconfigured for an auth kind that is not
        supported.
        """
        self.account = account
        self.counters = Counters()
        self.page_budget = page_budget
        self._base = Base(account)
        self._sender = Sender(account, egress, budget, observer, policy or RetryPolicy(), self.counters)
        self._around = Surroundings(base=self._base, tokens=tokens, fetch=self._sender.fetch_token)
        self._method = account.method()
        self._auth = open_auth(self._method, account, self._around)
        self._no_auth = open_auth(None, account, self._around)
        self._contexts: dict[str, tuple[Block, Context]] = {}

    def block(self, block_id: str) -> Block:
        """A block of the manifest by its id or guid; raises NotFound."""
        for block in self.account.manifest.blocks:
            if block.id == block_id or (block.guid and block.guid == block_id):
                return block
        raise NotFound(f"the connector {self.account.manifest.name!r} has no block {block_id!r}")

    async def call(self, block: Block, inputs: Mapping[str, Any], *, idempotency_key: str | None = None) -> Answer:
        """Call a block once; all attempts of one call carry the same idempotency key.

        Raises BadInput for inputs that do not fit, UpstreamUnavailable or UpstreamBusy (Transient), UpstreamRefused,
        BadAnswer or ReconnectNeeded (Terminal), and what `Egress.request` raises for addresses that may not be called.
        """
        context = self._context(block)
        request = context.transport.build(block, inputs, self._base)
        if block.cache > 0 and not block.writes and self.account.connection_id:
            ask = partial(self._sized, block, request, context)
            return deepcopy(await _CACHE.get(self._key(block, request), block.cache, ask))  # the caller may change it
        return await self._call(block, request, context, idempotency_key)

    async def authorize(self, request: Request) -> None:
        """Puts the connection's credentials into a request that no block of the manifest describes.

        Raises OriginRefused for another origin than the connection's base URL, and ReconnectNeeded.
        """
        require_same(origin_of(request.origin), self._base.origin, "the URL")
        await self._auth.apply(request)

    def known(self, request: Request) -> Known:
        """All secrets of the connection, and of a request that `authorize` has been given."""
        return self._sender.known.more(request.secrets())

    async def _call(self, block: Block, request: Request, context: Context, key: str | None) -> Answer:
        if context.idempotency.kind == "header":
            request.set_header(context.idempotency.header, key or str(new_id()))
        reply = await self._sender.send(request, context, self._auth_for(block, request))
        return Answer(
            status=reply.status,
            data=record(block, reply.body) if reply.kind in ("ok", "partial") else None,
            body=reply.body,
            headers={name.lower(): value for name, value in reply.headers.items()},
            attempts=reply.attempts,
            done_already=reply.kind == "done",
            warning=(reply.said or "a part of it was refused") if reply.kind == "partial" else "",
        )

    @asynccontextmanager
    async def download(
        self,
        block: Block,
        inputs: Mapping[str, Any],
        *,
        timeout: float = LONGEST,
        max_bytes: int = LARGEST,
    ) -> AsyncGenerator[Download]:
        """A block's answer as a file, read block by block: ``async for part in download``. Raises what `call` raises
        until the file has begun, and after that what a broken connection raises.
        """
        context = msgspec.structs.replace(self._context(block), expect="file")
        request = context.transport.build(block, inputs, self._base)
        async with AsyncExitStack() as stack:
            opening = Opening(self._sender.egress, stack, timeout, max_bytes)
            await self._sender.send(request, context, self._auth_for(block, request), "download", opening.once)
            if opening.stream is None:
                raise BadAnswer(f"block {block.id!r} gave no file")
            yield Download(opening.stream)

    def pages(
        self,
        block: Block,
        inputs: Mapping[str, Any],
        *,
        cursor: dict[str, Any] | None = None,
        since: Any = None,
        limit: int | None = None,
        prefetch: bool = False,
    ) -> AsyncIterator[Page]:
        """The pages of a list, lazily, from the one that ``cursor`` stands for.

        ``since`` is a pointer (see `incremental`) or a moment; ``limit`` the most records to give. With ``prefetch``
        one page is fetched ahead while the caller works on the one before. Raises what `call` raises, and PagingError
        when the list runs in a circle, leads to another origin or ends before its time.
        """
        context = self._context(block)
        reading = Walk(block, self.account.manifest, self._base, inputs, since, page_budget=self.page_budget)

        async def send(request: Request) -> Reply:
            return await self._sender.send(request, context, self._auth_for(block, request), "page")

        return walk(reading, send, cursor, limit, prefetch)

    async def records(self, block: Block, inputs: Mapping[str, Any], **options: Any) -> AsyncIterator[Any]:
        """The records of `pages`, one by one."""
        async for page in self.pages(block, inputs, **options):
            for entry in page.records:
                yield entry

    async def check(self) -> CheckResult:
        """Call the cheapest block that needs no inputs, to see whether the credentials work. Does not raise what the
        API says.
        """
        block = _cheapest(self.account.manifest.blocks)
        try:
            if block is None:
                probe = Request("GET", self._base.url)
                await self._auth.authenticate(probe)
                return CheckResult(
                    ok=True,
                    verified=False,
                    detail="no block can be called without inputs, so the credentials were not tried",
                )
            if block.iterable:
                async for _ in self.pages(block, {}, limit=1):
                    break
            else:
                await self.call(block, {})
        except UpstreamRefused as error:
            if error.upstream_status in (401, 403):
                return CheckResult(ok=False, detail=error.detail, block=block.id if block else "")
            # Any other refusal is about the call: the API knew who was asking.
            return CheckResult(ok=True, detail=error.detail, verified=False, block=block.id if block else "")
        except ReconnectNeeded as error:
            return CheckResult(ok=False, detail=error.detail, block=block.id if block else "")
        except TielineError as error:
            return CheckResult(ok=False, detail=error.detail, verified=False, block=block.id if block else "")
        return CheckResult(ok=True, block=block.id)

    async def _sized(self, block: Block, request: Request, context: Context) -> tuple[Answer, int]:
        answer = await self._call(block, request, context, None)
        try:  # not what came over the wire: a little gzip can be very much in memory
            size = len(json.dumps([answer.body, answer.headers]))
        except (OverflowError, TypeError, ValueError):
            size = sys.maxsize  # numbers that JSON of ours cannot hold: used once
        return answer, size

    def _key(self, block: Block, request: Request) -> str:
        """What tells one reading of one account from all others. The block belongs to it: what it makes of an answer is
        kept, not the answer; and so do the account's own answers: renewed with others it may be somebody else's.
        """
        account = self.account
        target = [request.method, request.url(), request.final_headers(), request.whole_body()]
        owner = [account.tenant_id, account.connection_id, account.auth_method, account.params, account.secrets]
        return hashlib.sha256(json.dumps([owner, block, target])).hexdigest()

    def _context(self, block: Block) -> Context:
        known = self._contexts.get(block.id)
        if known is None or known[0] is not block:
            known = self._contexts[block.id] = (block, context_of(self.account, block))
        return known[1]

    def _auth_for(self, block: Block, request: Request) -> Auth:
        """The connection's auth, unless the block wants none; refuses to carry credentials to another origin."""
        method: AuthMethod | None = self._method
        accepted = block.auth if isinstance(block.auth, list) else None
        if method is None or method.kind == "none" or accepted == []:
            return self._no_auth
        if accepted is not None and method.id not in accepted:
            raise ReconnectNeeded(
                f"block {block.id!r} accepts {' or '.join(map(repr, accepted))}, but the connection uses {method.id!r};"
                " connect again with one of those"
            )
        if not request.trusted:
            require_same(origin_of(request.origin), self._base.origin, f"block {block.id!r}")
        return self._auth


def _cheapest(blocks: list[Block]) -> Block | None:
    """A read without required inputs, those that tell who is asking first."""

    def rank(block: Block) -> tuple[bool, bool, int]:
        words = f"{block.id} {block.path}".lower()
        personal = any(word in words for word in ("whoami", "/me", "current", "self", "userinfo", "account"))
        return (not personal, block.kind != "list", len(block.path))

    usable = [
        block
        for block in blocks
        if harmless(block)
        and not block.deprecated
        and (block.method.upper() == "GET" or block.transport in ("graphql", "soap"))
        and "{" not in block.path
        and block.auth != []
        and not any(spec.required for spec in block.inputs)
    ]
    return min(usable, key=rank, default=None)
