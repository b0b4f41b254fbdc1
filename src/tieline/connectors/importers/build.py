"""From the description of an API to its manifest: conclusions in, blocks out, each value with its fact."""

from __future__ import annotations

import re

from msgspec.structs import replace

from tieline.connectors.importers import details
from tieline.connectors.importers.classify import idempotency, inputs, objects, rates
from tieline.connectors.importers.classify.case import Case
from tieline.connectors.importers.classify.conclude import PAGED, conclude
from tieline.connectors.importers.classify.infer_auth import infer_auth
from tieline.connectors.importers.classify.shapes import Shapes
from tieline.connectors.importers.classify.words import title
from tieline.connectors.importers.description import Description, Operation
from tieline.connectors.importers.ids import block_guid, block_ids, connector_guid, connector_name
from tieline.connectors.importers.schemas import Collector
from tieline.connectors.importers.values import Notices
from tieline.connectors.importers.webhooks import build_webhooks
from tieline.connectors.manifest.model import Block, Fact, Incremental, Manifest, Paging, RateBudget, Source
from tieline.connectors.manifest.paths import render

_SKIPPED = ("OPTIONS", "TRACE")
_PLAIN_MEDIA = ("application/json", "*/*", "application/*", "")


def build_manifest(description: Description, name: str | None = None) -> Manifest:
    """The manifest of an API. ``name`` is the connector's name where the title should not decide."""
    return _Builder(description, name).build()


class _Builder:
    def __init__(self, description: Description, name: str | None) -> None:
        self.description = description
        self.name = name or connector_name(description.title, description.address)
        notices = description.notices
        self.notices = notices if isinstance(notices, Notices) else Notices()
        self.shapes = Shapes(description.references)
        self.collector = Collector(description)

    def build(self) -> Manifest:
        operations = _kept(self.description.operations)
        infer_auth(self.description, operations)
        cases = conclude(operations, self.shapes)
        manifest = self._head()
        blocks = [self._block(case, id_) for case, id_ in zip(cases, block_ids(operations), strict=True)]
        settled = [self._settled(one) for one in self.description.blocks]
        pairs = list(zip(operations, blocks, strict=True))
        named = {id_: (op, block) for op, block in pairs if (id_ := op.hints.get("operationId") or op.id)}
        details.settle_choices({**named, **{op.pointer: (op, block) for op, block in pairs}}, self.shapes)
        manifest.blocks = self._with_incremental(blocks, cases) + settled
        manifest.objects = objects.collect(cases, self.shapes) + self.description.objects
        of_fields = {block.object: block.id for block in reversed(blocks) if block.kind == "list_fields"}
        for one in manifest.objects:
            one.schema = self.collector.copy(one.schema)
            one.fields_block = of_fields.get(one.name, "")
        by_pointer = {case.op.pointer: block for case, block in zip(cases, blocks, strict=True)}
        manifest.webhooks = build_webhooks(
            self.description, manifest, by_pointer, self.collector, self.name, self.notices
        )
        manifest.schemas = self.collector.finish()
        manifest.soap = self.description.soap
        if not manifest.auth and operations:
            self.notices.add("no-auth", "The document says nothing about authentication; connections are made without.")
        manifest.warnings = self.notices.close()
        return manifest

    def _head(self) -> Manifest:
        source = self.description
        manifest = Manifest(
            name=self.name,
            title=source.title or title(self.name),
            guid=connector_guid(self.name),
            version=_semver(source.version),
            description=source.description[:20_000],
            source=Source(
                format=source.format,
                format_version=source.format_version,
                title=source.title,
                version=source.version,
                address=_without_credentials(source.address),
                sha256=source.sha256,
            ),
            servers=source.servers,
            auth=source.auth,
        )
        budget = rates.in_words(source.description, "/info/description")
        remaining, reset, at = rates.in_headers(source.operations)
        if remaining or reset:
            budget = budget or RateBudget()
            budget.remaining_header, budget.reset_header = remaining, reset
            budget.facts["remaining_header"] = Fact(evidence=[at], confidence=0.9)
        if budget is not None:
            manifest.rate = budget
        if (promised := idempotency.for_all(source.description)) is not None:
            manifest.idempotency, manifest.facts["idempotency"] = promised
        return manifest

    def _block(self, case: Case, id_: str) -> Block:
        op = case.op
        idempotent = idempotency.detect(case)
        block = Block(
            id=id_,
            guid=block_guid(self.name, id_),
            name=inputs.short(op.summary) or title(op.id) or title(id_),
            description=(op.description or op.summary)[:5_000],
            kind=case.kind,
            object=case.object,
            method="POST" if op.transport == "soap" else op.method,
            path=op.path if op.endpoint is None else op.endpoint,
            server=op.server,
            transport=op.transport,
            graphql=op.graphql,
            soap=op.soap,
            deprecated=op.deprecated,
            errors=op.errors,
            tags=op.tags[:20],
            facts=case.facts,
        )
        if op.confidence < 1.0:
            case.facts["path"] = Fact(evidence=[op.pointer], confidence=op.confidence, note=op.doubt)
        if case.object:
            case.facts["object"] = Fact(evidence=[op.pointer], confidence=0.9 if case.route.nouns else 0.6)
        if op.security is not None:
            block.auth = op.security
        if idempotent is not None:
            block.idempotency = idempotent
        if op.body is not None:
            block.body_type = "xml" if op.transport == "soap" else inputs.body_type(op.body.media)
            media = op.body.media.split(";")[0].strip()
            if block.body_type in ("json", "xml", "text") and media not in _PLAIN_MEDIA:
                block.headers["Content-Type"] = media
        self._answer(case, block)
        if (said := rates.in_words(op.description, op.pointer + "/description")) is not None:
            block.rate = said
        for one in inputs.build(case, self.shapes, self.notices):
            one.schema = self.collector.copy(one.schema) if one.schema else one.schema
            block.inputs.append(one)
        if op.transport == "rest":
            details.settle_inputs(block, op, self.shapes)
            details.settle_answer(block, op)
        return block

    def _settled(self, block: Block) -> Block:
        """A block that its format has made whole: it gets its guid, and the schemas that it needs are kept."""
        block.guid = block_guid(self.name, block.id)
        block.output = self.collector.copy(block.output)
        for one in block.inputs:
            one.schema = self.collector.copy(one.schema) if one.schema else one.schema
        return block

    def _answer(self, case: Case, block: Block) -> None:
        """Where the records are and how the next page is asked for."""
        if case.found is not None:
            block.records = render(list(case.found.steps))
            case.facts["records"] = Fact(
                evidence=[case.schema_pointer], confidence=case.found.confidence, note=case.found.why
            )
            if case.found.item_steps:
                block.item_path = render(list(case.found.item_steps))
            block.output = self.collector.copy(case.found.item)
        elif case.kind in PAGED:
            note = "the answer's schema does not show where the records are"
            case.facts["records"] = Fact(evidence=[case.op.pointer], confidence=0.2, note=note)
        answer = case.op.answer()
        if answer is not None and block.transport == "rest":
            media = answer.media.split(";")[0].strip().lower()
            if media and "json" not in media and "*" not in media:
                # The runtime asks for JSON; a server that takes that at its word would answer 406.
                block.headers.setdefault("Accept", f"{media}, */*;q=0.5")
        if case.paging is not None:
            block.paging = case.paging
        elif case.kind in PAGED:
            block.paging = Paging(style="none", facts={"style": Fact(evidence=[case.op.pointer], confidence=0.75)})

    def _with_incremental(self, blocks: list[Block], cases: list[Case]) -> list[Block]:
        """Behind a list that can be asked for changes comes a second block that does only that."""
        taken = {block.id for block in blocks}
        result: list[Block] = []
        for case, block in zip(cases, blocks, strict=True):
            result.append(block)
            if case.incremental is None or block.kind not in ("list", "search"):
                continue
            id_ = f"{block.id}_incremental"
            while id_ in taken:
                id_ += "_2"
            taken.add(id_)
            result.append(self._incremental(block, id_, case.incremental))
        return result

    def _incremental(self, block: Block, id_: str, since: Incremental) -> Block:
        fact = since.facts["param"]
        filled_in = {since.param, since.sort_param} - {""}
        kind = Fact(evidence=fact.evidence, confidence=fact.confidence, note="it has a parameter for it")
        return replace(
            block,
            id=id_,
            guid=block_guid(self.name, id_),
            name=f"{block.name} (new and updated)"[:120],
            kind="incremental",
            inputs=[one for one in block.inputs if one.name not in filled_in],
            incremental=since,
            facts={**block.facts, "kind": kind},
        )


def _kept(operations: list[Operation]) -> list[Operation]:
    """Without OPTIONS and TRACE, and without a HEAD that only shadows a GET."""
    reads = {one.path for one in operations if one.method == "GET"}
    return [
        one for one in operations if one.method not in _SKIPPED and not (one.method == "HEAD" and one.path in reads)
    ]


def _semver(version: str) -> str:
    match = re.match(r"v?(\d{1,6})(?:\.(\d{1,6}))?(?:\.(\d{1,6}))?(?![\d-])", version)
    return ".".join(part or "0" for part in match.groups()) if match else "1.0.0"


def _without_credentials(address: str) -> str:
    address = re.sub(r"^(\w+://)[^/@]*@", r"\1", address)
    return address.split("?")[0] if "://" in address else address
