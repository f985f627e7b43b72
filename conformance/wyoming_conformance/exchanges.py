"""The exchanges: what is sent, and what must come of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from wyoming.event import Event

from wyoming_conformance.line import FaultError, Line, RefusedError, Server

TEXT = "The light is on. Two windows are open"
LONG_TEXT = "Once upon a time there was a house that spoke to everybody who lived in it. " * 12
_DESCRIBE_SECONDS = 5.0
"""Home Assistant asks every 30 s, and calls the server unavailable after this time."""


@dataclass(frozen=True)
class Exchange:
    name: str
    asked_by: str
    run: Callable[[Server], Awaitable[None]]


EXCHANGES: list[Exchange] = []


def _exchange(asked_by: str) -> Callable[[Callable[[Server], Awaitable[None]]], Callable[[Server], Awaitable[None]]]:
    def note(run: Callable[[Server], Awaitable[None]]) -> Callable[[Server], Awaitable[None]]:
        EXCHANGES.append(Exchange(run.__name__, asked_by, run))
        return run

    return note


_ALWAYS = "all"
_WHOLE = "without streaming"
_STREAMING = "since 2025.7"
_POLLING = "since 2026.9"
_OTHERS = "other clients"


def whole(text: str, voice: str | None = None, **more: object) -> Event:
    """`synthesize`"""
    return Event("synthesize", {"text": text, **({"voice": {"name": voice}} if voice else {}), **more})


def stream(*deltas: str, voice: str | None = None) -> list[Event]:
    """A reply as Home Assistant streams it: with the whole text once more, for servers that know no streams."""
    start = Event("synthesize-start", {"voice": {"name": voice}} if voice else {})
    chunks = [Event("synthesize-chunk", {"text": delta}) for delta in deltas]
    return [start, *chunks, whole("".join(deltas), voice), Event("synthesize-stop")]


async def _seconds_of(server: Server, text: str, voice: str | None = None) -> float:
    async with server.line() as line:
        await line.send(whole(text, voice))
        return (await line.reply(streamed=False)).seconds


def _compare(seconds: float, expected_seconds: float) -> None:
    heard = f"{seconds:.2f} s are heard of a text that takes {expected_seconds:.2f} s when sent whole"
    if seconds > 1.6 * expected_seconds:
        raise FaultError(f"{heard}: something is said twice, or word by word")
    if seconds < 0.6 * expected_seconds:
        raise FaultError(f"{heard}: something is left out")


async def _first_voice(server: Server) -> str:
    async with server.line() as line:
        return str(_voices(_program(await line.info()))[0]["name"])


def _program(info: dict[str, list[dict[str, object]]]) -> dict[str, object]:
    programs = [program for program in info.get("tts") or [] if program.get("installed")]
    if not programs:
        raise FaultError("no installed tts program is offered: Home Assistant sets nothing up")
    return programs[0]


def _voices(program: dict[str, object]) -> list[dict[str, object]]:
    voices = program.get("voices")
    if not isinstance(voices, list) or not voices:
        raise FaultError("no voice is offered: Home Assistant's entity fails")
    return voices


@_exchange(_ALWAYS)
async def what_is_offered_can_be_set_up(server: Server) -> None:
    async with server.line() as line:
        info = await line.info(min(_DESCRIBE_SECONDS, server.patience_seconds))
    program = _program(info)
    for service in ("asr", "handle", "intent", "wake", "mic", "snd"):
        if any(offered.get("installed") for offered in info.get(service) or []):
            raise FaultError(f"{service} is offered besides: Home Assistant makes something else of the entry")
    voices = _voices(program)
    for offered in (program, *voices):
        if not isinstance(offered.get("attribution"), dict):
            raise FaultError(f"{offered.get('name')} has no attribution: set-up ends with an error 500")
    names = [voice.get("name") for voice in voices]
    if len(set(map(str, names))) < len(names):
        raise FaultError("two voices have one name: one of them cannot be chosen")
    for voice in voices:
        if voice.get("installed") and not voice.get("languages"):
            raise FaultError(f"{voice.get('name')} has no language: it vanishes from the list")


@_exchange(_ALWAYS)
async def describe_is_answered_again_and_again(server: Server) -> None:
    async with server.line() as line:
        first = await line.info()
        if await line.info() != first:
            raise FaultError("describe is answered differently from one time to the next")
    async with server.line() as line:
        await line.info()


@_exchange(_POLLING)
async def describe_is_answered_while_another_is_spoken_to(server: Server) -> None:
    async with server.line() as listener, server.line() as poll:
        await listener.send(whole(LONG_TEXT))
        await listener.first_sound()
        try:
            await poll.info(min(_DESCRIBE_SECONDS, server.patience_seconds))
        except FaultError as fault:
            raise FaultError(f"while it speaks: {fault}; the entity becomes unavailable") from None
        listener.vanish()


@_exchange(_WHOLE)
async def a_whole_text_is_spoken(server: Server) -> None:
    async with server.line() as line:
        await line.send(whole(TEXT, await _first_voice(server)))
        await line.reply(streamed=False)
        await line.expect_nothing()


@_exchange(_WHOLE)
async def a_blank_text_has_a_sound(server: Server) -> None:
    for text in ("", " ", "..."):
        async with server.line() as line:
            await line.send(whole(text))
            await line.reply(streamed=False)


@_exchange(_WHOLE)
async def keys_that_are_new_are_passed_over(server: Server) -> None:
    async with server.line() as line:
        await line.send(whole("The door is open.", text_format="text", context={"conversation": {"id": "1"}}))
        await line.reply(streamed=False)


@_exchange(_STREAMING)
async def a_stream_is_spoken_once_and_ended(server: Server) -> None:
    voice = await _first_voice(server)
    expected_seconds = await _seconds_of(server, TEXT, voice)
    async with server.line() as line:
        await line.send(*stream(TEXT, voice=voice))
        heard = await line.reply(streamed=True)
        await line.expect_nothing()
    _compare(heard.seconds, expected_seconds)


@_exchange(_STREAMING)
async def deltas_cut_anywhere_sound_like_the_whole(server: Server) -> None:
    expected_seconds = await _seconds_of(server, TEXT)
    for size in (3, 7):
        deltas = [TEXT[at : at + size] for at in range(0, len(TEXT), size)]
        async with server.line() as line:
            for event in stream(*deltas):
                await line.send(event)
                await asyncio.sleep(0.002)
            _compare((await line.reply(streamed=True)).seconds, expected_seconds)


@_exchange(_STREAMING)
async def sound_comes_before_the_text_ends(server: Server) -> None:
    async with server.line() as line:
        start, *_, stop = stream()
        await line.send(
            start, *(Event("synthesize-chunk", {"text": LONG_TEXT[at : at + 20]}) for at in range(0, 400, 20))
        )
        try:
            await line.first_sound()
        except FaultError as fault:
            raise FaultError(f"of 400 characters of a stream: {fault}") from None
        await line.send(stop)
        line.vanish()


@_exchange(_STREAMING)
async def a_stream_that_names_no_voice_is_spoken(server: Server) -> None:
    async with server.line() as line:
        await line.send(*stream("The door is open."))
        await line.reply(streamed=True)


@_exchange(_STREAMING)
async def a_stream_without_text_is_ended_and_has_a_sound(server: Server) -> None:
    for deltas in ((), ("",), (" ", "\n"), ("...",)):
        async with server.line() as line:
            await line.send(*stream(*deltas))
            await line.reply(streamed=True)


@_exchange(_STREAMING)
async def markup_and_emoji_of_a_language_model_are_survived(server: Server) -> None:
    async with server.line() as line:
        await line.send(*stream("**Li", "ghts**", " are *on* 💡.\n\n- `kit", "chen`\n- hall\n", "🎉", "!"))
        await line.reply(streamed=True)


@_exchange(_OTHERS)
async def a_connection_can_be_used_again(server: Server) -> None:
    async with server.line() as line:
        for streamed in (True, False, True, False):
            await line.send(*(stream("The door is open.") if streamed else [whole("The door is open.")]))
            await line.reply(streamed=streamed)
        await line.info()


@_exchange(_OTHERS)
async def events_that_are_unknown_are_passed_over(server: Server) -> None:
    async with server.line() as line:
        await line.send(Event("weather", {"rain": True}), whole("The door is open."))
        await line.reply(streamed=False)


@_exchange(_OTHERS)
async def who_sends_no_more_still_hears_the_end(server: Server) -> None:
    async with server.line() as line:
        await line.send(whole(TEXT))
        line.writer.write_eof()
        await line.reply(streamed=False)


@_exchange(_ALWAYS)
async def an_unknown_voice_is_an_error_or_spoken_all_the_same(server: Server) -> None:
    for streamed in (False, True):
        async with server.line() as line:
            voice = "no_such_voice"
            await line.send(*(stream(TEXT, voice=voice) if streamed else [whole(TEXT, voice)]))
            await _reply_or_error(line, streamed=streamed)


@_exchange(_ALWAYS)
async def nonsense_harms_nobody_else(server: Server) -> None:
    for nonsense in (
        b"GET / HTTP/1.1\r\n\r\n",
        b'{"type": "synthesize", "data_length": 1e999}\n',
        b"[1]\n",
        b'{"type":',
    ):
        async with server.line() as line:
            line.writer.write(nonsense)
            line.writer.write_eof()
            await line.expect_end()
    await a_stream_that_names_no_voice_is_spoken(server)


@_exchange(_ALWAYS)
async def who_leaves_keeps_nobody_waiting(server: Server) -> None:
    for _ in range(3):
        async with server.line() as line:
            await line.send(*stream(LONG_TEXT))
            await line.first_sound()
            line.vanish()
    async with server.line() as line:
        await line.send(stream()[0], Event("synthesize-chunk", {"text": "Cut o"}))
        line.vanish()
    await a_stream_that_names_no_voice_is_spoken(server)


@_exchange(_ALWAYS)
async def two_are_spoken_to_at_once(server: Server) -> None:
    async def one(text: str) -> None:
        async with server.line() as line:
            await line.send(*stream(text))
            await line.reply(streamed=True)

    await asyncio.gather(one(TEXT), one("The door is open."))


async def _reply_or_error(line: Line, *, streamed: bool) -> None:
    try:
        await line.reply(streamed=streamed)
    except RefusedError:
        await line.expect_end()
