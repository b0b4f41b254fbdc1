"""What carries a block's call: how inputs become a request, and bytes an answer. REST unless a block says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from tieline.connectors.manifest.model import Block, ErrorRule, Manifest
from tieline.connectors.runtime import build, decode
from tieline.connectors.runtime.origins import Base
from tieline.connectors.runtime.request import Request
from tieline.connectors.runtime.xmldata import shaped
from tieline.core.errors import Misconfigured

TRANSPORTS: dict[str, Transport] = {}


class Transport:
    """HTTP as the block describes it; the others override what they do differently. Has no state but the manifest whose
    schemas and types it reads.
    """

    name: ClassVar[str] = "rest"

    def __init__(self, manifest: Manifest | None = None) -> None:
        self.manifest = manifest

    def build(
        self, block: Block, inputs: Mapping[str, Any], base: Base, later: frozenset[str] = frozenset()
    ) -> Request:
        """The request of one call, without credentials and paging; raises BadInput."""
        return build.build(block, inputs, base, later)

    def decode(self, block: Block, body: bytes, content_type: str, *, expect: str, status: int) -> Any:
        """The data of an answer, also of one with an error status; raises `decode.NotReadable`."""
        data = decode.decode(body, content_type, expect=expect)
        if status < 400 and decode.is_untyped(content_type, body):
            return shaped(data, block, {} if self.manifest is None else self.manifest.schemas)
        return data

    def rules(self, block: Block) -> tuple[ErrorRule, ...]:
        """Error rules that come with the transport; the manifest's own stand before them."""
        return ()

    def wait(self, body: Any) -> float | None:
        """Seconds to wait that a refusal for speed names in its body, None where it names none."""
        return None

    def problem(self, body: Any) -> dict[str, Any]:
        """What an error says besides its message, for the error's ``meta``."""
        return {}


T = TypeVar("T", bound=type[Transport])


def register(name: str) -> Callable[[T], T]:
    """Class decorator: this class serves blocks whose ``transport`` is ``name``."""

    def add(cls: T) -> T:
        if name in TRANSPORTS:
            raise Misconfigured(f"the transport {name!r} is registered twice")
        cls.name = name
        TRANSPORTS[name] = cls()
        return cls

    return add


register("rest")(Transport)


def transport_of(block: Block, manifest: Manifest | None = None) -> Transport:
    """The transport of a block of ``manifest``; raises Misconfigured for one that nothing serves."""
    found = TRANSPORTS.get(block.transport)
    if found is None:
        raise Misconfigured(
            f"the transport {block.transport!r} of block {block.id!r} is not supported; supported are:"
            f" {', '.join(sorted(TRANSPORTS))}"
        )
    return found if manifest is None else type(found)(manifest)
