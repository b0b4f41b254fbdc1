"""Web integrations: origins whose pages may call the API."""
