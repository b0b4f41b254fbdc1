"""Connect sessions: a person connects an account in a window of his own, and we learn of it on the server."""

from __future__ import annotations

from tieline.connectors.connecting.service import ConnectSessions, Device, Form, Opened, Pending, Step, window_of

__all__ = ["ConnectSessions", "Device", "Form", "Opened", "Pending", "Step", "window_of"]
