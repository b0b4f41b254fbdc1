"""``/automations/{id}/actions/execute``: start a triggered automation by its token."""
