"""The process that serves: its priority, its threads, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable

from kokoro_wyoming.config import Config
from kokoro_wyoming.network import memory
from kokoro_wyoming.network.torch_package import torch
from kokoro_wyoming.processor import Waiting, core_quota
from kokoro_wyoming.scheduler import ModelThread, apart_ended, leave
from kokoro_wyoming.server.lifecycle import Server, Tell

_CLOSE_SECONDS = 1.0
"""Longest wait for the model thread to end its turn, and then for the threads beside it."""
_NICENESS = -5
"""Priority of the process. Where processor time is short, it gets three times the share of a process with 0."""


def serve(config: Config, reread: Callable[[], Config] | None = None, tell: Tell | None = None) -> int:
    """Serve until a signal ends the server; returns the exit status. Raises KokoroWyomingError if it cannot start.

    `reread` reads the settings anew at SIGHUP. Without it only the voices are read anew.
    """
    memory.limit_kernel_cache()
    _raise_priority()
    torch.set_num_threads(config.model.threads or _fitting_threads())
    thread = ModelThread(waiting=Waiting())
    server = Server(config, thread, reread, tell)
    asyncio.run(_run(server))
    status = 1 if server.hopeless else 0
    if not (thread.close(_CLOSE_SECONDS) and apart_ended(_CLOSE_SECONDS)):
        leave(status)  # a turn is still under way inside torch, or a release is on its way out of the memory
    return status


def _fitting_threads() -> int:
    """As many threads as torch would use, but no more than the cores' time that a control group grants.

    With more, the system stops all of them for a part of each tenth of a second.
    """
    quota = core_quota()
    return torch.get_num_threads() if quota is None else max(1, min(torch.get_num_threads(), round(quota)))


def _raise_priority() -> None:
    """Raise the priority where this user may (root, systemd's Nice=, Docker's SYS_NICE) and none is set.

    A listener waits for each utterance, and an utterance is made soon. Threads that start later have the priority too.
    """
    with contextlib.suppress(OSError, AttributeError):
        if os.getpriority(os.PRIO_PROCESS, 0) == 0:
            os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)


async def _run(server: Server) -> None:
    await server.run()
    if not server.ready:
        leave(0)  # threads may still load a model, and asyncio would wait for them
