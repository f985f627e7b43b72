"""What clients of three addresses are answered, for each kind of door: printed as JSON. In a network of its own."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

import aiohttp

from tests.protocols.http.house import open_house

ADDRESSES = ("172.30.32.2", "172.30.33.9", "127.0.0.1")


async def answers(door: str) -> dict[str, int]:
    """The status of a route that wants the key, by the client's address."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        key: dict[str, Any] = {"http__behind_ingress": door, "http__api_key": "correct-horse"}
        async with open_house(Path(folder), http__uri="tcp://:0", **key) as house:
            for address in ADDRESSES:
                connector = aiohttp.TCPConnector(local_addr=(address, 0))
                async with aiohttp.ClientSession(connector=connector) as session:
                    answer = await session.get(f"http://127.0.0.1:{house.port}/v1/models")
                    found[address] = answer.status
    return found


if __name__ == "__main__":
    print(json.dumps({door: asyncio.run(answers(door)) for door in ("only", "yes", "no")}))
