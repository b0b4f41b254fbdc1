"""The palette of block types."""
