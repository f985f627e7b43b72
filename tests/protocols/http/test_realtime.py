"""`/v1/realtime` over a real socket: what Open WebUI and wyoming_openai send, and OpenAI's own client."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import aiohttp
import pytest

from kokoro_wyoming.errors import AssetError
from kokoro_wyoming.protocols.http.options import HttpOptions
from tests.stand_ins.beep_engine import BeepEngine, heard
from tests.stand_ins.beep_house import until
from tests.stand_ins.socket_house import Client, codes, kinds, open_sockets

PATH = "/v1/realtime?model=kokoro"
SPOKEN = [
    "response.created",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_audio_transcript.delta",
    "response.output_audio.delta",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.done",
]
"""The events of a response, a run of deltas as one."""


def _user(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def _create(**response: Any) -> dict[str, Any]:
    return {"type": "response.create", "response": response}


def _once(events: list[dict[str, Any]]) -> list[str]:
    types = kinds(events)
    return [kind for at, kind in enumerate(types) if types[at - 1 : at] != [kind]]


def _pcm(events: list[dict[str, Any]]) -> bytes:
    deltas = [event["delta"] for event in events if event["type"] == "response.output_audio.delta"]
    return b"".join(base64.b64decode(delta, validate=True) for delta in deltas)


def _text(events: list[dict[str, Any]]) -> str:
    return heard(_pcm(events))


async def _spoken(client: Client, **response: Any) -> list[dict[str, Any]]:
    await client.send(_create(**response))
    return await client.read_to("response.done", "error")


# What clients send


async def test_it_speaks_as_open_webui_asks() -> None:
    instructions = "You are a text-to-speech renderer. Read the supplied text aloud faithfully."
    async with open_sockets() as house, house.socket(PATH) as client:
        assert kinds(await client.read_to("session.created")) == ["session.created"]
        session = {
            "type": "realtime",
            "output_modalities": ["audio"],
            "audio": {
                "input": {"turn_detection": None, "transcription": None},
                "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "boop"},
            },
            "tools": [],
            "tool_choice": "none",
            "instructions": instructions,
        }
        await client.send({"type": "session.update", "session": session})
        updated = (await client.read_to("session.updated", "error"))[-1]["session"]
        assert updated["audio"]["output"]["voice"] == "boop"
        events = await _spoken(
            client,
            conversation="none",
            output_modalities=["audio"],
            tools=[],
            tool_choice="none",
            instructions=instructions,
            input=[_user("Hello there. How are you?")],
        )
    assert _once(events) == SPOKEN
    assert _text(events) == "Hello there.How are you?"
    assert {voice.name for _, voice in house.engine.said} == {"boop"}
    created, done = events[0]["response"], events[-1]["response"]
    assert (created["status"], done["status"]) == ("in_progress", "completed")
    assert created["id"] == done["id"]
    assert {event["response_id"] for event in events[1:-1]} == {created["id"]}
    assert done["output"][0]["content"] == [{"type": "output_audio", "transcript": "Hello there. How are you?"}]
    assert done["usage"]["output_token_details"]["audio_tokens"] == round(len(_pcm(events)) / 48_000 / 0.025)


async def test_it_speaks_as_wyoming_openai_asks_without_waiting_for_answers() -> None:
    async with open_sockets() as house, house.socket(PATH) as client:
        session = {
            "type": "realtime",
            "output_modalities": ["audio"],
            "tool_choice": "none",
            "instructions": "You are a text-to-speech engine.",
            "audio": {"output": {"voice": "beep", "format": {"type": "audio/pcm", "rate": 24000}, "speed": 1.5}},
        }
        await client.send(
            {"type": "session.update", "session": session},
            _create(conversation="none", output_modalities=["audio"], input=[_user("One sentence.")]),
        )
        events = await client.read_to("response.done", "error")
    assert _once(events) == ["session.created", "session.updated", *SPOKEN]
    assert events[1]["session"]["audio"]["output"]["speed"] == 1.5
    transcripts = [event["transcript"] for event in events if event["type"].endswith("transcript.done")]
    assert transcripts == ["One sentence."]
    assert _text(events) == "One sentence."


@pytest.mark.slow
async def test_openais_own_client_is_understood() -> None:
    import openai

    async with open_sockets(options=HttpOptions(api_key="secret-key")) as house:
        ours: Any = openai.AsyncOpenAI(
            api_key="secret-key",
            base_url=f"http://127.0.0.1:{house.port}/v1",
            websocket_base_url=f"ws://127.0.0.1:{house.port}/v1",
        )
        async with ours.realtime.connect(model="kokoro") as connection:
            created = await connection.recv()
            assert created.type == "session.created"
            output = {"voice": {"id": "boop"}, "format": {"type": "audio/pcm", "rate": 24000}}
            await connection.session.update(session={"type": "realtime", "audio": {"output": output}})
            assert (await connection.recv()).type == "session.updated"
            await connection.conversation.item.create(item=_user("In the conversation."))
            await connection.response.create()
            pcm, seen = b"", []
            async for event in connection:
                seen.append(event.type)
                if event.type == "response.output_audio.delta":
                    pcm += base64.b64decode(event.delta)
                if event.type == "response.done":
                    assert event.response.status == "completed"
                    break
            await connection.response.cancel()
            refused = await connection.recv()
        await ours.close()
    assert heard(pcm) == "In the conversation."
    assert seen[:3] == ["conversation.item.added", "conversation.item.done", "response.created"]
    assert (refused.type, refused.error.code) == ("error", "response_cancel_not_active")


@pytest.mark.parametrize(
    ("response", "says"),
    [
        ({"input": [_user("One."), _user("Two.")]}, "One.Two."),
        ({"input": [{"role": "system", "type": "message", "content": []}, _user("One.")]}, "One."),
        ({"instructions": "Plain words."}, "Plain words."),
        ({"instructions": 'Say exactly the following: "Hello: you."'}, "Hello: you."),
        ({"instructions": "Please read this text aloud:\n\nHello."}, "Hello."),
        ({"instructions": "Reading is good: always."}, "Reading is good: always."),
    ],
)
async def test_a_text_is_found_wherever_clients_put_it(response: dict[str, Any], says: str) -> None:
    async with open_sockets() as house, house.socket(PATH) as client:
        assert _text(await _spoken(client, **response)) == says


async def test_the_last_item_of_the_conversation_is_spoken() -> None:
    async with open_sockets() as house, house.socket(PATH) as client:
        for text in ("First.", "Last."):
            await client.send({"type": "conversation.item.create", "item": {**_user(text), "id": text}})
        await client.send({"type": "response.create"})
        events = await client.read_to("response.done", "error")
        again = await _spoken(client, instructions="Answer this.")
    added = [event for event in events if event["type"] == "conversation.item.added"]
    assert [(event["item"]["id"], event["previous_item_id"]) for event in added] == [
        ("First.", None),
        ("Last.", "First."),
    ]
    assert _text(events) == _text(again) == "Last."


async def test_a_response_may_have_its_own_voice_and_is_told_its_metadata() -> None:
    async with open_sockets() as house, house.socket(PATH) as client:
        audio = {"output": {"voice": "pii"}}
        first = await _spoken(client, input=[_user("Own.")], audio=audio, metadata={"topic": "x"})
        second = await _spoken(client, input=[_user("Usual.")], voice="boop")
    assert first[-1]["response"]["metadata"] == {"topic": "x"}
    assert first[-1]["response"]["audio"]["output"]["voice"] == "pii"
    assert [voice.name for _, voice in house.engine.said] == ["pii", "boop"]
    assert _once(second) == SPOKEN


async def test_all_ids_are_unlike() -> None:
    async with open_sockets() as house, house.socket(PATH) as client:
        events = [event for _ in range(3) for event in await _spoken(client, input=[_user("Hello.")])]
    assert len({event["event_id"] for event in events}) == len(events)
    assert len({event["response"]["id"] for event in events if event["type"] == "response.created"}) == 3
    assert len({event["item"]["id"] for event in events if event["type"] == "response.output_item.added"}) == 3


# Cancel


async def test_cancel_ends_a_response() -> None:
    engine = BeepEngine(gate=asyncio.Event())
    async with open_sockets(engine) as house, house.socket(PATH) as client:
        await client.send(_create(input=[_user("Never heard.")]))
        await until(lambda: bool(engine.said))
        await client.send(_create(input=[_user("Second.")]), {"type": "response.cancel"})
        events = await client.read_to("response.done")
        assert codes(events) == ["conversation_already_has_active_response"]
        assert "response.output_audio.delta" not in kinds(events)
        done = events[-1]["response"]
        assert (done["status"], done["status_details"]["reason"]) == ("cancelled", "client_cancelled")
        assert done["output"][0]["status"] == "incomplete"
        assert engine.taken == 0
        assert engine.gate is not None
        engine.gate.set()
        await client.send({"type": "response.cancel", "event_id": "mine"})
        refused = (await client.read_to("error"))[0]["error"]
        assert (refused["code"], refused["event_id"]) == ("response_cancel_not_active", "mine")
        assert _text(await _spoken(client, input=[_user("Heard.")])) == "Heard."


async def test_a_response_of_another_id_is_not_cancelled() -> None:
    gate = asyncio.Event()
    async with open_sockets(BeepEngine(gate=gate)) as house, house.socket(PATH) as client:
        await client.send(_create(input=[_user("Goes on.")]), {"type": "response.cancel", "response_id": "resp_other"})
        events = await client.read_to("error")
        gate.set()
        events += await client.read_to("response.done")
    assert _text(events) == "Goes on."


# Mistakes and faults


@pytest.mark.parametrize(
    ("sent", "code", "says"),
    [
        ({"type": "input_audio_buffer.append", "audio": ""}, "unsupported", "only speaks"),
        ({"type": "conversation.item.delete"}, "invalid-request", "session.update"),
        ({}, "invalid-request", "session.update"),
        ({"type": "session.update"}, "invalid-request", "session must be an object"),
        ({"type": "session.update", "session": {"type": "transcription"}}, "unsupported", "realtime"),
        ({"type": "session.update", "session": {"instructions": 1}}, "invalid-request", "string"),
        ({"type": "session.update", "session": {"voice": "nobody"}}, "unknown-voice", "nobody"),
        ({"type": "session.update", "session": {"output_audio_format": "g711_ulaw"}}, "invalid-request", "audio/pcm"),
        ({"type": "session.update", "session": {"output_modalities": ["text"]}}, "unsupported", "audio"),
        ({"type": "session.update", "session": {"speed": "fast"}}, "invalid-request", "number"),
        ({"type": "conversation.item.create", "item": "x"}, "invalid-request", "item must be an object"),
        ({"type": "conversation.item.create", "item": {"type": "function_call"}}, "unsupported", "message"),
        (
            {"type": "conversation.item.create", "item": {"content": [{"type": "input_audio", "audio": ""}]}},
            "unsupported",
            "input_text",
        ),
        ({"type": "response.create"}, "invalid-request", "response.input"),
        (_create(input="x"), "invalid-request", "list of items"),
        (_create(input=[_user(" ")]), "invalid-request", "nothing to say"),
        (_create(input=[_user("x")], voice="nobody"), "unknown-voice", "nobody"),
        (_create(input=[_user("x")], metadata=[]), "invalid-request", "metadata"),
        (_create(input=[_user("x" * 100_001)]), "too-long", "100,000"),
    ],
)
async def test_a_mistake_is_told_in_the_vendors_shape(sent: dict[str, Any], code: str, says: str) -> None:
    async with open_sockets() as house, house.socket(PATH) as client:
        await client.read_to("session.created")
        await client.send({**sent, "event_id": "mine"})
        error = (await client.read_to("error"))[0]
        assert set(error["error"]) == {"type", "code", "message", "param", "event_id"}
        assert (error["error"]["code"], error["error"]["event_id"]) == (code, "mine")
        assert says in error["error"]["message"]
        assert _text(await _spoken(client, input=[_user("Still here.")])) == "Still here."


async def test_a_failure_midway_is_the_status_of_the_response() -> None:
    engine = BeepEngine(failures={"Second.": AssetError("The voice is missing.")})
    async with open_sockets(engine) as house, house.socket(PATH) as client:
        await client.read_to("session.created")
        events = await _spoken(client, input=[_user("First sentence. Second.")])
        assert _once(events) == SPOKEN
        done = events[-1]["response"]
        assert (done["status"], done["status_details"]["error"]["code"]) == ("failed", "not-installed")
        assert _text(await _spoken(client, input=[_user("Next.")])) == "Next."


async def test_an_unknown_model_is_the_default_one() -> None:
    async with open_sockets() as house, house.socket("/v1/realtime?model=gpt-realtime-2.1") as client:
        created = (await client.read_to("session.created"))[0]["session"]
        assert created["model"] == "gpt-realtime-2.1"
        assert _text(await _spoken(client, input=[_user("Hello.")])) == "Hello."


async def test_a_voice_of_openais_is_one_of_ours() -> None:
    options = HttpOptions(vendor_voices={"marin": "boop", "cedar": "gone"})
    async with open_sockets(options=options) as house, house.socket(PATH) as client:
        for voice in ("marin", "cedar"):
            await client.send({"type": "session.update", "session": {"voice": voice}})
            await _spoken(client, input=[_user("Hello.")])
    assert [voice.name for _, voice in house.engine.said] == ["boop", "beep"]


async def test_draining_finishes_a_response() -> None:
    gate = asyncio.Event()
    engine = BeepEngine(gate=gate)
    async with open_sockets(engine) as house, house.socket(PATH) as client:
        await client.send(_create(input=[_user("In hand.")]))
        await until(lambda: bool(engine.said))
        draining = asyncio.ensure_future(house.server.drain(10))
        await asyncio.sleep(0)
        gate.set()
        events = await client.read_all()
        assert client.socket.close_code == aiohttp.WSCloseCode.GOING_AWAY
        await draining
    assert _text(events) == "In hand."
    assert events[-1]["response"]["status"] == "completed"


async def test_the_work_is_abandoned_when_the_client_leaves() -> None:
    engine = BeepEngine(gate=asyncio.Event())
    async with open_sockets(engine) as house:
        async with house.socket(PATH) as client:
            await client.send(_create(input=[_user("Never heard.")]))
            await until(lambda: bool(engine.said))
        await until(lambda: engine.abandoned == ["Never heard."])
