"""All built-in blocks and the connector blocks; importing this package registers them."""

from tieline.automations.blocks import (
    call_automation,
    call_url,
    code,
    connector,
    data_store,
    flow,
    form,
    list_pairs,
    list_shapes,
    lists,
    mail,
    output,
    pointers,
    start,
    variables,
)

__all__ = [
    "call_automation",
    "call_url",
    "code",
    "connector",
    "data_store",
    "flow",
    "form",
    "list_pairs",
    "list_shapes",
    "lists",
    "mail",
    "output",
    "pointers",
    "start",
    "variables",
]
