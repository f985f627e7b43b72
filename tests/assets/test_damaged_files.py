"""A damaged file is refused by name or ignored: no traceback, no endless wait, no full memory."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import resource
import struct
import threading
import wave
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import onnx
import pytest
import torch
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save

from kokoro_wyoming.assets import Store, ledger, onnx_weights
from kokoro_wyoming.assets.inspection import inspect
from kokoro_wyoming.assets.registry import _readable
from kokoro_wyoming.assets.tensor_files import ARRAY_SUFFIXES, read_archive, read_tensors
from kokoro_wyoming.builds.v0_19 import CONFIG_PATH, KokoroV019Wrapper
from kokoro_wyoming.builds.v1_0.wrapper import _FIT
from kokoro_wyoming.cli import main
from kokoro_wyoming.errors import AssetError, KokoroWyomingError, ModelError
from kokoro_wyoming.network.generator import Generator
from kokoro_wyoming.network.inference import Network
from kokoro_wyoming.network.learning import _SIZES, CalibrationData
from kokoro_wyoming.network.loading import _empty_model, read_config
from kokoro_wyoming.network.moments import Fit
from kokoro_wyoming.speakers import chime
from kokoro_wyoming.voices.catalogue import Catalogue
from kokoro_wyoming.voices.packs import VoicePacks
from tests.examples import examples
from tests.stand_ins.tiny_release import OFFICIAL, TINY

CONFIG = Path(__file__).parents[2] / "kokoro_wyoming" / "builds" / "v1_0" / "config.json"
PACK = torch.linspace(-1, 1, 510 * 256).reshape(510, 1, 256)

fuzzed = examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _as_bytes(write: Callable[[io.BytesIO], object]) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def _as_npy(array: Any) -> bytes:
    return _as_bytes(lambda file: np.save(file, array))


VOICES = {
    ".pt": _as_bytes(lambda file: torch.save(PACK, file)),
    ".npy": _as_npy(PACK.numpy()),
    ".safetensors": save({"voice": PACK}),
    ".bin": PACK.numpy().tobytes(),
}
WHOLE_FILES = ("voice", "weights", "config", "moments", "lessons", "ledger")


@st.composite
def damage(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """A function that replaces, inserts or deletes bytes, most of them near the ends, where parsers look first."""
    places = st.one_of(st.integers(0, 200), st.integers(-700, -1), st.integers(0, 2_000), st.floats(0, 1))
    changes = draw(
        st.lists(
            st.tuples(st.sampled_from(["put", "insert", "delete", "end"]), places, st.binary(min_size=1, max_size=12)),
            min_size=1,
            max_size=3,
        )
    )

    def damaged(content: bytes) -> bytes:
        for kind, place, new in changes:
            at = int(place * len(content)) if isinstance(place, float) else place
            at = at + len(content) if at < 0 else min(at, len(content))
            end = {"put": at + len(new), "insert": at, "delete": at + len(new), "end": len(content)}[kind]
            content = content[: max(at, 0)] + (new if kind in ("put", "insert") else b"") + content[max(end, 0) :]
        return content

    return damaged


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=40) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=8,
)


PLACE = st.lists(st.integers(0, 200), min_size=1, max_size=3)
"""A place in a JSON value: a number for each level."""


def _swapped(value: Any, path: list[int], new: Any) -> Any:
    """A copy of a JSON value with `new` in one place."""
    if not path or not isinstance(value, dict | list) or not value:
        return new
    keys = list(value) if isinstance(value, dict) else range(len(value))
    key = keys[path[0] % len(keys)]
    copy: Any = value.copy()
    copy[key] = _swapped(value[key], path[1:], new)
    return copy


@contextlib.contextmanager
def refused_by_name(path: Path) -> Iterator[None]:
    """The block may raise an expected error, if the error names the file."""
    try:
        yield
    except KokoroWyomingError as error:
        if str(path) not in str(error):
            pytest.fail(f"{path} is not named: {error}")


def _peak_bytes() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.fixture(autouse=True)
def memory_limit() -> Iterator[None]:
    """No test here may allocate the memory that a damaged header claims."""
    before = _peak_bytes()
    yield
    assert _peak_bytes() - before < 500_000_000


def soon(work: Callable[[], Any]) -> Any:
    """The result of work that might wait for ever; the test fails after 5 s."""
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            results.append(error)

    worker = threading.Thread(target=run, daemon=True)
    worker.start()
    worker.join(5)
    assert results, "it waits"
    if isinstance(results[0], BaseException):
        raise results[0]
    return results[0]


# Voices


def _speaks_or_is_refused(folder: Path, name: str) -> torch.Tensor | None:
    """The voice's pack, or None where the catalogue refuses the voice. The good voice must stay usable."""
    catalogue = Catalogue.scan("v1.0", folder)
    offered = {voice.name for voice in catalogue.voices}
    assert "bf_good" in offered
    if name in offered:
        pack = VoicePacks(folder, "v1.0").get(name)
        assert pack.shape == PACK.shape
        assert pack.dtype == torch.float32
        assert bool(torch.isfinite(pack).all())
        return pack
    assert name in catalogue.refused[name]
    with pytest.raises(AssetError, match=name):
        VoicePacks(folder, "v1.0").get(name)
    return None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one good voice."""
    (tmp_path / "bf_good.npy").write_bytes(VOICES[".npy"])
    return tmp_path


@pytest.mark.parametrize("suffix", ARRAY_SUFFIXES)
@fuzzed
@given(damage())
def test_a_damaged_voice_is_refused_by_name_and_the_others_speak(
    suffix: str, folder: Path, damaged: Callable[[bytes], bytes]
) -> None:
    (folder / f"af_hurt{suffix}").write_bytes(damaged(VOICES[suffix]))
    pack = _speaks_or_is_refused(folder, "af_hurt")
    assert suffix != ".pt" or pack is None or torch.equal(pack, PACK)  # it has checksums


def _with_record(content: bytes, name: str, record: bytes, kind: int = zipfile.ZIP_STORED) -> bytes:
    """The archive with other content in one of its records."""

    def write(file: io.BytesIO) -> None:
        with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(file, "w", kind) as after:
            for member in before.infolist():
                is_meant = member.filename.endswith(name)
                after.writestr(member.filename, record if is_meant else before.read(member))

    return _as_bytes(write)


def _npy_of(shape: str, kind: str = "<f4", body: bytes = bytes(1000)) -> bytes:
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + body


def _safetensors_of(header: bytes, size: int = 0) -> bytes:
    return struct.pack("<Q", size or len(header)) + header + bytes(522_240)


ABSURD = {
    "header_ends.npy": VOICES[".npy"][:60],
    "terabytes.npy": _npy_of(f"({10**12},)"),
    "gigabytes.npy": _npy_of(f"({10**9}, 1, 256)"),
    "negative.npy": _npy_of("(-510, -1, 256)"),
    "nested.npy": _npy_of("(" * 90),
    "no_size.npy": _npy_of("(510, 1, 256)", "<U0", b""),
    "version_9.npy": b"\x93NUMPY\x09\x00" + bytes(100),
    "archive.npy": _as_bytes(lambda file: np.savez(file, PACK.numpy())),
    "words.npy": _as_npy(np.array(["a"])),
    "too_large.npy": _as_npy(np.full((510, 1, 256), 1e300)),
    "bomb.pt": _with_record(VOICES[".pt"], "data/0", bytes(9_000_000), zipfile.ZIP_DEFLATED),
    "short.pt": _with_record(VOICES[".pt"], "data/0", b"1234"),
    "no_pickle.pt": _with_record(VOICES[".pt"], "data.pkl", b"junk"),
    "old_form.pt": _as_bytes(lambda file: torch.save(PACK, file, _use_new_zipfile_serialization=False)),
    "sparse.pt": _as_bytes(lambda file: torch.save(PACK.to_sparse(), file)),
    "meta.pt": _as_bytes(lambda file: torch.save(PACK.to("meta"), file)),
    "class.pt": _as_bytes(lambda file: torch.save(torch.float32, file)),
    "eighths.pt": _as_bytes(
        lambda file: torch.save(torch.full((510, 1, 256), torch.nan).to(torch.float8_e4m3fn), file)
    ),
    "long.safetensors": _safetensors_of(b"{}", 2**63),
    "nested.safetensors": _safetensors_of(b'{"a":' * 100_000),
    "no_words.safetensors": _safetensors_of(b"\xff" * 80),
    "huge.safetensors": _safetensors_of(
        b'{"voice": {"dtype": "F32", "shape": [4611686018427387904, 4], "data_offsets": [0, 522240]}}'
    ),
    "odd.bin": bytes(1001),
    "nothing.bin": b"",
}


@pytest.mark.parametrize("name", ABSURD)
def test_a_voice_with_an_absurd_header_is_refused_before_memory_is_allocated(name: str, folder: Path) -> None:
    (folder / f"af_{name}").write_bytes(ABSURD[name])
    assert _speaks_or_is_refused(folder, f"af_{name.partition('.')[0]}") is None


def test_a_voice_that_was_saved_as_a_parameter_can_be_used(folder: Path) -> None:
    torch.save(torch.nn.Parameter(PACK.half().transpose(0, 1)).transpose(0, 1), folder / "af_learned.pt")
    pack = _speaks_or_is_refused(folder, "af_learned")
    assert pack is not None
    assert pack.numpy().flags.c_contiguous


def _no_files(folder: Path, name: str) -> Iterator[str]:
    """Put things that are no regular files at the path, one after the other."""
    path = folder / name
    os.mkfifo(path)
    yield "a named pipe"
    path.unlink()
    path.mkdir()
    yield "a folder"
    path.rmdir()
    path.symlink_to(path.name)
    yield "a link to itself"
    path.unlink()
    path.symlink_to("nowhere")
    yield "a link to nothing"
    path.unlink()
    path.symlink_to("/dev/zero")
    yield "a device without an end"
    path.unlink()


@pytest.mark.parametrize("suffix", ARRAY_SUFFIXES)
def test_a_path_named_like_a_voice_that_is_no_file_blocks_nothing(suffix: str, folder: Path) -> None:
    for what in _no_files(folder, f"af_no{suffix}"):
        catalogue = soon(lambda: Catalogue.scan("v1.0", folder))
        assert [voice.name for voice in catalogue.voices] == ["bf_good"], what
        assert f"af_no{suffix}" in catalogue.refused["af_no"], what
        with pytest.raises(KokoroWyomingError, match="af_no"):
            soon(lambda: VoicePacks(folder, "v1.0").get("af_no"))


def test_a_voice_without_read_permission_is_refused_by_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "af_secret.pt").write_bytes(VOICES[".pt"])
    really = os.open

    def guarded(path: Any, *arguments: Any) -> int:
        if "secret" in str(path):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return really(path, *arguments)

    monkeypatch.setattr(os, "open", guarded)
    catalogue = Catalogue.scan("v1.0", folder)
    assert [voice.name for voice in catalogue.voices] == ["bf_good"]
    assert "af_secret.pt cannot be read (Permission denied)" in catalogue.refused["af_secret"]


def test_the_commands_report_a_damaged_voice_and_list_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    voices = tmp_path / "v1_0"
    voices.mkdir()
    for name in ("af_heart.npy", "bf_emma.npy"):
        (voices / name).write_bytes(VOICES[".npy"])
    (voices / "af_hurt.npy").write_bytes(ABSURD["header_ends.npy"])
    (voices / os.fsdecode(b"af_\xff.npy")).write_bytes(VOICES[".npy"])
    os.mkfifo(voices / "af_pipe.pt")
    folders = [f"--voices-folder={tmp_path}", f"--models={tmp_path / 'models'}"]
    assert soon(lambda: main(["voices", *folders])) == 0
    told = capsys.readouterr()
    assert "bf_emma" in told.out
    assert "voice af_hurt cannot be used" in told.err
    assert soon(lambda: main(["check", "--no-hashes", *folders])) == 1
    assert "voice af_hurt" in capsys.readouterr().out


# Weights and their configuration


@fuzzed
@given(damage())
def test_damaged_weights_are_refused_by_name(tmp_path: Path, damaged: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "weights.pth"
    parts = {"net": {"bert": {"module.a": torch.ones(3, 4), "module.b": torch.arange(5)}}}
    path.write_bytes(damaged(_as_bytes(lambda file: torch.save(parts, file))))
    with refused_by_name(path):
        read_tensors(path)


@fuzzed
@given(damage())
def test_a_damaged_configuration_is_refused_by_name(tmp_path: Path, damaged: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(damaged(CONFIG.read_bytes()))
    with refused_by_name(path):
        read_config(path)


def _with_another_value(folder: Path, place: list[int], new: Any) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps(_swapped(json.loads(CONFIG.read_text("utf-8")), place, new)), encoding="utf-8")
    return path


@fuzzed
@given(PLACE, JSON)
def test_a_configuration_with_a_wrong_value_is_refused_by_name(tmp_path: Path, place: list[int], new: Any) -> None:
    path = _with_another_value(tmp_path, place, new)
    with refused_by_name(path):
        config = read_config(path)
        assert all(0 <= id_ < config["n_token"] for id_ in config["vocab"].values())


@pytest.mark.long
@examples(6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PLACE, JSON)
def test_a_configuration_that_was_read_builds_a_network_or_is_refused_by_name(
    tmp_path: Path, place: list[int], new: Any
) -> None:
    with refused_by_name(tmp_path):
        _empty_model(read_config(_with_another_value(tmp_path, place, new)), tmp_path / "weights.pth")


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000,
        '{"vocab":' * 100_000,
        json.dumps(json.loads(CONFIG.read_text()) | {"n_layer": 10**9}),
        json.dumps(json.loads(CONFIG.read_text()) | {"n_mels": int("9" * 4000)}),
        json.dumps(json.loads(CONFIG.read_text()) | {"dim_in": [1] * 100_000}),
        json.dumps(json.loads(CONFIG.read_text()) | {"vocab": {"a": 178}}),
        json.dumps(json.loads(CONFIG.read_text()) | {"vocab": {"a": "43"}}),
        json.dumps(json.loads(CONFIG.read_text()) | {"vocab": ["a"]}),
        json.dumps(json.loads(CONFIG.read_text()) | {"n_token": None}),
        " " * 2_000_000,
    ],
)
def test_a_configuration_beyond_the_limits_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(ModelError, match=r"config\.json .*fetch"):
        read_config(tmp_path / "config.json")


# Learned files


class FewWeights:
    """Stands in for a generator; it has only the attributes that these tests need."""

    def __init__(self) -> None:
        self.widths, self.noise = [9216], list[Any]()


def _calibration_data(path: Path) -> CalibrationData:
    return CalibrationData(path, cast(Generator, FewWeights()), "weights")


def _calibration_rows(count: int = 2, value: float | None = None) -> dict[str, Any]:
    dice = np.random.default_rng(0)
    rows = {
        name: (dice.normal(size=(count, size)) if value is None else np.full((count, size), value))
        for name, size in _SIZES.items()
    }
    return {name: array.astype(np.float32) for name, array in rows.items()} | {"weights": np.array("weights")}


CALIBRATION_FILE = _as_bytes(lambda file: np.savez(file, **_calibration_rows()))


@fuzzed
@given(damage())
def test_damaged_calibration_data_are_renamed(tmp_path: Path, damaged: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "lessons.npz"
    path.write_bytes(damaged(CALIBRATION_FILE))
    data = _calibration_data(path)
    assert len(data) in (0, 2)
    assert path.exists() is (len(data) == 2)


@pytest.mark.parametrize(
    "rows",
    [
        _calibration_rows() | {"residual": np.zeros((300, 18432), np.float16)},
        _calibration_rows() | {"residual": np.full((2, 18432), 1e300)},
    ],
)
def test_calibration_data_beyond_the_limits_are_renamed(
    rows: dict[str, Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "lessons.npz"
    np.savez(path, **rows)
    assert len(_calibration_data(path)) == 0
    assert f"{path} is truncated or corrupt" in caplog.text
    assert (tmp_path / "lessons.npz.damaged").exists()


def test_calibration_data_without_a_fit_keep_no_network_from_speaking(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "lessons.npz"
    np.savez(path, **_calibration_rows(32, 65_000))
    data = _calibration_data(path)
    with np.errstate(all="ignore"):
        Network._learn_from_file(cast(Network, SimpleNamespace(learn=data.fit)), data)
    assert f"Nothing can be learned from {path}" in caplog.text
    assert len(data) == 0


@examples(20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage())
def test_a_damaged_fit_is_refused_by_name(tmp_path: Path, damaged: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "moments.npz"
    path.write_bytes(damaged(_FIT.read_bytes()))
    with refused_by_name(path):
        Fit.load(path)


@pytest.mark.long
def test_an_archive_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "moments.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("points.npy", _npy_of("(70000000,)", "|u1", bytes(70_000_000)))
    with pytest.raises(ModelError, match=r"moments\.npz is truncated or corrupt \(it would have 70,000,\d+ bytes"):
        read_archive(path, "do this")


def test_a_damaged_fit_of_the_user_is_reported_and_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "moments.npz").write_bytes(b"404: Not Found")
    assert KokoroV019Wrapper(CONFIG_PATH, tmp_path / "kokoro-v0_19.pth")._fit() is None
    assert str(tmp_path / "moments.npz") in caplog.text


# Fetched files


ENTRY = {"kind": "voice", "source": "a", "bytes": 3, "sha256": "0", "upstream_sha256": "0", "converter": 1}


@fuzzed
@given(PLACE, JSON, damage(), st.booleans())
def test_a_damaged_ledger_gives_only_valid_entries(
    tmp_path: Path, path: list[int], new: Any, damaged: Callable[[bytes], bytes], in_bytes: bool
) -> None:
    good = {"one": ENTRY, "two": ENTRY}
    text = json.dumps(good if in_bytes else _swapped(good, path, new)).encode()
    (tmp_path / ledger.FILE_NAME).write_bytes(damaged(text) if in_bytes else text)
    for entry in ledger.read(tmp_path).values():
        assert isinstance(entry.bytes, int)
        assert isinstance(entry.sha256[:12], str)


def test_an_unreadable_ledger_is_reported_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / ledger.FILE_NAME).write_text("[" * 100_000)
    assert [ledger.read(tmp_path) for _ in range(3)] == [{}] * 3
    assert caplog.text.count(f"{tmp_path / ledger.FILE_NAME} cannot be read") == 1


@examples(30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage(), st.sampled_from(list(OFFICIAL)), st.booleans())
def test_a_damaged_file_of_a_release_has_a_state(
    tmp_path: Path, damaged: Callable[[bytes], bytes], name: str, hashes: bool
) -> None:
    store = Store(tmp_path / "models", tmp_path / "voices")
    for each, content in OFFICIAL.items():
        path = store.place("v1.0", each)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(damaged(content) if each == name else content)
    states = {state.path: state.status for state in inspect(store, TINY, hashes=hashes)}
    assert states.pop(store.place("v1.0", name)) in ("ok", "truncated", "corrupt")
    assert set(states.values()) == {"ok"}


def test_a_file_without_read_permission_has_a_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "models", tmp_path / "voices")
    for name, content in OFFICIAL.items():
        store.place("v1.0", name).parent.mkdir(parents=True, exist_ok=True)
        store.place("v1.0", name).write_bytes(content)

    def forbidden(path: Path, *_: Any, **__: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("kokoro_wyoming.assets.inspection.sha256_of", forbidden)
    states = inspect(store, TINY, hashes=True)
    assert {(state.status, state.detail) for state in states} == {("corrupt", "cannot be read: Permission denied")}


def test_an_impossible_folder_name_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    folder = "x" * 300
    assert main(["check", "--no-hashes", f"--models={folder}", f"--voices-folder={folder}"]) == 1
    assert "File name too long" in capsys.readouterr().out


@pytest.mark.parametrize(
    "fault",
    [
        NotImplementedError("x"),  # zipfile raises it for a compression that it does not know
        *(struct.error("x"), RuntimeError("x"), OverflowError("x"), UnicodeError("x")),
    ],
)
def test_any_exception_of_an_archive_parser_means_a_damaged_package(fault: Exception) -> None:
    with pytest.raises(AssetError, match=r"the package a\.whl is damaged"), _readable(Path("a.whl")):
        raise fault


def test_a_full_disk_does_not_mean_a_damaged_package() -> None:
    with pytest.raises(OSError, match="No space"), _readable(Path("a.whl")):
        raise OSError(errno.ENOSPC, "No space left on device")


def _graph_bytes() -> bytes:
    """A graph with one small quantised layer, not the whole network."""
    nodes = [
        helper.make_node("ConvInteger", ["x", "w", "xz", "z"], ["t"], name="/encoder/F0_proj/Conv_quant"),
        helper.make_node("Cast", ["t"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["xs", "s"], ["ss"]),
        helper.make_node("Mul", ["f", "ss"], ["y"]),
    ]
    arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[Any]]] = {
        "w": np.ones((2, 3, 1), np.uint8),
        "z": np.array(1, np.uint8),
        "s": np.array(0.5, np.float32),
    }
    made = helper.make_graph(nodes, "test", [], [], [numpy_helper.from_array(v, k) for k, v in arrays.items()])
    return bytes(helper.make_model(made).SerializeToString())


GRAPH = _graph_bytes()


@fuzzed
@given(damage())
def test_a_damaged_onnx_graph_is_refused(tmp_path: Path, damaged: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "weights.onnx"
    path.write_bytes(damaged(GRAPH))
    with pytest.raises(AssetError):
        onnx_weights.state_dicts(path)


def test_an_onnx_graph_with_a_cycle_is_refused(tmp_path: Path) -> None:
    model = onnx.load_from_string(GRAPH)
    model.graph.node[1].output[0] = "t"
    (tmp_path / "weights.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(AssetError, match="cycle"):
        soon(lambda: onnx_weights.state_dicts(tmp_path / "weights.onnx"))


# All kinds of files


def _read_whole(kind: str, path: Path) -> Any:
    if kind == "voice":
        return Catalogue.scan("v1.0", path.parent).refused
    if kind == "weights":
        return read_tensors(path)
    if kind == "config":
        return read_config(path)
    if kind == "moments":
        return Fit.load(path)
    return len(_calibration_data(path)) if kind == "lessons" else ledger.read(path.parent)


@pytest.mark.parametrize("kind", WHOLE_FILES)
def test_reading_a_path_that_is_no_file_does_not_block(kind: str, tmp_path: Path) -> None:
    name = {"voice": "af_no.pt", "ledger": ledger.FILE_NAME}.get(kind, kind)
    for what in _no_files(tmp_path, name):
        with refused_by_name(Path(name)):
            found = soon(lambda: _read_whole(kind, tmp_path / name))
            assert kind in ("voice", "lessons", "ledger"), what
            assert not found or kind == "voice"
        if kind == "lessons" and os.path.lexists(tmp_path / "lessons.damaged"):
            os.replace(tmp_path / "lessons.damaged", tmp_path / name)


# Chimes


@fuzzed
@given(damage())
def test_a_damaged_chime_is_refused_by_name(tmp_path: Path, damaged: Callable[[bytes], bytes]) -> None:
    def write(file: io.BytesIO) -> None:
        with wave.open(file, "wb") as wav:
            wav.setparams((1, 2, 8_000, 0, "NONE", ""))
            wav.writeframes(bytes(4_000))

    path = tmp_path / "chime.wav"
    path.write_bytes(damaged(_as_bytes(write)))
    with refused_by_name(path):
        assert len(chime.read(path).samples)


def test_a_chime_of_a_billion_samples_a_second_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "chime.wav"
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, 2_000_000_011, 0, "NONE", ""))
        wav.writeframes(bytes(4_000))
    with pytest.raises(KokoroWyomingError, match=r"2,000,000,011 of them a second"):
        chime.read(path)
