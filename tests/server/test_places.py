"""The real server where few servers run: at an odd path on a read-only disk, without a home, a name, or letters."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kokoro_wyoming.assets import Store
from kokoro_wyoming.cli import main
from tests.conftest import CHECKOUT, RunningServer
from tests.namespaces import needs_namespaces
from tests.odd_places import ASCII_ONLY, MOUNTS, NAMELESS, ODD_NAME, READ_ONLY

pytestmark = [pytest.mark.weights, needs_namespaces]


@pytest.fixture(scope="module")
def running(model_data: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server in a checkout of its own that has the weights; only the folder for temporary files can be written to."""
    checkout = tmp_path_factory.mktemp("odd") / ODD_NAME
    for name in ("kokoro_wyoming", "config"):
        shutil.copytree(CHECKOUT / name, checkout / name)
    shutil.copy(CHECKOUT / "setup.cfg", checkout / "setup.cfg")
    (checkout / "models").symlink_to(model_data.models)
    (checkout / "voices").symlink_to(model_data.voices)
    settings = checkout / "Küche.yaml"
    settings.write_text("voices: {Küche 猫: af_heart}\n", encoding="utf-8")
    with tempfile.TemporaryDirectory() as temporary:
        running = RunningServer(
            *("--uri=tcp://127.0.0.1:0", "--no-zeroconf", "--voice=Küche 猫", f"--config={settings}"),
            checkout=checkout,
            inside=(*MOUNTS, f'{READ_ONLY} mount -t tmpfs temporary "$0" && exec "$@"', temporary, *NAMELESS),
            HOME="/no/such/home",
            KOKORO_WYOMING_HOME="",
            TMPDIR=temporary,
            **ASCII_ONLY,
        )
        yield running
        assert running.end() == 0, "".join(running.log)
    running.followed()
    log = "".join(running.log)
    assert "Traceback" not in log
    # Nor does a library complain that it cannot write, or report to anybody.
    assert "telemetry" not in log.lower()


@pytest.mark.parametrize(
    ("text", "voice"), [("Zoë's brillig cat.", None), ("Où est Noël ?", "ff_siwis"), ("何が今日ですか。", "jf_alpha")]
)
def test_every_kind_of_language_is_spoken(text: str, voice: str | None, running: RunningServer, tmp_path: Path) -> None:
    uri = running.wait_until_ready()
    assert main(["say", text, *(("--voice", voice) if voice else ()), "--uri", uri, "--out", f"{tmp_path}/a.wav"]) == 0
    assert (tmp_path / "a.wav").stat().st_size > 40_000


def test_letters_that_the_log_cannot_have_are_written_by_their_numbers(
    running: RunningServer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    uri = running.wait_until_ready()
    assert main(["say", "Hi", "--voice", "Kuche", "--uri", uri, "--out", f"{tmp_path}/a.wav"]) == 1
    assert "did you mean Küche 猫?" in capsys.readouterr().err
    assert "did you mean K\\xfcche \\u732b?" in "".join(running.log)
