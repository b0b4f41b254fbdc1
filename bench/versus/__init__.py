"""Tieline beside n8n, Node-RED, the Airbyte CDK, dlt and bare loops: one table, measured in interleaved rounds."""
