"""Errors of what stands in files."""

from __future__ import annotations

from tieline.core.errors import Terminal


class FileUnreadable(Terminal):
    """The content is not what the block was told to read: CSV, JSON, or text of an encoding."""

    code = "file-unreadable"
    status = 422
    title = "The file's content cannot be read"
