"""Runs the exchanges and says what came of each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from wyoming_conformance.exchanges import EXCHANGES, Exchange
from wyoming_conformance.line import FaultError, RefusedError, Server

_PATIENCES = 20
"""How often an exchange may need all patience before it is given up."""


@dataclass(frozen=True)
class Finding:
    exchange: Exchange
    fault: str | None
    seconds: float

    def __str__(self) -> str:
        verdict = "ok" if self.fault is None else "FAULT"
        name = self.exchange.name.replace("_", " ")
        row = f"{verdict:5}  {name:60}  {self.exchange.asked_by:17}  {self.seconds:6.2f} s"
        return row if self.fault is None else f"{row}\n       -> {self.fault}"


async def try_all(server: Server, exchanges: Iterable[Exchange] = tuple(EXCHANGES)) -> AsyncIterator[Finding]:
    """One exchange after another, as they end."""
    for exchange in exchanges:
        began = time.monotonic()
        fault = await _fault_of(exchange, server)
        yield Finding(exchange, fault, time.monotonic() - began)


async def _fault_of(exchange: Exchange, server: Server) -> str | None:
    try:
        await asyncio.wait_for(exchange.run(server), _PATIENCES * server.patience_seconds)
    except RefusedError as error:
        return f"answered with an error: {error}"
    except FaultError as fault:
        return str(fault)
    except asyncio.TimeoutError:
        return "never came to an end"
    except Exception as error:
        return f"answered what cannot be read: {type(error).__name__}: {error}"
    return None
