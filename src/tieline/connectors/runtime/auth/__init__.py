"""Auth kinds: each file registers itself. Add a kind by adding a file."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from tieline.connectors.runtime.auth.base import KINDS, Auth, Surroundings, open_auth, register

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["KINDS", "Auth", "Surroundings", "open_auth", "register"]
