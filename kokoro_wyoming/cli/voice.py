"""`voice`: blends, converts and inspects voice packs."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kokoro_wyoming.cli import files, settings, standard
from kokoro_wyoming.cli.tables import print_table
from kokoro_wyoming.errors import AssetError, ConfigError, KokoroWyomingError

if TYPE_CHECKING:
    from torch import Tensor

    from kokoro_wyoming.config import Config

SUMMARY = "blend, convert and inspect voice packs"
DESCRIPTION = """\
Make voice packs by hand. `voice blend` writes a blend as a voice of its own; `voice convert` writes a pack in another
format, or for another release where its makers say that it speaks there; `voice inspect` tells what a pack is.
"""
EXAMPLES = """\
A pack is a file, or a voice that is here, such as af_heart or v0.19/af_bella. The formats are .pt, .npy, .safetensors
and .bin (raw float32).

examples:
  kokoro-wyoming voice blend "af_heart(2)+af_sky" --name af_mine    a voice of your own, offered after some seconds
  kokoro-wyoming voice convert af_mine --out af_mine.npy
  kokoro-wyoming voice convert ~/anna.pt --from v1.0 --to german --name df_anna
  kokoro-wyoming voice inspect ~/anna.pt af_heart
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    blend = actions.add_parser("blend", help="write a blend as a voice", description=DESCRIPTION, epilog=EXAMPLES)
    blend.add_argument("voice", metavar="BLEND", help="such as af_heart(2)+af_sky, or v0.19/af_bella+af_sky")
    convert = actions.add_parser("convert", help="write a pack otherwise", description=DESCRIPTION, epilog=EXAMPLES)
    convert.add_argument("voice", metavar="PACK", help="a file, or a voice that is here")
    convert.add_argument("--from", dest="source", metavar="VERSION", help="the release that it is a voice of")
    convert.add_argument("--to", dest="target", metavar="VERSION", help="the release that it is to be a voice of")
    for each in (blend, convert):
        place = each.add_mutually_exclusive_group(required=True)
        place.add_argument("--name", help="put it among the release's voices by this name, such as af_mine")
        place.add_argument("--out", metavar="FILE", type=Path, help="write this file, in the format of its suffix")
    inspect = actions.add_parser("inspect", help="tell what packs are", description=DESCRIPTION, epilog=EXAMPLES)
    inspect.add_argument("voices", metavar="PACK", nargs="+", help="a file, or a voice that is here")
    inspect.add_argument("--no-sound", action="store_true", help="tell no loudness, for which it has to speak")
    for each in (blend, convert, inspect):
        settings.add_arguments(each)


def run(args: argparse.Namespace) -> int:
    config = settings.load(args)
    if args.action == "inspect":
        return _inspect(args, config)
    if args.action == "blend":
        _blend(args, config)
    else:
        _convert(args, config)
    return 0


# Blend and convert


def _blend(args: argparse.Namespace, config: Config) -> None:
    from kokoro_wyoming.voices.blends import parse
    from kokoro_wyoming.voices.packs import VoicePacks

    blend = parse(args.voice)
    if blend.speed is not None:
        raise ConfigError(f"a pack has no pace: leave @{blend.speed:g} out, and write it behind the voice's name")
    version = blend.version or config.model.version
    pack = VoicePacks(settings.store(config).voices_folder(version), version).get(blend.name)
    _write(pack, _target(args, config, version))


def _convert(args: argparse.Namespace, config: Config) -> None:
    from kokoro_wyoming.releases import described, match_version
    from kokoro_wyoming.voices.conversion import converted
    from kokoro_wyoming.voices.packs import fitting, read_any

    path, version = _found(args.voice, config)
    pack = read_any(path)
    target = match_version(args.target) if args.target else None
    source = match_version(args.source) if args.source else version
    fits = fitting(pack)
    if target is None and args.name:
        target = source or config.model.version
        source = source or (target if target in fits else None)
    if source is None and target is not None:
        source = _only(fits, pack, path)
    if source is not None:
        pack = converted(pack, described(source), described(target or source))
    _write(pack, _target(args, config, target or source or config.model.version))


def _only(fits: Sequence[str], pack: Tensor, path: Path) -> str:
    """The one release that a pack fits."""
    if len(fits) != 1:
        told = f"it could be one of {' or '.join(fits)}" if fits else f"no release has packs of {len(pack)} rows"
        raise ConfigError(f"--from: the release of {path} cannot be seen: {told}; name it")
    return fits[0]


def _found(voice: str, config: Config) -> tuple[Path, str | None]:
    """The file of a pack, and the release that it is a voice of; None where nothing tells."""
    from kokoro_wyoming.releases import names
    from kokoro_wyoming.voices.blends import parse
    from kokoro_wyoming.voices.packs import pack_paths

    store, path = settings.store(config), Path(voice).expanduser()
    if path.is_file():
        folder = path.resolve().parent
        return path, next((name for name in names() if store.voices_folder(name).resolve() == folder), None)
    wanted = parse(voice) if path.suffix == "" else None
    if wanted is None or len(wanted.parts) > 1:
        raise AssetError(f"there is no file {voice[:200]!r}")
    version = wanted.version or config.model.version
    folder = store.voices_folder(version)
    known = (each for each in pack_paths(folder) if each.stem.casefold() == wanted.parts[0].name.casefold())
    found = next(known, None)
    if found is None:
        raise AssetError(f"there is neither a file {voice[:80]!r} nor such a voice in {folder}")
    return found, version


def _target(args: argparse.Namespace, config: Config, version: str) -> Path:
    from kokoro_wyoming.assets.placing import disk_errors_explained
    from kokoro_wyoming.voices.blends import is_plain
    from kokoro_wyoming.voices.catalogue import voice_language
    from kokoro_wyoming.voices.conversion import FORMATS
    from kokoro_wyoming.voices.packs import pack_paths

    if args.out is not None:
        if args.out.suffix not in FORMATS:
            raise ConfigError(f"--out: {str(args.out)!r} is in no format of voices; there are {', '.join(FORMATS)}")
        return Path(args.out)
    name, folder = args.name, settings.store(config).voices_folder(version)
    if not is_plain(name) or voice_language(name, version) is None:
        raise ConfigError(f"--name: {name[:80]!r} is no name for a voice of Kokoro {version}, such as af_mine")
    if any(path.stem.casefold() == name.casefold() for path in pack_paths(folder)):
        raise ConfigError(f"--name: there is a voice {name} in {folder} already; choose another name, or remove it")
    with disk_errors_explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.pt"


def _write(pack: Tensor, path: Path) -> None:
    from kokoro_wyoming.voices.conversion import write_pack

    with files.written(path) as stream:
        write_pack(pack, stream, path.suffix)
    print(f"{path}: {len(pack)} rows")


# Inspect


def _inspect(args: argparse.Namespace, config: Config) -> int:
    status = 0
    for voice in args.voices:
        try:
            rows = [*_told(voice, config, with_sound=not args.no_sound)]
        except KokoroWyomingError as error:
            rows, status = [(voice, f"unusable: {error}")], 1
        print_table(("what", "detail"), rows)
        print()
    return status


def _told(voice: str, config: Config, *, with_sound: bool) -> Iterator[tuple[str, str]]:
    from kokoro_wyoming.releases import described
    from kokoro_wyoming.voices.conversion import FORMATS, nearest
    from kokoro_wyoming.voices.packs import fitting, read_any

    path, version = _found(voice, config)
    pack = read_any(path)
    fits = fitting(pack)
    yield "file", f"{path}, {FORMATS[path.suffix]}, {path.stat().st_size:,} bytes"
    yield "rows", f"{len(pack)}, as voices of {' and '.join(described(each).title for each in fits) or 'no release'}"
    if version is None and fits:
        version = config.model.version if config.model.version in fits else fits[0]
    if version not in fits:
        return
    likest = nearest(pack, _others(path, config, version))
    if likest is not None:
        is_same = " (the same)" if likest[1] == 0 else ""
        yield "nearest", f"{version}/{likest[0]}, {likest[1]:.0%} away{is_same}"
    if with_sound:
        yield "loudness", _loudness(path.stem, pack, config, version)


def _others(path: Path, config: Config, version: str) -> Iterator[tuple[str, Tensor]]:
    """The voices that a release came with, and are here, but for one's own file."""
    from kokoro_wyoming.assets.manifest import release
    from kokoro_wyoming.releases import is_built_in
    from kokoro_wyoming.voices.packs import pack_paths, read_pack

    stock = {file.stem for file in release(version).voices()} if is_built_in(version) else None
    for each in pack_paths(settings.store(config).voices_folder(version)):
        if (stock is None or each.stem in stock) and not each.samefile(path):
            try:
                yield each.stem, read_pack(each, version)
            except AssetError:
                continue


def _loudness(name: str, pack: Tensor, config: Config, version: str) -> str:
    """How loud it is, by the table of published voices or by what it says."""
    from kokoro_wyoming.voices.loudness import measured

    known = measured().get((version, name))
    if known is not None:
        return f"{known:.1f} LUFS, as measured of the published {name}"
    try:
        lufs = _spoken_lufs(name, pack, config, version)
    except KokoroWyomingError as error:
        return f"not known: {error}"
    return "it says nothing that can be heard" if lufs is None else f"about {lufs:.1f} LUFS by itself"


def _spoken_lufs(name: str, pack: Tensor, config: Config, version: str) -> float | None:
    """The loudness of its language's first sample texts, in LUFS; None for silence."""
    import asyncio

    import numpy as np

    from kokoro_wyoming.audio.loudness_meter import integrated_lufs
    from kokoro_wyoming.audio.pcm import SAMPLE_RATE_HZ
    from kokoro_wyoming.engine.model_manager import ModelManager
    from kokoro_wyoming.releases import described
    from kokoro_wyoming.text.sentences import Run
    from kokoro_wyoming.voices.catalogue import voice_language

    standard.leave_out_warnings()
    release = described(version)
    language = release.language(voice_language(name, version) or "") or release.languages[0]
    manager = ModelManager(config.folders.models, config.folders.voices, device="cpu", stream="exact")
    try:
        model = asyncio.run(manager.get_model(version))
        texts = [Run(text) for text in language.texts[:3]]
        sound = [part.numpy() for part in model.pieces(texts, pack, language.tag) if part is not None]
    finally:
        manager.thread.close(5)
    return integrated_lufs(np.concatenate(sound), SAMPLE_RATE_HZ) if sound else None
