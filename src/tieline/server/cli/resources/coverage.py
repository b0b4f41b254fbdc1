"""That no operation of the document is forgotten: each has a command, or stands here."""

from __future__ import annotations

from collections.abc import Mapping

from tieline.server.cli.resources.groups import GROUPS, Group

# What no command stands for: pages and callbacks of browsers, calls of other servers, the state of the process.
ELSEWHERE = ("/oauth/", "/connect/", "/hooks/", "/sso", "/embed/", "/healthz", "/readyz", "/metrics", "/resources/")
_V1 = "/api/v1"
_RUN = "/{id}/runs/{runId}"
# What the commands that are written by hand do, or do better.
BY_HAND = frozenset(
    {
        f"GET {_V1}/csrf-token",
        f"GET {_V1}/api-keys",
        f"POST {_V1}/api-keys",
        f"DELETE {_V1}/api-keys/{{id}}",
        f"GET {_V1}/automations",
        f"POST {_V1}/automations",
        f"DELETE {_V1}/automations/{{id}}",
        *(f"POST {_V1}/automations/{{id}}/actions/{verb}" for verb in ("enable", "disable", "unpin", "test")),
        f"GET {_V1}/automations/{{id}}/versions",
        f"GET {_V1}/automations/{{id}}/versions/{{version}}",
        f"GET {_V1}/automations/{{id}}/versions/{{version}}/diff",
        *(f"POST {_V1}/automations/{{id}}/versions/{{version}}/actions/{verb}" for verb in ("restore", "publish")),
        f"GET {_V1}/automations/{{id}}/runs",
        f"POST {_V1}/automations/{{id}}/runs",
        f"GET {_V1}/automations{_RUN}",
        f"GET {_V1}/automations{_RUN}/events",
        *(f"POST {_V1}/automations{_RUN}/actions/{verb}" for verb in ("stop", "retry", "pause", "resume", "rerun")),
        f"GET {_V1}/automation-connections",
        f"POST {_V1}/automation-connections",
        f"DELETE {_V1}/automation-connections/{{id}}",
        *(f"POST {_V1}/automation-connections/{{id}}/actions/{verb}" for verb in ("check", "reconcile-webhooks")),
        f"GET {_V1}/automation-connectors",
        f"POST {_V1}/automation-connectors",
        f"PUT {_V1}/automation-connectors/{{connectorId}}",
        f"DELETE {_V1}/automation-connectors/{{connectorId}}",
        f"GET {_V1}/automation-connectors/{{connectorId}}/blocks",
        f"POST {_V1}/automation-connectors/{{connectorId}}/diff",
        f"GET {_V1}/webhook-subscriptions",
        f"POST {_V1}/webhook-subscriptions",
        f"DELETE {_V1}/webhook-subscriptions/{{id}}",
        f"GET {_V1}/webhook-subscriptions/{{id}}/deliveries",
    }
)


def uncommanded(paths: Mapping[str, Mapping[str, object]]) -> list[str]:
    """The operations of a document that neither a command nor one of the lists above stands for.

    Both prefixes of the vendor serve the same, so that one of them is enough.
    """
    stood = {_plain(f"{method} {group.path}{rest}") for group in GROUPS.values() for method, rest in _verbs(group)}
    stood |= BY_HAND
    return [
        f"{method.upper()} {path}"
        for path, item in paths.items()
        if not path.startswith(ELSEWHERE)
        for method in item
        if _plain(f"{method.upper()} {path}") not in stood
    ]


def _verbs(group: Group) -> list[tuple[str, str]]:
    return [(spoken.partition(" ")[0], spoken.partition(" ")[2]) for spoken in group.verbs.values()]


def _plain(operation: str) -> str:
    return operation.replace(" /api/workflows/", f" {_V1}/")
