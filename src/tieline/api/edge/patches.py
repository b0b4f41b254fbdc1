"""JSON Patch (RFC 6902) bodies: an array of operations, which come as ``application/json``.

read = patch(ops=("replace",), paths=("/description",))

async def change(call: Writer, operations: Annotated[list[Operation], Depends(read)]) -> Response: ...
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine
from typing import Any

from fastapi import Request
from msgspec import Struct

from tieline.api.edge.bodies import decode, read_body
from tieline.core.errors import BadInput

MOST_OPERATIONS = 100


class InvalidPatch(BadInput):
    """A patch that is none, or that asks for what cannot be changed."""

    code = "invalid-patch"
    title = "Invalid patch"


class Operation(Struct, frozen=True):
    """One operation; ``place`` is the JSON pointer to it in the body."""

    op: str
    path: str
    value: Any
    place: str

    def wrong(self, detail: str) -> InvalidPatch:
        """What to raise for a value that cannot be."""
        return InvalidPatch(detail, pointer=f"{self.place}/value")

    def text(self, *, longest: int = 1000) -> str:
        """The value, a text. Raises `InvalidPatch`."""
        if not isinstance(self.value, str) or len(self.value) > longest:
            raise self.wrong(f"The value of {self.path} is a text of at most {longest} characters.")
        return self.value

    def truth(self) -> bool:
        """The value, true or false. Raises `InvalidPatch`."""
        if not isinstance(self.value, bool):
            raise self.wrong(f"The value of {self.path} is true or false.")
        return self.value


def patch(
    *, ops: Collection[str], paths: Collection[str], valueless: Collection[str] = ()
) -> Callable[[Request], Coroutine[Any, Any, list[Operation]]]:
    """A dependency: the operations of the body; those of ``valueless`` need no value. Raises `InvalidPatch`."""

    async def read(request: Request) -> list[Operation]:
        content = decode(await read_body(request))
        if not isinstance(content, list):
            raise InvalidPatch(
                'The body is no JSON Patch; send [{"op": "replace", "path": ..., "value": ...}].', pointer=""
            )
        if len(content) > MOST_OPERATIONS:
            raise InvalidPatch(f"The patch has more than {MOST_OPERATIONS} operations; send several.", pointer="")
        return [_operation(item, f"/{index}", ops, paths, valueless) for index, item in enumerate(content)]

    return read


def _operation(
    item: Any, place: str, ops: Collection[str], paths: Collection[str], valueless: Collection[str]
) -> Operation:
    if not isinstance(item, dict):
        raise InvalidPatch("An operation of the patch is not an object.", pointer=place)
    if item.get("op") not in tuple(ops):
        raise InvalidPatch(f"The operation is not known here; known are {', '.join(ops)}.", pointer=f"{place}/op")
    if item.get("path") not in tuple(paths):
        raise InvalidPatch(f"This cannot be changed here; {', '.join(paths)} can.", pointer=f"{place}/path")
    if "value" not in item and item["op"] not in valueless:
        raise InvalidPatch("The operation needs a value.", pointer=f"{place}/value")
    return Operation(item["op"], item["path"], item.get("value"), place)
