"""Errors of plans and runs."""

from __future__ import annotations

from tieline.core.errors import BadInput, Terminal


class PlanError(BadInput):
    """The workspace document cannot be run as it is."""

    code = "workspace-invalid"
    title = "The workspace cannot be run"


class UnknownBlockType(Terminal):
    """A block of a type that this version does not know; it was kept on import, but cannot run."""

    code = "block-type-unknown"
    status = 422
    title = "Unknown block type"


class UnboundBlock(Terminal):
    """A connector block that is not bound to a connector or a connection of this tenant."""

    code = "block-unbound"
    status = 422
    title = "Block without connector or connection"


class BlockInputInvalid(Terminal):
    """A block was given a value that it cannot use."""

    code = "block-input-invalid"
    status = 422
    title = "Invalid block input"


class RunStopped(Terminal):
    """Somebody asked for the run to stop."""

    code = "run-stopped"
    status = 409
    title = "The run was stopped"


class RunPaused(Terminal):
    """Somebody asked for the run to pause."""

    code = "run-paused"
    status = 409
    title = "The run was paused"


class RunawayRun(Terminal):
    """A jump went round more often than any sensible automation would."""

    code = "run-runaway"
    status = 422
    title = "The automation goes round in circles"


class ErrorRaised(Terminal):
    """An error block ended the run on purpose."""

    code = "error-block"
    status = 422
    title = "Stopped by an error block"
