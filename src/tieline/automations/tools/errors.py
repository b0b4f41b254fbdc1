"""What can be wrong about tools."""

from __future__ import annotations

from tieline.core.errors import BadInput, Conflict, Forbidden


class NotATool(BadInput):
    """Something that cannot be offered as a tool."""

    code = "not-a-tool"
    title = "Cannot be offered as a tool"


class ToolNameTaken(Conflict):
    """Another tool of the tenant has this name."""

    code = "tool-name-taken"
    title = "Tool name taken"


class NotYours(Forbidden):
    """Only the owner of a thing, or an administrator, may offer it."""

    code = "not-the-owner"
    title = "Not the owner"
