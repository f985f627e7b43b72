"""Home Assistant's Supervisor, which runs this server as an app and hands on to Home Assistant where it is."""

from __future__ import annotations

import asyncio
import logging
import socket

from aiohttp import ClientError, ClientSession, ClientTimeout

_LOGGER = logging.getLogger(__name__)

_ANSWER = ClientTimeout(total=10)
FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
_REASON_CHARS = 200


async def offer(port: int, *, supervisor: str, token: str) -> None:
    """Have Home Assistant told that a Wyoming server listens at this port of the app; again until that is done.

    `supervisor` is the Supervisor's address, such as http://supervisor. All failures together are one line of the log.
    """
    # Home Assistant and other apps reach the app by the name that the Supervisor gave to its container.
    host = socket.gethostname()
    body = {"service": "wyoming", "config": {"uri": f"tcp://{host}:{port}"}}
    pause_seconds = FIRST_PAUSE_SECONDS
    has_failed = False
    async with ClientSession(timeout=_ANSWER, headers={"Authorization": f"Bearer {token}"}) as session:
        while (trouble := await _failure(session, f"{supervisor}/discovery", body)) is not None:
            if not has_failed:
                _LOGGER.warning(
                    "The Supervisor has not told Home Assistant of this server, and is asked again: %s. By hand: Add "
                    "integration > Wyoming Protocol, host %s, port %d.",
                    *(trouble, host, port),
                )
            has_failed = True
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)
    _LOGGER.info(
        "Home Assistant knows this server: Settings > Devices & services: add the discovered Wyoming Protocol. Then "
        "Settings > Voice assistants: text-to-speech."
    )


async def _failure(session: ClientSession, url: str, body: object) -> str | None:
    """Post a message; None where it was taken, else why it was not."""
    try:
        async with session.post(url, json=body) as answer:
            return None if answer.ok else f"status {answer.status}, {(await answer.text())[:_REASON_CHARS]!r}"
    except (ClientError, asyncio.TimeoutError, OSError) as error:
        return str(error) or type(error).__name__
