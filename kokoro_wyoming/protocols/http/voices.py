"""Which voices and releases there are, in the shapes that clients ask for."""

from __future__ import annotations

from collections.abc import Iterator

from aiohttp import web

from kokoro_wyoming import releases
from kokoro_wyoming.protocols.http.context import CONTEXT
from kokoro_wyoming.protocols.http.described import Description, described
from kokoro_wyoming.protocols.http.errors import NotFoundError, json_response
from kokoro_wyoming.voices.descriptions import ProgramDescription, VoiceDescription

ROUTES = web.RouteTableDef()

_MADE_SECONDS = 1_735_689_600
"""When Kokoro's first release was made public, as Unix time: clients want a number."""
_TEST_ANSWER = {"status": "ok"}
"""By this answer clients know a server of Kokoro."""


@ROUTES.get("/v1/audio/voices")
@described(Description(query={"legacy": "true: names alone."}))
async def voices(request: web.Request) -> web.Response:
    """All voices of all releases; their names alone with `?legacy=true`."""
    described = list(_described(request.app[CONTEXT].service.programs()))
    if request.query.get("legacy", "").lower() in ("1", "true"):
        return json_response({"voices": [voice["id"] for voice in described]})
    return json_response({"object": "list", "voices": described, "data": described})


@ROUTES.get("/v1/models")
async def models(request: web.Request) -> web.Response:
    """The releases as OpenAI's API lists models."""
    return json_response({"object": "list", "data": [_model(one) for one in request.app[CONTEXT].service.programs()]})


@ROUTES.get("/v1/models/{model}")
async def model(request: web.Request) -> web.Response:
    """One release."""
    wanted = request.match_info["model"]
    for program in request.app[CONTEXT].service.programs():
        if wanted == _model_id(program):
            return json_response(_model(program))
    raise NotFoundError("There is no such model; /v1/models lists them.")


@ROUTES.get("/v1/audio/models")
async def audio_models(request: web.Request) -> web.Response:
    """The releases as Open WebUI asks for them."""
    programs = request.app[CONTEXT].service.programs()
    return json_response({"models": [{"id": _model_id(one), "name": one.name} for one in programs]})


@ROUTES.get("/v1/test")
async def test(request: web.Request) -> web.Response:
    """The answer by which clients know a server of Kokoro."""
    return json_response(_TEST_ANSWER)


def _described(programs: tuple[ProgramDescription, ...]) -> Iterator[dict[str, object]]:
    """Each voice once, by the name that needs no model beside it. The first program may list others' voices, too."""
    seen: set[str] = set()
    for program in programs:
        for voice in program.voices:
            is_plain = program is programs[0] or "/" in voice.name
            name = voice.name if is_plain else f"{program.version}/{voice.name}"
            if voice.languages and name not in seen:
                seen.add(name)
                yield _voice(name, voice)


def _voice(name: str, voice: VoiceDescription) -> dict[str, object]:
    label = voice.label.removeprefix("* ")
    return {
        "id": name,
        "name": label,
        "label": label.partition(" (")[0],
        "language": voice.languages[0],
        "gender": voice.sex,
        "grade": voice.grade,
        "release": voice.version,
        "best": voice.label.startswith("* "),
    }


def _model(program: ProgramDescription) -> dict[str, object]:
    release = releases.described(program.version)
    return {
        "id": _model_id(program),
        "object": "model",
        "created": _MADE_SECONDS,
        "owned_by": release.attribution.name,
        "release": program.version,
        "texts": {language.tag: language.texts for language in release.languages},
    }


def _model_id(program: ProgramDescription) -> str:
    return program.name.lower().replace(" ", "-")
