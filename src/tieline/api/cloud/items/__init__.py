"""Items: what there is, whatever its kind. Here they are the automations."""
