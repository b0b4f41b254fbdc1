"""The automations of a tenant and every version of their workspaces."""

from tieline.automations.library.automations import DEFAULT_MAX_CONCURRENT_RUNS, Automations
from tieline.automations.library.conflicts import state_tag

__all__ = ["DEFAULT_MAX_CONCURRENT_RUNS", "Automations", "state_tag"]
