"""Steps that take too long, and steps that are done although their caller is cancelled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

from kokoro_wyoming.speakers.interface import SpeakerError

_LOGGER = logging.getLogger(__name__)
_CANCEL_SECONDS = 2.0
"""Longest wait for a step that was cancelled: a library may swallow that, as `wait_for` does before Python 3.12."""
_T = TypeVar("_T")


async def bounded(step: Coroutine[Any, Any, _T], seconds: float) -> _T:
    """The result of a step that needs a speaker's answer. Raises SpeakerError where none comes in time."""
    task = asyncio.ensure_future(step)
    try:
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            raise SpeakerError(f"it gave no answer for {seconds:g} seconds")
        if task.cancelled():  # by a library; whoever cancels us does so at the `wait` above
            raise SpeakerError("its connection was given up")
        return task.result()
    finally:
        await ended(task)


async def ended(*tasks: asyncio.Future[Any]) -> None:
    """Cancel these and wait for their end. Their errors are not raised; one that does not end is left and logged."""
    for task in tasks:
        task.cancel()
    done, left = await asyncio.wait(tasks, timeout=_CANCEL_SECONDS)
    for task in done:
        if not task.cancelled():
            task.exception()  # or asyncio logs it as never retrieved
    if left:
        _LOGGER.error("A speaker's step does not end after it was cancelled: %s", left)


async def unhurried(step: Coroutine[Any, Any, _T]) -> _T:
    """Do a step to its end, also where the caller is cancelled meanwhile: that is raised afterwards."""
    task = asyncio.ensure_future(step)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    return task.result()
