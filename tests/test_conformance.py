"""The conformance kit: run on us, and on servers with the faults that it must find."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import CHECKOUT
from tests.stand_ins.beep_engine import BeepEngine
from tests.stand_ins.beep_house import open_house
from tests.stand_ins.beep_program import BeepManager, beep_program
from tests.stand_ins.faulty_server import FAULTS, StandIn
from wyoming_conformance import EXCHANGES, Finding, Server, __version__, try_all
from wyoming_conformance.__main__ import main


def _faults(findings: list[Finding]) -> str:
    assert len(findings) == len(EXCHANGES)
    return "\n".join(str(finding) for finding in findings if finding.fault)


@pytest.mark.slow
async def test_our_sessions_conform() -> None:
    async with open_house(BeepEngine()) as house:
        assert _faults([finding async for finding in try_all(Server("127.0.0.1", house.port))]) == ""


@pytest.mark.slow
async def test_our_server_with_its_model_thread_conforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kokoro_wyoming.server.startup.ModelManager", BeepManager)
    monkeypatch.setattr("kokoro_wyoming.server.startup.installed_languages", lambda *_: {})
    async with beep_program(tmp_path) as server:
        port = urlsplit(server.uri or "").port
        assert _faults([finding async for finding in try_all(Server("127.0.0.1", port or 0))]) == ""


@pytest.mark.weights
async def test_our_server_with_the_real_model_conforms(server: str) -> None:
    address = urlsplit(server)
    tried = Server(str(address.hostname), int(address.port or 0), patience_seconds=60)
    assert _faults([finding async for finding in try_all(tried)]) == ""


@pytest.mark.slow
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


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("192.168.1.10:10200", "the address must be tcp://HOST:PORT, not '192.168.1.10:10200'"),
        ("tcp://house", "the address must be tcp://HOST:PORT"),
        ("tcp://house:port", "the address must be tcp://HOST:PORT"),
        ("tcp://[::1:10200", "the address must be tcp://HOST:PORT"),
        ("tcp://house:1 --patience 0", "--patience must be more than 0 seconds"),
    ],
)
def test_a_wrong_command_line_is_told_in_a_sentence(told: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(told.split())
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the kit as its wheel installs it, and the `wyoming` package; nothing else."""
    folder = tmp_path_factory.mktemp("conformance")
    sources = shutil.copytree(CHECKOUT / "conformance", folder / "sources")
    pip = (sys.executable, "-m", "pip", "--quiet")
    building = (*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder / "dist", sources)
    subprocess.run(building, check=True, cwd=folder)
    (wheel,) = (folder / "dist").glob("wyoming_conformance-*.whl")
    subprocess.run((*pip, "install", "--no-deps", "--target", folder / "site", wheel), check=True, cwd=folder)
    # These alone: what the kit imports beside them and the standard library is not found.
    for path in metadata.distribution("wyoming").files or ():
        if (top := Path(path.parts[0])).name.startswith("wyoming") and not (folder / "site" / top).exists():
            (folder / "site" / top).symlink_to(Path(str(metadata.distribution("wyoming").locate_file(top))))
    return folder / "site"


_BARE = "import sys; sys.path.append(sys.argv.pop(1)); from wyoming_conformance.__main__ import main; sys.exit(main())"


@pytest.mark.long
async def test_installed_beside_wyoming_alone_it_prints_a_row_for_each_exchange_and_its_status_is_the_verdict(
    bare: Path,
) -> None:
    for fault, status in ((None, 0), ("goes on after the end", 1)):
        async with StandIn(fault).listening() as house:
            command = (sys.executable, "-I", "-S", "-c", _BARE, bare, f"tcp://127.0.0.1:{house.port}")
            program = await asyncio.create_subprocess_exec(*command, cwd=bare, stdout=asyncio.subprocess.PIPE)
            printed = (await program.communicate())[0].decode()
        assert program.returncode == status, printed
        assert printed.count(" s\n") == len(EXCHANGES)
        assert ("-> audio-start came after the end" in printed) == bool(fault)


@pytest.mark.long
def test_its_wheel_has_the_command_the_licence_and_needs_wyoming_alone(bare: Path) -> None:
    (told,) = metadata.distributions(name="wyoming-conformance", path=[str(bare)])
    assert (told.version, told.requires) == (__version__, ["wyoming<2,>=1.5"])
    assert [(entry.name, entry.load()) for entry in told.entry_points] == [("wyoming-conformance", main)]
    texts = [path.locate() for path in told.files or () if path.name == "LICENSE"]
    assert [Path(text).read_bytes() for text in texts] == [(CHECKOUT / "LICENSE").read_bytes()]
