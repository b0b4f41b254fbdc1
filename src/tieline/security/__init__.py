"""What keeps secrets and networks apart: vault (sealed secrets), tokens, egress (the only outbound HTTP), redaction."""
