"""`POST /announce`: a text on the speakers that the owner's settings name."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from kokoro_wyoming.audio.pcm import CHANNELS, SAMPLE_RATE_HZ, SAMPLE_WIDTH_BYTES
from kokoro_wyoming.audio.pcm_format import PcmFormat
from kokoro_wyoming.errors import ShuttingDownError, TextTooLongError
from kokoro_wyoming.protocols.http.bodies import WHOLE_CHARS, VoicedBody, parsed, read_json, speaking
from kokoro_wyoming.protocols.http.context import CONTEXT, Context
from kokoro_wyoming.protocols.http.described import Description, described
from kokoro_wyoming.protocols.http.errors import BadRequestError, json_response
from kokoro_wyoming.protocols.http.sending import pcm_of
from kokoro_wyoming.speakers.announcer import Announcement, Spoken
from kokoro_wyoming.speakers.book import Book, Target, UnknownSpeakerError
from kokoro_wyoming.speakers.chime import Chime, gentle
from kokoro_wyoming.speakers.report import report
from kokoro_wyoming.speakers.turns import Priority
from kokoro_wyoming.text.text_stream import TextFormat
from kokoro_wyoming.utterances.utterance import Utterance

ROUTES = web.RouteTableDef()
_FORMAT = PcmFormat(SAMPLE_RATE_HZ, SAMPLE_WIDTH_BYTES, CHANNELS)
_MAX_NAMES = 100


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


class AnnounceBody(BaseModel):
    """The body of `POST /announce`."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    text: str = Field(description="What is announced, in plain words, Markdown, or SSML.")
    to: Annotated[list[str], BeforeValidator(_several, json_schema_input_type=str | list[str])] = Field(
        min_length=1, max_length=_MAX_NAMES, description="Names of speakers and groups of the settings."
    )
    voice: str | None = Field(None, description="A voice, a blend, or a name of the owner's own.")
    language: str | None = Field(None, description="A language tag, or Kokoro's letter of a language.")
    speed: float = Field(1.0, gt=0, le=100, description="Pace; outside of 0.5 to 2.0 it is clamped.")
    volume: float | None = Field(None, ge=0, le=1, description="Of the speakers meanwhile, as loud as they can.")
    chime: Annotated[bool | Literal["gentle"] | None, BeforeValidator(_lower)] = Field(
        None, description="true: the settings' chime; false: none; gentle: two soft tones."
    )
    priority: Annotated[Literal["low", "normal", "alarm"], BeforeValidator(_lower)] = Field(
        "normal", description="alarm: before all others, and in quiet hours too."
    )
    text_format: Annotated[TextFormat, BeforeValidator(_lower)] = Field(
        "text", description="The language of the markup."
    )


@ROUTES.post("/announce")
@described(Description(AnnounceBody))
async def announce(request: web.Request) -> web.Response:
    """Announce a text on speakers of the settings, and tell how each fared."""
    context = request.app[CONTEXT]
    body = parsed(AnnounceBody, await read_json(request, context.options))
    _check_text(context, body.text)
    announcement = Announcement(
        _targets(context.announcements.wishes.book, body.to),
        _chime(context, body.chime),
        body.volume,
        Priority[body.priority.upper()],
    )
    asked = speaking(_voiced(body), live=True)
    speaking_it = contextlib.ExitStack()
    utterance = speaking_it.enter_context(context.utterance(request, asked.request, body.text))
    task = context.announcements.begin(announcement, _spoken(utterance))
    task.add_done_callback(lambda _: speaking_it.close())
    await asyncio.wait({task})  # which goes on when this client hangs up: the script of a doorbell does not wait
    if task.cancelled():
        raise ShuttingDownError
    outcomes = task.result()
    is_heard = any(outcome.status != "failed" for outcome in outcomes)
    return json_response(report(outcomes), status=200 if is_heard else 502)


@ROUTES.get("/announce/speakers")
async def speakers(request: web.Request) -> web.Response:
    """The speakers and groups that can be named, without their addresses."""
    wishes = request.app[CONTEXT].announcements.wishes
    return json_response(
        {
            "speakers": [_described(target) for target in wishes.book.speakers.values()],
            "groups": [{"name": name, "speakers": [*members]} for name, members in wishes.book.groups.items()],
            "chime": wishes.chime is not None,
        }
    )


def _voiced(body: AnnounceBody) -> VoicedBody:
    """What is said of the voice, as in every request for speech."""
    return VoicedBody.model_validate(
        {"voice": body.voice, "speed": body.speed, "lang_code": body.language, "text_format": body.text_format}
    )


def _check_text(context: Context, text: str) -> None:
    if not text.strip():
        raise BadRequestError("There is nothing to say.", "text")
    longest = min(WHOLE_CHARS, context.options.text_chars)
    if len(text) > longest:
        raise TextTooLongError(f"An announcement may have {longest:,} characters.")


def _targets(book: Book, names: list[str]) -> tuple[Target, ...]:
    """The speakers of these names. Raises BadRequestError."""
    if any("://" in name for name in names):
        raise BadRequestError(
            "Announcements go to names of the settings: by an address, whoever may ask here could have this server "
            "connect to any machine.",
            "to",
        )
    try:
        return book.find_all(names)
    except UnknownSpeakerError as error:
        known = f"there are {', '.join(book.names())}" if book.names() else "the setting `speakers` names none"
        raise BadRequestError(f"There is no speaker {str(error)[:40]!r}; {known}.", "to") from error


def _chime(context: Context, wanted: bool | str | None) -> Chime | None:
    """The chime of an announcement. `true` is the settings', or ours where they have none."""
    if wanted is False:
        return None
    if wanted == "gentle":
        return gentle()
    return context.announcements.wishes.chime or (gentle() if wanted else None)


async def _spoken(utterance: Utterance) -> AsyncGenerator[Spoken, None]:
    """The sound of an utterance. Its format comes at once, so that the chime is heard while the first word is made."""
    yield _FORMAT, b""
    async with contextlib.aclosing(pcm_of(utterance)) as pieces:
        async for pcm in pieces:
            yield _FORMAT, pcm


def _described(target: Target) -> dict[str, object]:
    quiet_hours = None if target.quiet_hours is None else str(target.quiet_hours)
    return {"name": target.name, "kind": target.address.kind, "volume": target.volume, "quiet_hours": quiet_hours}
