"""Runs: starting, executing, stopping and looking at them."""

from tieline.automations.runs.executor import Executor
from tieline.automations.runs.service import Runs

__all__ = ["Executor", "Runs"]
