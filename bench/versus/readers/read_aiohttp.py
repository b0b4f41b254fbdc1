"""What a script does: ask, decode, count the ids, go on at the cursor (aiohttp on uvloop)."""

from __future__ import annotations

from bench.versus.readers.reading import tell


def read(url: str) -> int:
    import aiohttp
    import uvloop

    async def pages() -> int:
        count = 0
        query: dict[str, str] = {}
        async with aiohttp.ClientSession() as session:
            while True:
                async with session.get(url, params=query) as answer:
                    page = await answer.json()
                count += len([record["id"] for record in page["items"]])
                if page["next_cursor"] is None:
                    return count
                query = {"cursor": page["next_cursor"]}

    return uvloop.run(pages())


tell(read)
