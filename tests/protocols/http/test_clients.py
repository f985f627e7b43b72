"""What real clients send and how they read: OpenAI's own in two languages, and others replayed as in their sources."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import shutil
import struct
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs
import pytest
import soundfile

from kokoro_wyoming.audio import encoding
from kokoro_wyoming.audio.encoding import adts
from tests.protocols.http.house import SPEECH, House, open_house
from tests.stand_ins.beep_engine import heard
from tests.stand_ins.beep_house import until

if TYPE_CHECKING:
    import openai

KEY = "correct-horse"
TEXT = "Hello there, this is a test."
LONG = "This is a sentence that is said to its end. " * 15
FORMATS = [name for name in encoding.FORMATS if name != "aac" or adts.is_available()]
_UNKNOWN_SIZES = (0, 0x7FFFFFFF, 0xFFFFFFFF)


def _samples(sound: bytes, form: str) -> int:
    """How many samples a decoder that is not ours reads from a whole file or stream."""
    if form == "pcm":
        return len(sound) // 2
    if form in ("aac", "flac"):  # libsndfile reads no AAC, and no FLAC without a length
        import av

        with av.open(io.BytesIO(sound)) as file:
            return sum(frame.samples for frame in file.decode(audio=0))
    if form == "wav":
        assert (sound[:4], sound[8:12]) == (b"RIFF", b"WAVE")
        return (len(sound) - sound.index(b"data") - 8) // 2
    with soundfile.SoundFile(io.BytesIO(sound)) as file:
        return len(file.read())


def _is_enough(samples: int, wanted: int, form: str) -> bool:
    """Whether nothing is lost: lossy formats may have some silence more."""
    return wanted <= samples <= wanted + (0 if form in ("wav", "pcm", "flac", "opus") else 4_096)


# OpenAI's client in Python


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


def _client(house: House, **options: Any) -> openai.AsyncOpenAI:
    import openai

    return openai.AsyncOpenAI(base_url=f"{house.url}/v1", api_key=options.pop("api_key", KEY), **options)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("text", [TEXT, LONG])
async def test_openai_python_gets_each_format(house: House, form: Any, text: str) -> None:
    wanted = len(await house.say(text)) // 2
    async with _client(house) as client:
        whole = await client.audio.speech.create(model="tts-1", voice="alloy", input=text, response_format=form)
        assert _is_enough(_samples(whole.content, form), wanted, form)
        assert whole.response.headers["Content-Type"] == encoding.media_type(form)


@pytest.mark.slow
async def test_openai_python_streams_into_a_file(house: House, tmp_path: Path) -> None:
    async with (
        _client(house) as client,
        client.audio.speech.with_streaming_response.create(
            model="gpt-4o-mini-tts",
            voice="coral",
            input=LONG,
            instructions="Whisper.",
            response_format="pcm",
            speed=1.2,
        ) as answer,
    ):
        await answer.stream_to_file(tmp_path / "sound.pcm")
    assert (tmp_path / "sound.pcm").read_bytes() == await house.say(LONG)


async def test_openai_python_hands_on_events_as_they_are(house: House) -> None:
    async with (
        _client(house) as client,
        client.audio.speech.with_streaming_response.create(
            model="gpt-4o-mini-tts", voice={"id": "af_heart"}, input=TEXT, response_format="pcm", stream_format="sse"
        ) as answer,
    ):
        events = [json.loads(line.removeprefix("data: ")) async for line in answer.iter_lines() if line]
    assert [event["type"] for event in events[-2:]] == ["speech.audio.delta", "speech.audio.done"]
    assert heard(b"".join(base64.b64decode(event["audio"]) for event in events[:-1])) == TEXT


async def test_openai_python_lists_models(house: House) -> None:
    async with _client(house) as client:
        listed = [model async for model in client.models.list()]
        assert listed
        assert await client.models.retrieve(listed[0].id) == listed[0]


async def test_openai_python_raises_what_it_has_for_each_mistake(tmp_path: Path) -> None:
    import openai

    async with open_house(tmp_path, http__api_key=KEY, limits__text_chars=100) as house:
        async with _client(house, max_retries=0) as client:
            with pytest.raises(openai.BadRequestError) as bad:
                await client.audio.speech.create(model="tts-1", voice="nobody", input="Hi.")
            assert (bad.value.param, bad.value.type) == ("voice", "invalid_request_error")
            assert bad.value.code == "unknown-voice"
            with pytest.raises(openai.NotFoundError):
                await client.models.retrieve("gpt-4o")
            with pytest.raises(openai.APIStatusError) as long:
                await client.audio.speech.create(model="tts-1", voice="alloy", input="x" * 101)
            assert long.value.status_code == 413
        async with _client(house, api_key="wrong") as client:
            with pytest.raises(openai.AuthenticationError) as wrong:
                await client.audio.speech.create(model="tts-1", voice="alloy", input="Hi.")
            assert wrong.value.code == "invalid_api_key"


@pytest.mark.slow
async def test_openai_python_comes_again_when_the_server_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import openai

    monkeypatch.setattr("kokoro_wyoming.protocols.http.errors.RETRY_SECONDS", 1)
    async with open_house(tmp_path, gated=True, limits__waiting_utterances_per_address=1) as house:
        first = asyncio.ensure_future(house.text("One."))
        await asyncio.to_thread(house.gate.reached.wait, 10)
        async with _client(house, max_retries=0) as client:
            with pytest.raises(openai.RateLimitError) as busy:
                await client.audio.speech.create(model="tts-1", voice="alloy", input="Hi.", response_format="pcm")
            assert busy.value.response.headers["Retry-After"] == "1"
        async with _client(house, max_retries=5) as client:
            again = asyncio.ensure_future(
                client.audio.speech.create(model="tts-1", voice="alloy", input="Hi.", response_format="pcm")
            )
            refused = "refused as busy"
            await until(lambda: len([line for line in house.lines() if refused in line]) >= 2)
            house.gate.open()
            assert heard((await again).content) == "Hi."
            assert await first == "One."


async def test_openai_python_raises_when_the_sound_breaks_off(house: House) -> None:
    import openai

    async with _client(house, max_retries=0) as client:
        with pytest.raises(openai.APIConnectionError):
            await client.audio.speech.create(
                model="tts-1", voice="alloy", input=LONG + "This fails: MEMORY.", response_format="pcm"
            )

    house.defects = len(house.lines(40))
    assert house.defects >= 1


# OpenAI's client in JavaScript

_JAVASCRIPT_VERSION = "7.59.0"
_SCRIPT = """
const OpenAI = require("openai").default;
const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const say = (more) => client.audio.speech.create({ model: "tts-1", voice: "alloy", response_format: "pcm", ...more });
const failure = async (promise) => { try { await promise; return "none"; } catch (error) {
  return [error.constructor.name, error.status ?? null, error.param ?? null, error.code ?? null]; } };
(async () => {
  const told = {};
  told.whole = Buffer.from(await (await say({ input: "Hello there." })).arrayBuffer()).toString("base64");
  const chunks = [];
  for await (const chunk of (await say({ input: "Hello there. ".repeat(60) })).body) chunks.push(chunk);
  told.streamed = Buffer.concat(chunks).toString("base64");
  told.events = (await (await say({ input: "Hi.", stream_format: "sse" })).text()).trim().split("\\n\\n").length;
  told.models = (await client.models.list()).data.map((model) => model.id);
  told.voice = await failure(say({ input: "Hi.", voice: "nobody" }));
  told.key = await failure(new OpenAI({ baseURL, apiKey: "wrong", maxRetries: 0 }).models.list());
  told.broken = await failure(say({ input: "Hello there. ".repeat(60) + "MEMORY." }).then((it) => it.arrayBuffer()));
  console.log(JSON.stringify(told));
})();
"""


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """OpenAI's package for JavaScript, in a folder of this user's cache."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("OpenAI's JavaScript client is not tried: it needs node and npm, which are not installed")
    folder = Path(platformdirs.user_cache_dir("kokoro-wyoming-tests")) / f"openai-js-{_JAVASCRIPT_VERSION}"
    package = folder / "node_modules" / "openai" / "package.json"
    if not package.is_file():
        import subprocess

        folder.mkdir(parents=True, exist_ok=True)
        flags = ("--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder))
        done = subprocess.run(
            [npm, "install", *flags, f"openai@{_JAVASCRIPT_VERSION}"], cwd=folder, capture_output=True, timeout=120
        )
        if done.returncode or not package.is_file():
            pytest.skip("npm cannot fetch OpenAI's client from its registry")
    return folder / "node_modules"


@pytest.mark.long
async def test_openai_javascript(tmp_path: Path, node_modules: Path) -> None:
    (tmp_path / "say.cjs").write_text(_SCRIPT)
    (tmp_path / "node_modules").symlink_to(node_modules)
    async with open_house(tmp_path, http__api_key=KEY) as house:
        process = await asyncio.create_subprocess_exec(
            *("node", str(tmp_path / "say.cjs"), f"{house.url}/v1", KEY), cwd=tmp_path, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        told = json.loads(await process.stdout.read())
        assert await process.wait() == 0
        house.defects = 1
    assert heard(base64.b64decode(told["whole"])) == "Hello there."
    assert heard(base64.b64decode(told["streamed"])).replace(" ", "") == "Hellothere." * 60
    assert told["events"] >= 2
    assert told["models"]
    assert told["voice"] == ["BadRequestError", 400, "voice", "unknown-voice"]
    assert told["key"] == ["AuthenticationError", 401, None, "invalid_api_key"]
    assert told["broken"] != "none"


# Others, each as it sends and reads


@pytest.mark.slow
async def test_open_webui(tmp_path: Path) -> None:
    """Asks for voices without the key, then many short texts; reads the whole body by its Content-Type."""
    async with open_house(tmp_path) as house:
        voices = json.loads((await house.get("/v1/audio/voices"))[2])["voices"]
        assert all(isinstance(voice["id"], str) and isinstance(voice["name"], str) for voice in voices)
        models = json.loads((await house.get("/v1/audio/models"))[2])["models"]
        assert all({"id", "name"} <= set(model) for model in models)
        passed = ("audio/mpeg", "audio/mp3", "audio/wav", "audio/ogg", "audio/opus", "audio/flac", "audio/aac")
        for form in ("mp3", "opus", "wav", "flac"):
            sent = {"input": TEXT, "voice": voices[0]["id"], "model": models[0]["id"], "response_format": form}
            status, headers, _ = await house.post(sent, {"Authorization": f"Bearer {KEY}"})
            assert status == 200
            assert headers["Content-Type"].partition(";")[0] in passed
        status, headers, _ = await house.post(
            {"input": TEXT, "voice": "alloy", "model": "tts-1", "response_format": "pcm"}
        )
        kind, *parameters = headers["Content-Type"].replace(" ", "").split(";")
        values = dict(parameter.split("=") for parameter in parameters)
        assert (int(values.get("rate", 24_000)), int(values.get("channels", 1))) == (24_000, 1)
        assert kind.startswith("audio/")
        status, _, body = await house.post({"input": TEXT, "voice": "nobody", "model": "tts-1"})
        assert "nobody" in json.loads(body)["error"]["message"]


async def test_open_webui_shows_our_voices_where_a_key_is_wanted(tmp_path: Path) -> None:
    """It asks for the voices without the key: then it gets none, and shows its own six names, which are mapped."""
    async with open_house(tmp_path, http__api_key=KEY) as house:
        assert (await house.get("/v1/audio/voices"))[0] == 401
        for name in ("alloy", "echo", "fable", "onyx", "nova", "shimmer"):
            status, _, _ = await house.post({"input": "Hi.", "voice": name}, {"Authorization": f"Bearer {KEY}"})
            assert status == 200


@pytest.mark.slow
async def test_librechat(house: House) -> None:
    """Sends a long text in parts and joins the mp3s of the answers."""
    parts, wanted = [], 0
    for text in (TEXT, LONG, TEXT):
        wanted += len(await house.say(text)) // 2
        sent = {"input": text, "model": "tts-1", "voice": "alloy", "backend": "openai"}
        status, headers, body = await house.post(sent, {"Authorization": f"Bearer {KEY}"})
        assert (status, headers["Content-Type"]) == (200, "audio/mpeg")
        assert body[:3] != b"ID3"
        assert b"Xing" not in body[:400]
        assert b"Info" not in body[:400]
        parts.append(body)
    assert wanted <= _samples(b"".join(parts), "mp3") <= wanted + 3 * 4_096


async def test_silly_tavern(house: House) -> None:
    """Reads the whole body and calls it mp3; sends any pace from its slider."""
    for speed in (0.25, 1, 4):
        sent = {"input": TEXT, "voice": "af_heart", "model": "kokoro", "response_format": "mp3", "speed": speed}
        status, _, body = await house.post(sent)
        assert status == 200
        assert _samples(body, "mp3")


@pytest.mark.slow
async def test_openai_tts_for_home_assistant(house: House) -> None:
    """Streams Opus, waits for its first kilobyte, and merges any JSON into the body."""
    sent = {"model": "tts-1", "input": LONG, "voice": "shimmer", "response_format": "opus", "speed": 1.0}
    extra = {"stream": True, "lang_code": "a", "chat_template": {"x": 1}}
    wanted = len(await house.say(LONG)) // 2
    headers = {"Authorization": "Bearer none"}
    async with house.session.post(house.url + SPEECH, json={**sent, **extra}, headers=headers) as answer:
        assert answer.status == 200
        sound = await answer.content.readexactly(1_024)
        assert sound[:4] == b"OggS"
        sound += await answer.content.read()
    assert _samples(sound, "opus") == wanted


async def test_home_assistants_own_client(house: House) -> None:
    """`openai_conversation`: the Python client, whole body; the base address stands in for the vendor's."""
    async with (
        _client(house) as client,
        client.audio.speech.with_streaming_response.create(
            model="gpt-4o-mini-tts", voice="marin", input=TEXT, instructions="", speed=1.0, response_format="mp3"
        ) as answer,
    ):
        sound = b"".join([chunk async for chunk in answer.iter_bytes()])
    assert _samples(sound, "mp3")


async def test_wyoming_openai(house: House) -> None:
    """Streams wav or pcm and bears a size that is not known; guesses the server by three answers."""
    assert (await house.get("/v1/readyz"))[0] != 200  # LocalAI
    assert (await house.get("/health"))[2] != b"OK"  # speaches
    assert json.loads((await house.get("/v1/test"))[2]) == {"status": "ok"}  # Kokoro-FastAPI: what is said of it holds
    listed = json.loads((await house.get("/v1/audio/voices"))[2])["voices"]
    assert all({"id", "name"} <= set(voice) for voice in listed)
    for text in (TEXT, LONG):
        sent = {"model": "tts-1", "input": text, "voice": listed[0]["id"], "response_format": "wav", "speed": 1.0}
        _, _, sound = await house.post(sent)
        riff, data = struct.unpack_from("<I", sound, 4)[0], sound.index(b"data")
        size = struct.unpack_from("<I", sound, data + 4)[0]
        assert riff in (*_UNKNOWN_SIZES, len(sound) - 8)
        assert size in (*_UNKNOWN_SIZES, len(sound) - data - 8)
        assert sound[data + 8 :] == await house.say(text)


async def test_strict_readers_of_wav_ask_for_the_whole(house: House) -> None:
    _, headers, sound = await house.post({"input": LONG, "response_format": "wav", "stream": False})
    assert int(headers["Content-Length"]) == len(sound)
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        assert file.readframes(file.getnframes()) == await house.say(LONG)


async def test_music_assistant(house: House) -> None:
    """Lists voices, then reads whole bodies of the format of its choice."""
    answer = json.loads((await house.get("/v1/audio/voices"))[2])
    found = answer if isinstance(answer, list) else answer["voices"]
    names = [voice if isinstance(voice, str) else voice.get("id") or voice["name"] for voice in found]
    wanted = len(await house.say(TEXT)) // 2
    for form in ("mp3", "opus", "aac", "flac", "wav"):
        sent = {"model": "kokoro", "input": TEXT, "voice": names[0], "response_format": form}
        status, _, sound = await house.post(sent)
        if form == "aac" and not adts.is_available():
            assert status == 400
            continue
        assert status == 200
        assert _is_enough(_samples(sound, form), wanted, form)


async def test_readers_of_older_lists(house: House) -> None:
    """OpenReader and audio-book programs: names alone."""
    names = json.loads((await house.get("/v1/audio/voices?legacy=true"))[2])["voices"]
    assert all(isinstance(name, str) for name in names)


async def test_read_aloud_and_others_look_for_models_first(house: House) -> None:
    listed = json.loads((await house.get("/v1/models"))[2])
    assert listed["object"] == "list"
    sent = {"model": listed["data"][0]["id"], "input": TEXT, "voice": "nova", "response_format": "ogg"}
    status, headers, sound = await house.post(sent)
    assert (status, headers["Content-Type"].partition(";")[0]) == (200, "audio/ogg")
    assert _samples(sound, "opus")


async def test_kokoro_fastapis_clients_send_more_fields(house: House) -> None:
    sent = {
        "model": "kokoro",
        "input": TEXT,
        "voice": "af_heart(2)+bf_emma(1)",
        "response_format": "pcm",
        "download_format": "mp3",
        "return_download_link": False,
        "lang_code": "b",
        "volume_multiplier": 1.0,
        "normalization_options": {"normalize": True},
        "stream": True,
        "allow_voice_tags": False,
    }
    status, _, sound = await house.post(sent)
    assert (status, heard(sound)) == (200, TEXT)


@pytest.mark.parametrize("form", FORMATS)
async def test_events_carry_each_format(house: House, form: str) -> None:
    wanted = len(await house.say(TEXT)) // 2
    _, _, body = await house.post({"input": TEXT, "response_format": form, "stream_format": "sse"})
    events = [json.loads(line.removeprefix("data: ")) for line in body.decode().split("\n\n") if line]
    sound = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    assert _is_enough(_samples(sound, form), wanted, form)
    assert events[-1]["usage"]["output_tokens"] == round(wanted / 600)
