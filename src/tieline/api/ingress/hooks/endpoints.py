"""Incoming webhooks: ``POST /hooks/{token}``, and GET for vendors that first ask whether the address is ours."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from msgspec import Raw
from starlette.responses import Response

from tieline.api.edge.access import edge_of
from tieline.api.edge.answers import Json
from tieline.api.edge.documented import documented
from tieline.api.edge.envelope import MethodNotAllowed, answer, trace_of
from tieline.api.edge.intake import BodyTooSlow
from tieline.automations.runs.service import ENDED
from tieline.automations.triggers.express import Taken
from tieline.security.signatures import Message

router = APIRouter(tags=["webhooks"])

READ_SECONDS = 30.0
"""The longest time that a sender may take for a body, of at most 1 MB."""

ANSWER_SECONDS = 20.0
"""The longest time for which the answer waits for the run, where the start block says that it is to wait."""

LOOK_SECONDS = 0.05

_TOKEN = {
    "name": "token",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "The secret part of the subscription's address.",
}


@router.post(
    "/hooks/{token}",
    **documented(
        "Take a webhook delivery",
        name="receiveWebhook",
        secured=False,
        errors=[401, 404, 408, 410, 413],
        parameters=[_TOKEN],
    ),
)
async def receive(request: Request) -> Response:
    """Answers 200 without a body once the delivery is stored, also for one that came before; `x-delivery-id` names it.

    A handshake is answered as its vendor wants it. Where the start block of the automation says `async` no, the answer
    is `{status, output}` of the run, or 202 where that takes over 20 s.
    """
    return await _take(request)


@router.get(
    "/hooks/{token}",
    **documented(
        "Answer a webhook handshake",
        name="answerWebhookHandshake",
        secured=False,
        errors=[404, 405, 410],
        parameters=[_TOKEN],
    ),
)
async def handshake(request: Request) -> Response:
    """Only for subscriptions whose vendor asks by GET; everybody else gets 405."""
    return await _take(request)


async def _take(request: Request) -> Response:
    services = edge_of(request).services
    receiver, express, token = services.webhooks.receiver, services.express, request.path_params["token"]
    target = express.knows(token) if express is not None else None
    fresh = target is None
    if target is None:
        target = await receiver.find(token)
        if express is not None:
            express.remember(token, target)
    message = Message(
        headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.scope["headers"]],
        body=await _body(request) if request.method == "POST" else b"",
        url="?" + request.scope["query_string"].decode("latin-1") if request.scope["query_string"] else "",
        method=request.method,
    )
    content_type = request.headers.get("content-type", "")
    if express is not None and (taken := await express.take(token, message, content_type)) is not None:
        return await _answered(request, target.row, taken)
    if not fresh:
        target = await receiver.find(token)  # what was remembered may hold no longer
    received = await receiver.receive(target, message, content_type)
    if received is None:
        return answer([MethodNotAllowed("Deliveries come by POST.")], trace_of(request), {"allow": "OPTIONS, POST"})
    if received.reply is not None:
        reply = received.reply
        return Response(reply.body, 200, reply.headers, reply.content_type)
    headers = {"x-delivery-id": str(received.delivery_id)}
    if received.delivery_id is not None and target.row["settings"].get("sync"):
        shown = await _outcome(request, target.row, received.delivery_id)
        if shown is not None:
            return Json(shown, 200, headers)
        return Response(status_code=202, headers=headers)
    return Response(status_code=200, headers=headers)


async def _answered(request: Request, row: dict[str, Any], taken: Taken) -> Response:
    """For a delivery that went the short way."""
    headers = {"x-delivery-id": str(taken.delivery_id)}
    if not row["settings"].get("sync"):
        return Response(status_code=200, headers=headers)
    shown = None
    if taken.run is not None:
        claim, task = taken.run
        await asyncio.wait([task], timeout=ANSWER_SECONDS)
        if claim.ended is not None:
            status, output = claim.ended
            return Json({"status": status, "output": Raw(output)}, 200, headers)
        if not task.done():
            return Response(status_code=202, headers=headers)
    shown = await _outcome(request, row, taken.delivery_id)
    return Response(status_code=202, headers=headers) if shown is None else Json(shown, 200, headers)


async def _outcome(request: Request, row: dict[str, Any], delivery_id: UUID) -> dict[str, Any] | None:
    """How the run of a delivery ended, with its output; None where it takes longer than a sender waits."""
    services = edge_of(request).services
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            run = None
            while run is None:
                await asyncio.sleep(LOOK_SECONDS)
                run = await services.hooked.run_of(row["tenant_id"], row["id"], delivery_id)
            run = await services.runs.wait(row["tenant_id"], run["id"], ANSWER_SECONDS)
    except TimeoutError:
        return None
    if run["status"] not in ENDED:
        return None
    return {"status": run["status"], "output": Raw(run["output"]) if run["output"] is not None else None}


async def _body(request: Request) -> bytes:
    """The body as it came; nothing but this request waits for it."""
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await request.body()
    except TimeoutError:
        raise BodyTooSlow(f"The body took over {READ_SECONDS:g} s; send it faster.") from None
