"""What starts runs: schedules, webhooks, calls from other automations, the end of another run."""
