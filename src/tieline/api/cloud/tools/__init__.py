"""What agents may use over the Model Context Protocol: automations and connections, offered by their owners."""
