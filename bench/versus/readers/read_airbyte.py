"""The Airbyte CDK with a declarative manifest: what its source says, message by message."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from bench.versus.readers.reading import tell


def manifest(base: str, path: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {}, "additionalProperties": True}
    stream = {
        "type": "DeclarativeStream",
        "name": "contacts",
        "primary_key": ["id"],
        "schema_loader": {"type": "InlineSchemaLoader", "schema": schema},
        "retriever": {
            "type": "SimpleRetriever",
            "requester": {"type": "HttpRequester", "url_base": base, "path": path, "http_method": "GET"},
            "record_selector": {
                "type": "RecordSelector",
                "extractor": {"type": "DpathExtractor", "field_path": ["items"]},
            },
            "paginator": {
                "type": "DefaultPaginator",
                "page_token_option": {
                    "type": "RequestOption",
                    "inject_into": "request_parameter",
                    "field_name": "cursor",
                },
                "pagination_strategy": {
                    "type": "CursorPagination",
                    "cursor_value": "{{ response['next_cursor'] }}",
                    "stop_condition": "{{ not response['next_cursor'] }}",
                },
            },
        },
    }
    return {
        "version": "6.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["contacts"]},
        "streams": [stream],
        "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
    }


def read(url: str) -> int:
    import logging

    from airbyte_cdk.models import ConfiguredAirbyteCatalogSerializer, Type  # type: ignore[import-not-found]
    from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource  # type: ignore[import-not-found]

    logging.disable(logging.WARNING)
    parts = urlsplit(url)
    catalog = ConfiguredAirbyteCatalogSerializer.load(
        {
            "streams": [
                {
                    "stream": {"name": "contacts", "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
                    "sync_mode": "full_refresh",
                    "destination_sync_mode": "overwrite",
                }
            ]
        }
    )
    source = ConcurrentDeclarativeSource(
        catalog=catalog,
        config={},
        state=[],
        source_config=manifest(f"{parts.scheme}://{parts.netloc}", parts.path.lstrip("/")),
    )
    messages = source.read(logging.getLogger("airbyte"), {}, catalog, [])
    return len([message.record.data["id"] for message in messages if message.type == Type.RECORD])


tell(read)
