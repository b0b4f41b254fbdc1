"""Our OpenAPI document without a running server: routes are known before anything is opened."""

from __future__ import annotations

from typing import Any, cast

from tieline.server.settings import DEFAULT_BASE_URL, Settings


class _Unopened:
    """A platform none of whose parts is there yet; routes only keep them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def __getattr__(self, name: str) -> None:
        return None


def offline_document(base_url: str = DEFAULT_BASE_URL) -> dict[str, Any]:
    """The document of this installation's code. Opens no database, reads no settings and no data folder."""
    from tieline.api.edge.services import Services
    from tieline.api.published.schemas import document
    from tieline.security.vault import Vault
    from tieline.server.app import create_app

    # With a key of its own, so that none is made in the data folder; nothing is ever signed with it.
    settings = Settings.model_construct(secret_keys=Vault.generate_key())
    return document(create_app(cast("Services", _Unopened(settings))), base_url)
