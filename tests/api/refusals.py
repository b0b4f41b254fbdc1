"""For schemathesis (``SCHEMATHESIS_HOOKS``): what may be refused although it fits its schema, and why."""

from __future__ import annotations

import json

import schemathesis

# By the code of the error. A schema cannot say these rules, or the vendor's does not; the vendor's own example values
# for cursors and for ids of spaces and users, which exist nowhere else, are among what is refused.
REASONS = {
    "400": "the code of errors about invitations is a number; an address of mail has a form",
    "automation-not-startable": "a state: for it the vendor's document has no 409",
    "bad-input": "NUL in a text, two cursors at once, an id of nothing, no body where the vendor's need not be there",
    "csp-origin-exists": "an origin has one entry",
    "hostname-unconfirmed": "of all hostnames one is the tenant's (412)",
    "invalid-client": "a client is one that is registered (RFC 6749 section 5.2)",
    "invalid-csp-origin": "an origin has a form",
    "invalid-cursor": "a cursor is one that was given out",
    "invalid-field": "a blank name, a number out of bounds",
    "invalid-filter": "a filter is an expression (RFC 7644 section 3.4.2.2)",
    "invalid-grant": "a code or token that was given out (RFC 6749 section 5.2)",
    "invalid-origin": "an origin has a form",
    "invalid-patch": "the value of an operation has the type of its field",
    "invalid-request": "parameters of OAuth depend on each other (RFC 6749 section 5.2)",
    "invalid-schedule": "a time, a time zone, an interval has a form",
    "invalid-sort": "a field that can be sorted by",
    "invalid-usage-query": "usage is broken down by one field",
    "invalid-web-integration-patch": "the value of an operation has the type of its field",
    "not-a-tool": "a state: not every automation can be a tool",
    "not-an-api-document": "the document of a connector is one that can be imported",
    "run-not-movable": "a state: for it the vendor's document has no 409",
    "run-not-retryable": "a state: for it the vendor's document has no 409",
    "run-not-running": "a state: for it the vendor's document has no 409",
    "too-many-concurrent-runs": "the tenant's own bound",
    "unknown-connection-parameter": "a connector asks for certain parameters",
    "unknown-scope": "a scope is one that exists",
    "unreadable-document": "the document of a connector is one that can be imported",
    "unsupported-grant-type": "a grant type is one that exists (RFC 6749 section 5.2)",
    "unsupported-token-type": "a hint is one that exists (RFC 7009 section 2.2.1)",
    "webhook-disabled": "a state: what is disabled sends nothing again",
}


@schemathesis.check
def refusals_have_reasons(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> bool | None:
    """What fits its schema is refused for no other reason than those."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code not in (400, 412, 422):
        return None
    if "text/html" in response.headers.get("content-type", [""])[0]:
        return None  # a page, which says it to a person
    codes = {str(error["code"]) for error in json.loads(response.content)["errors"]}
    assert codes <= REASONS.keys(), f"refused as {codes - REASONS.keys()}: {response.content!r}"
    return None
