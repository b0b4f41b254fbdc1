"""Which Tieline this is."""

from importlib.metadata import version

VERSION = version("tieline")
