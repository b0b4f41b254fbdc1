"""All built-in blocks and the connector blocks; importing this package registers them."""

from tieline.automations.blocks import call_url, connector, flow, lists, output, pointers, start, variables

__all__ = ["call_url", "connector", "flow", "lists", "output", "pointers", "start", "variables"]
