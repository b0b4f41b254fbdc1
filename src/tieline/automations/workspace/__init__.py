"""The workspace document: what it says, what is wrong with it, and the plan that runs."""

from tieline.automations.workspace.check import Report, check
from tieline.automations.workspace.compile import compile_plan

__all__ = ["Report", "check", "compile_plan"]
