"""What is refused about versions has its names in `tieline.automations.library.errors` and `tieline.core.errors`."""
