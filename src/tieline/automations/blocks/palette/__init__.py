"""The palette: every block type described for editors, with its form, its ways and a document to begin with.

A group of blocks declares its entries in a file of this package; `palette` puts them together with what the block
types say of themselves.
"""

from tieline.automations.blocks.palette import control, files, lists, outside
from tieline.automations.blocks.palette.shown import fields_of, palette, template_of

__all__ = ["control", "fields_of", "files", "lists", "outside", "palette", "template_of"]
