"""Errors of templates and integrations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tieline.core.errors import BadInput, Conflict


class InUse(BadInput):
    """A connection that integrations work with cannot go; ``blends`` tells which."""

    code = "datasource-in-use"
    title = "The datasource is in use"

    def __init__(self, blends: Sequence[dict[str, Any]]) -> None:
        super().__init__("This datasource cannot be deleted because it is in use.")
        self.blends = list(blends)


class TemplateInUse(Conflict):
    """A template that integrations follow, or that is part of a bundle, cannot go."""

    code = "template-in-use"
    title = "The template is in use"


class UnknownInput(BadInput):
    """A setting that the integration does not have, or that cannot be set from outside."""

    code = "unknown-input"
    title = "Unknown input"


class RunUnfinished(BadInput):
    """A run that was waited for ended badly."""

    code = "run-failed"
    title = "The run failed"


class DeleteFlowFailed(Conflict):
    """What the template does on removal did not come to its end, so that the integration stays."""

    code = "delete-flow-failed"
    title = "The delete flow failed"


class TemplateNotLive(Conflict):
    """A template that is still to come is shown, and cannot be installed yet."""

    code = "template-not-live"
    title = "The template is still to come"


class SetupIncomplete(Conflict):
    """An integration that lacks something required cannot be switched on."""

    code = "setup-incomplete"
    title = "The setup is not complete"


class KeyReused(Conflict):
    """An idempotency key came again with another request."""

    code = "idempotency-key-reused"
    title = "The idempotency key was used for something else"
