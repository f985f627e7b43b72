"""Where the settings' defaults and the program's files are."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

import platformdirs

import kokoro_wyoming
from kokoro_wyoming.errors import ConfigError

HOME_VARIABLE = "KOKORO_WYOMING_HOME"
_DEFAULTS_PACKAGE = "kokoro_wyoming.defaults"
"""The name of the folder `config/` in an installed wheel (package_dir in setup.cfg)."""


def default_file() -> Path:
    """The path of `default.yaml`: in the checkout if the program runs from one, else in the installed package."""
    root = _checkout()
    if root is not None:
        return root / "config" / "default.yaml"
    return Path(str(resources.files(_DEFAULTS_PACKAGE).joinpath("default.yaml")))


def home() -> Path:
    """The absolute folder in which `models/` and `voices/` lie unless the settings name others; it need not exist.

    Raises ConfigError where it would lie in a home folder that the system does not know.
    """
    chosen = os.environ.get(HOME_VARIABLE)
    try:
        if chosen:
            return Path(chosen).expanduser().absolute()
        return _checkout() or platformdirs.user_data_path("kokoro-wyoming", appauthor=False)
    except RuntimeError as error:
        where = chosen or "this user"
        raise ConfigError(f"there is no home folder for {where}; name an absolute folder by {HOME_VARIABLE}") from error


def notes_beside(path: Path) -> Path:
    """The folder for what this machine finds out about a file: the file's own, or the cache where that is read-only."""
    folder = path.absolute().parent
    if os.access(folder, os.W_OK):
        return folder
    try:
        return platformdirs.user_cache_path("kokoro-wyoming", appauthor=False) / folder.name
    except RuntimeError:  # a user without a home folder
        return folder


def _checkout() -> Path | None:
    root = Path(kokoro_wyoming.__file__).resolve().parent.parent
    # Both must be there: site-packages may hold another program's folder "config".
    is_checkout = (root / "setup.cfg").is_file() and (root / "config" / "default.yaml").is_file()
    return root if is_checkout else None
