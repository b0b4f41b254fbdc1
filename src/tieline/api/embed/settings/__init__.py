"""What anybody may know of how a partner embeds Tieline."""
