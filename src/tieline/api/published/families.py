"""The families: which operation belongs to which document."""

from __future__ import annotations

_EITHER = {"v1": "/api/v1", "workflows": "/api/workflows"}

# A family is what stands below one of these paths; where two fit, the longer one has it.
FAMILIES: dict[str, tuple[str, ...]] = {
    "automations": ("/api/v1/automations", "/api/v1/formulas"),
    "automation-connections": ("/api/v1/automation-connections",),
    "automation-connectors": ("/api/v1/automation-connectors",),
    "webhook-subscriptions": ("/api/v1/webhook-subscriptions",),
    "connect-sessions": ("/api/v1/connect-sessions",),
    "workflows-automations": (
        *("/api/workflows/automations", "/api/workflows/formulas", "/api/workflows/runs", "/api/workflows/blocks"),
    ),
    "workflows-automation-connections": ("/api/workflows/automation-connections",),
    "workflows-automation-connectors": ("/api/workflows/automation-connectors",),
    "workflows-webhook-subscriptions": ("/api/workflows/webhook-subscriptions",),
    "workflows-connect-sessions": ("/api/workflows/connect-sessions",),
    "workflows-notices": ("/api/workflows/notices",),
    "web-integrations": ("/api/v1/web-integrations",),
    "csp-origins": ("/api/v1/csp-origins",),
    "csrf-token": ("/api/v1/csrf-token",),
    "webhooks": ("/api/v1/webhooks",),
    "api-keys": ("/api/v1/api-keys",),
    "oauth-clients": ("/api/v1/oauth-clients",),
    "oauth-tokens": ("/api/v1/oauth-tokens",),
    "oauth": ("/oauth",),
    "users": ("/api/v1/users",),
    "tenants": ("/api/v1/tenants",),
    "spaces": ("/api/v1/spaces",),
    "items": ("/api/v1/items",),
    "audits": ("/api/v1/audits",),
    "embed-sessions": ("/api/v1/embed-sessions",),
    "templates": ("/api/v1/templates",),
    "integrations": ("/api/v1/integrations",),
    "oem": ("/oem/v1",),
    "embed": ("/sso", "/embed", "/embed.js"),
    "connect": ("/connect",),
    "hooks": ("/hooks",),
    "operation": ("/healthz", "/readyz", "/metrics", "/resources"),
}

_TITLES = {
    "": "the whole API",
    "automations": "automations, their versions and runs",
    "automation-connections": "connections: authenticated instances of connectors",
    "automation-connectors": "connectors, made of API documents",
    "webhook-subscriptions": "what connections are told about by the services behind them",
    "connect-sessions": "windows in which a person connects an account",
    "notices": "what connectors have to tell people",
    "web-integrations": "origins that may call from a browser",
    "csp-origins": "the content security policy of a tenant",
    "csrf-token": "a token for programs that expect one",
    "webhooks": "events sent to addresses of the tenant's, and their deliveries",
    "api-keys": "API keys",
    "oauth-clients": "OAuth clients and their secrets",
    "oauth-tokens": "tokens that were given out",
    "oauth": "the OAuth 2 endpoints",
    "users": "users of a tenant",
    "tenants": "tenants",
    "spaces": "spaces, who may do what in them, and shares",
    "items": "everything that can be found, in one list",
    "audits": "who did what",
    "templates": "templates that the partner offers",
    "integrations": "templates in use: their setup, settings and connections",
    "oem": "the partner's API: accounts, templates and integrations",
    "embed-sessions": "sessions of people in embedded frames",
    "embed": "single sign-on and embedded frames",
    "connect": "pages of the connect window",
    "hooks": "addresses that other services send events to",
    "operation": "health, readiness and metrics",
}


def family_of(path: str) -> str | None:
    """The family of an operation's path; None where no family has it."""
    fitting = [
        (len(prefix), name) for name, prefixes in FAMILIES.items() for prefix in prefixes if _below(path, prefix)
    ]
    return max(fitting)[1] if fitting else None


def title_of(name: str) -> str:
    """What the family is about, in a few words; "" = everything."""
    return _TITLES.get(name.removeprefix("workflows-"), name)


def twins(path: str) -> tuple[str, str] | None:
    """The path under /api/v1 and under /api/workflows of what may be served under both."""
    for prefix in _EITHER.values():
        if _below(path, prefix):
            rest = path.removeprefix(prefix)
            return _EITHER["v1"] + rest, _EITHER["workflows"] + rest
    return None


def _below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")
