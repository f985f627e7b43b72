"""What the app announces becomes a Wyoming entry of Home Assistant: by a stand-in, and by its own files."""

from __future__ import annotations

import enum
import socket
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from kokoro_wyoming.server.lifecycle import Server
from kokoro_wyoming.server.supervisor import offer
from tests.app.theirs import importable, sources
from tests.protocols.http.house import open_house
from tests.stand_ins.home_assistant import Entry, StandInFlow
from tests.stand_ins.supervisor import TOKEN, Supervisor, supervisor


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The container's name, which leads to the app."""
    monkeypatch.setattr(socket, "gethostname", lambda: "localhost")


def port_of(server: Server) -> int:
    return int(str(server.uri).rpartition(":")[2])


async def told(server: Server, asked: Supervisor) -> dict[str, Any]:
    """The message that the Supervisor hands on."""
    await offer(port_of(server), supervisor=asked.url, token=TOKEN)
    return asked.messages[0]


async def test_the_announced_app_becomes_one_entry_and_stays_one(tmp_path: Path) -> None:
    async with supervisor() as asked, open_house(tmp_path) as house:
        flow = StandInFlow()
        message = await told(house.server, asked)
        assert await flow.discovered(message, "Kokoro") == "create_entry"
        assert flow.entries == [Entry(message["uuid"], "localhost", port_of(house.server), "Kokoro")]
        assert await flow.discovered(await told(house.server, asked), "Kokoro") == "already_configured"
        assert len(flow.entries) == 1


async def test_an_entry_that_was_made_by_hand_is_taken_over(tmp_path: Path) -> None:
    async with supervisor() as asked, open_house(tmp_path) as house:
        flow = StandInFlow([Entry(None, "localhost", port_of(house.server))])
        message = await told(house.server, asked)
        assert await flow.discovered(message, "Kokoro") == "already_configured"
        assert [entry.unique_id for entry in flow.entries] == [message["uuid"]]


async def test_a_server_that_is_gone_is_no_entry() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        message = {"uuid": "0", "config": {"uri": f"tcp://127.0.0.1:{unused.getsockname()[1]}"}}
        assert await StandInFlow().discovered(message, "Kokoro") == "cannot_connect"


async def test_home_assistant_s_own_flow_makes_the_entry(tmp_path: Path) -> None:
    """Its files for Wyoming, on a stand-in for its framework of flows."""
    with importable(sources("core"), "homeassistant", _framework()):
        flows = import_module("homeassistant.components.wyoming.config_flow")
        infos = import_module("homeassistant.helpers.service_info.hassio")
        async with supervisor() as asked, open_house(tmp_path) as house:
            message = await told(house.server, asked)
            found = infos.HassioServiceInfo(
                config={**message["config"], "addon": "Kokoro"}, name="Kokoro", slug="x_kokoro", uuid=message["uuid"]
            )
            flow = flows.WyomingConfigFlow()
            assert (await flow.async_step_hassio(found))["step_id"] == "hassio_confirm"
            assert flow.unique_id == message["uuid"]
            made = await flow.async_step_hassio_confirm({})
            assert made == {"title": "Kokoro", "data": {"host": "localhost", "port": port_of(house.server)}}


class _Flow:
    """Home Assistant's ConfigFlow as far as the integration's files use it."""

    def __init_subclass__(cls, **_: Any) -> None:
        """The domain is not needed."""

    def __init__(self) -> None:
        self.context: dict[str, Any] = {}
        self.unique_id = ""

    async def async_set_unique_id(self, unique_id: str) -> None:
        self.unique_id = unique_id

    def _abort_if_unique_id_configured(self) -> None:
        """There is no entry yet."""

    def _async_current_entries(self, **_: Any) -> list[Any]:
        return []

    def async_show_form(self, **form: Any) -> dict[str, Any]:
        return form

    def async_create_entry(self, **entry: Any) -> dict[str, Any]:
        return entry

    def async_abort(self, *, reason: str) -> dict[str, Any]:
        return {"reason": reason}


def _framework() -> dict[str, dict[str, Any]]:
    platform = enum.Enum("platform", "STT TTS WAKE_WORD CONVERSATION")
    error = {"HomeAssistantError": Exception}
    return {
        "homeassistant.config_entries": {"SOURCE_HASSIO": "hassio", "ConfigFlow": _Flow, "ConfigFlowResult": dict},
        "homeassistant.const": {"CONF_HOST": "host", "CONF_PORT": "port", "Platform": platform},
        "homeassistant.exceptions": error,
        "homeassistant.helpers.service_info.zeroconf": {"ZeroconfServiceInfo": object},
        "homeassistant.data_entry_flow": {"BaseServiceInfo": object},
        "probatio": {"Schema": dict, "Required": str},
    }
