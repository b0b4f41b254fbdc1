"""What is refused about tools has its names in `tieline.automations.tools.errors`."""
