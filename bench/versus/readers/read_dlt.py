"""dlt's own reader of REST APIs; ``DLT_EXTRACT`` set: with its extract step, which writes what came to disk."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from bench.versus.readers.reading import tell


def read(url: str) -> int:
    import dlt  # type: ignore[import-not-found]
    from dlt.sources.helpers.rest_client import RESTClient  # type: ignore[import-not-found]
    from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator  # type: ignore[import-not-found]

    parts = urlsplit(url)
    paginator = JSONResponseCursorPaginator(cursor_path="next_cursor", cursor_param="cursor")
    client = RESTClient(f"{parts.scheme}://{parts.netloc}", paginator=paginator, data_selector="items")
    count = 0

    def pages() -> Iterator[list[dict[str, Any]]]:
        nonlocal count
        for page in client.paginate(parts.path):
            count += len([record["id"] for record in page])
            yield page

    if not os.environ.get("DLT_EXTRACT"):
        for _ in pages():
            pass
        return count
    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline("bench", pipelines_dir=folder, destination="filesystem", dataset_name="bench")
        pipeline.extract(dlt.resource(pages, name="contacts"))
    return count


tell(read)
