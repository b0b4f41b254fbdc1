"""The connector manifest: the one place where importers and the runtime meet."""
