"""Routes whose errors have the form that partners' programs know: ``{"error": "...", "blends": [...]}``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from tieline.api.edge import envelope
from tieline.api.edge.answers import Json
from tieline.api.edge.bodies import Incoming, Model, decode, json_body, read_body
from tieline.api.edge.documented import Error, documented
from tieline.core.errors import BadInput, TielineError


class Problem(BaseModel):
    """What went wrong."""

    error: str | None = Field(default=None, description="One sentence: the field, the rule and the fix.")
    code: str | None = Field(default=None, description="Stable name of the error.")
    field: str | None = Field(default=None, description="JSON pointer into the body, or name of a parameter.")
    blends: list[dict[str, Any]] | None = Field(default=None, description="Integrations that stand in the way.")
    meta: dict[str, Any] | None = None
    errors: list[Error] | None = Field(
        default=None, description="In place of the others where no operation was reached: no such path, no such method."
    )
    traceId: str = Field(description="Where to find the request in the logs.")  # noqa: N815 - the wire's name


class OemRoute(APIRoute):
    """Answers errors in that form."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await handle(request)
            except TielineError as error:
                return problem(error, request)
            except RequestValidationError as error:
                return problem(envelope.parameter_error(error.errors()[0]), request)

        return handler


def problem(error: TielineError, request: Request) -> Response:
    """The answer to an error, with the headers that it has everywhere."""
    trace = envelope.trace_of(request)
    usual = envelope.answer([error], trace)
    body = {**shown(error), "traceId": trace}
    headers = {name: value for name, value in usual.headers.items() if name not in ("content-length", "content-type")}
    if error.status == 401:
        headers["www-authenticate"] = 'ApiKey realm="tieline"'
    return Json(body, error.status, headers)


def shown(error: TielineError) -> dict[str, Any]:
    """An error as a body, or as a part of one."""
    known: dict[str, Any] = {"error": error.detail, "code": error.code}
    more = {
        "field": error.pointer or error.parameter,
        "blends": getattr(error, "blends", None),
        "meta": error.meta or None,
    }
    return known | {name: value for name, value in more.items() if value is not None}


def described(
    summary: str,
    *,
    name: str,
    answer: Any = None,
    status: int = 200,
    errors: Sequence[int] = (),
    body: type[BaseModel] | None = None,
    body_required: bool = True,
    parameters: Sequence[Mapping[str, Any]] = (),
    also: Mapping[int, type[BaseModel]] | None = None,
    never: Collection[int] = (),
) -> dict[str, Any]:
    """`documented`, with the errors and the two headers of the partner's API."""
    made = documented(
        summary,
        name=name,
        answer=answer,
        status=status,
        errors=[400, 401, 404, 429, *errors],
        body=body,
        body_required=body_required,
        parameters=parameters,
        secured=False,
        also=also,
        never=never,
    )
    good = {status, *(also or {})}
    for code in made["responses"]:
        if code not in good:
            made["responses"][code] = {"model": Problem, "description": HTTPStatus(code).phrase}
    made["openapi_extra"]["security"] = [{"appId": [], "partnerKey": []}]
    return made


def optional_body(model: type[Model]) -> Callable[[Request], Coroutine[Any, Any, Incoming[Model]]]:
    """`json_body`, where no body is the body with nothing in it."""
    reader = json_body(model)

    async def read(request: Request) -> Incoming[Model]:
        if not (await request.body()).strip():
            return Incoming(model(), b"{}", frozenset())
        return await reader(request)

    return read


def any_object() -> Callable[[Request], Coroutine[Any, Any, dict[str, Any]]]:
    """A dependency that reads a body whose fields nobody can know before."""

    async def read(request: Request) -> dict[str, Any]:
        content = decode(await read_body(request))
        if not isinstance(content, dict):
            raise BadInput("The body is not a JSON object; send {...}.", pointer="")
        return content

    return read
