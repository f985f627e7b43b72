"""Pieces of sound on their way to a client, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from kokoro_wyoming.protocols.http.sending import Pieces


async def _numbers(count: int) -> AsyncGenerator[int, None]:
    for number in range(count):
        yield number


async def test_others_have_a_turn_after_each_piece_though_all_are_there() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    pieces = Pieces(_numbers(100))
    await pieces.take_ready(may_be_whole=True)
    assert pieces.is_whole
    watching = asyncio.ensure_future(other())
    assert [piece async for piece in pieces] == list(range(100))
    watching.cancel()
    assert turns >= 100


async def test_pieces_that_fail_after_all_have_left_are_no_defect() -> None:
    async def failing() -> AsyncGenerator[int, None]:
        try:
            yield 1
            await asyncio.sleep(3600)
        finally:
            raise ValueError("it was closed")

    unhandled: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
    pieces = Pieces(failing())
    await pieces.take_ready(may_be_whole=True)
    await pieces.aclose()
    del pieces
    await asyncio.sleep(0)
    assert unhandled == []
