"""Paging styles: each file registers itself. Add a style by adding a file."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from tieline.connectors.runtime.paging.base import STYLES, Pager, View, open_pager, register

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["STYLES", "Pager", "View", "open_pager", "register"]
