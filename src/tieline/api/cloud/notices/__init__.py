"""What a person should know of: documents that have changed, connections to renew."""
