"""The conformance kit: run on us, and on servers with the faults that it must find."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conformance.exchanges import EXCHANGES
from tests.conformance.kit import Finding, try_all
from tests.conformance.line import Server
from tests.conformance.stand_in import FAULTS, StandIn
from tests.conftest import CHECKOUT
from tests.stand_ins.beep_engine import BeepEngine
from tests.stand_ins.beep_house import open_house
from tests.stand_ins.beep_program import BeepManager, beep_program


def _faults(findings: list[Finding]) -> str:
    assert len(findings) == len(EXCHANGES)
    return "\n".join(str(finding) for finding in findings if finding.fault)


async def test_our_sessions_conform() -> None:
    async with open_house(BeepEngine()) as house:
        assert _faults([finding async for finding in try_all(Server("127.0.0.1", house.port))]) == ""


async def test_our_server_with_its_model_thread_conforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kokoro_wyoming.server.startup.ModelManager", BeepManager)
    monkeypatch.setattr("kokoro_wyoming.server.startup.installed_languages", lambda version: {})
    async with beep_program(tmp_path) as server:
        port = urlsplit(server.uri or "").port
        assert _faults([finding async for finding in try_all(Server("127.0.0.1", port or 0))]) == ""


@pytest.mark.weights
async def test_our_server_with_the_real_model_conforms(server: str) -> None:
    address = urlsplit(server)
    tried = Server(str(address.hostname), int(address.port or 0), patience_seconds=60)
    assert _faults([finding async for finding in try_all(tried)]) == ""


async def test_a_server_without_a_fault_has_none_found() -> None:
    async with StandIn().listening() as house:
        assert _faults([finding async for finding in try_all(Server("127.0.0.1", house.port))]) == ""


@pytest.mark.parametrize(("fault", "found_by"), FAULTS.items())
async def test_each_known_fault_is_found(fault: str, found_by: str) -> None:
    (exchange,) = (exchange for exchange in EXCHANGES if exchange.name == found_by)
    async with StandIn(fault).listening() as house:
        tried = Server("127.0.0.1", house.port, patience_seconds=0.25)
        findings = [finding async for finding in try_all(tried, [exchange])]
    assert findings[0].fault, fault


def test_every_exchange_finds_something() -> None:
    assert set(FAULTS.values()) == {exchange.name for exchange in EXCHANGES}


@pytest.mark.long
async def test_from_a_shell_it_prints_a_row_for_each_exchange_and_says_by_its_status_whether_all_is_well() -> None:
    for fault, status in ((None, 0), ("goes on after the end", 1)):
        async with StandIn(fault).listening() as house:
            command = (sys.executable, "-m", "tests.conformance", f"tcp://127.0.0.1:{house.port}")
            program = await asyncio.create_subprocess_exec(*command, cwd=CHECKOUT, stdout=asyncio.subprocess.PIPE)
            printed = (await program.communicate())[0].decode()
        assert program.returncode == status, printed
        assert printed.count(" s\n") == len(EXCHANGES)
        assert ("-> audio-start came after the end" in printed) == bool(fault)
