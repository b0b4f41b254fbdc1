"""``tieline demo``: the main job, end to end, measured by the sandbox's own ledger."""

from tieline.server.demo.story import DemoFailed, run_demo

__all__ = ["DemoFailed", "run_demo"]
