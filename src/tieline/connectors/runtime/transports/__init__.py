"""The transports; each module registers its own."""

from __future__ import annotations

import importlib
import pkgutil

from tieline.connectors.runtime.transports.base import Transport, transport_of

__all__ = ["Transport", "transport_of"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
