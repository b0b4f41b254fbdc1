"""What a partner offers its tenants: templates, the integrations made of them, and how these are rolled out."""
