"""What an operation says about itself in the published documents.

FastAPI learns about bodies, lists and errors from here, because the edge reads and writes them itself: a body is read
after the caller is known, and answers go out without another round through a model.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

PAGE = "text/html"
BODY_MODELS: dict[str, type[BaseModel]] = {}


class ErrorSource(BaseModel):
    """What the error is about."""

    pointer: str | None = Field(default=None, description="JSON pointer (RFC 6901) into the request body.")
    parameter: str | None = Field(default=None, description="Name of a query or path parameter.")


class Error(BaseModel):
    """One thing that went wrong."""

    code: str | int = Field(description="Stable name of the error; a number for invitations.")
    title: str = Field(description="What went wrong, in a few words; the same for every error of this code.")
    detail: str | None = Field(default=None, description="One sentence: the field, the rule and the fix.")
    source: ErrorSource | None = None
    meta: dict[str, Any] | None = None
    status: str | int | None = Field(
        default=None, description="The HTTP status as text; a number for users and API keys."
    )


class ErrorResponse(BaseModel):
    """Every error has this form."""

    errors: list[Error]
    traceId: str = Field(description="Where to find the request in the logs.")  # noqa: N815 - the wire's name


class Link(BaseModel):
    """A neighbouring page; null where there is none."""

    href: str | None = None


class Links(BaseModel):
    """The neighbouring pages."""

    next: Link
    prev: Link


def documented(
    summary: str,
    *,
    name: str,
    answer: type[BaseModel] | None = None,
    status: int = 200,
    errors: Sequence[int] = (),
    body: type[BaseModel] | None = None,
    body_required: bool = True,
    parameters: Sequence[Mapping[str, Any]] = (),
    secured: bool = True,
    media_type: str = "",
    also: Mapping[int, type[BaseModel]] | None = None,
    never: Collection[int] = (),
) -> dict[str, Any]:
    """The keyword arguments of a route decorator.

    ``name`` is the operation's id within its family; ``answer`` None = no body; ``also`` are other good answers. 401,
    403 and 429 come with ``secured``, 400, 408, 413 and 415 with ``body``, 414 with ``parameters`` of the query, 500
    and 503 always; ``never`` are those that it has not for all that. Pages (``media_type`` text/html) tell their errors
    as pages too.
    """
    statuses = {*errors, 500, 503}
    if secured:
        statuses |= {401, 403, 429}
    if parameters or body is not None:
        statuses.add(400)
    if body is not None:
        statuses |= {408, 413, 415}
    if any(parameter["in"] == "query" for parameter in parameters):
        statuses.add(414)
    statuses -= set(never)
    extra: dict[str, Any] = {}
    if parameters:
        extra["parameters"] = [dict(parameter) for parameter in parameters]
    if body is not None:
        BODY_MODELS[body.__name__] = body
        schema = {"$ref": f"#/components/schemas/{body.__name__}"}
        extra["requestBody"] = {"required": body_required, "content": {"application/json": {"schema": schema}}}
    if secured:
        extra["security"] = [{"apiKey": []}]
    good: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if answer is not None:
        good["model"] = answer
    elif media_type:
        good["content"] = {media_type: {"schema": {"type": "string"}}}
    others = {code: {"model": model, "description": HTTPStatus(code).phrase} for code, model in (also or {}).items()}
    problem: dict[str, Any] = {"model": ErrorResponse}
    if media_type == PAGE:
        # What a person's browser opens; what no page of ours is reached for answers as everywhere.
        problem["content"] = {PAGE: {"schema": {"type": "string"}}}
    problems = {code: {**problem, "description": HTTPStatus(code).phrase} for code in sorted(statuses)}
    return {
        "name": name,
        "summary": summary,
        "status_code": status,
        "responses": {status: good, **others, **problems},
        "response_model": None,
        "response_class": JSONResponse if answer is not None else Response,
        "openapi_extra": extra,
    }
