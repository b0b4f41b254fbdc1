"""What carries a block's call: how inputs become a request, and bytes an answer. REST unless a block says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from tieline.connectors.manifest.model import Block, ErrorRule
from tieline.connectors.runtime import build, decode
from tieline.connectors.runtime.origins import Base
from tieline.connectors.runtime.request import Request
from tieline.core.errors import Misconfigured

TRANSPORTS: dict[str, Transport] = {}


class Transport:
    """HTTP as the block describes it; the others override what they do differently. Has no state."""

    name: ClassVar[str] = "rest"

    def build(
        self, block: Block, inputs: Mapping[str, Any], base: Base, later: frozenset[str] = frozenset()
    ) -> Request:
        """The request of one call, without credentials and paging; raises BadInput."""
        return build.build(block, inputs, base, later)

    def decode(self, block: Block, body: bytes, content_type: str, *, expect: str, status: int) -> Any:
        """The data of an answer, also of one with an error status; raises `decode.NotReadable`."""
        return decode.decode(body, content_type, expect=expect)

    def rules(self, block: Block) -> tuple[ErrorRule, ...]:
        """Error rules that come with the transport; the manifest's own stand before them."""
        return ()


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


def transport_of(block: Block) -> Transport:
    """The transport of a block; raises Misconfigured for one that nothing serves."""
    found = TRANSPORTS.get(block.transport)
    if found is None:
        raise Misconfigured(
            f"the transport {block.transport!r} of block {block.id!r} is not supported; supported are:"
            f" {', '.join(sorted(TRANSPORTS))}"
        )
    return found
