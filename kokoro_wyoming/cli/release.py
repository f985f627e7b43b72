"""`release`: adds a release that somebody trained, from a folder or a repository."""

from __future__ import annotations

import argparse
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kokoro_wyoming.audio.pcm_format import PcmFormat
from kokoro_wyoming.cli import settings
from kokoro_wyoming.cli.tables import print_table
from kokoro_wyoming.cli.wav import wav_file
from kokoro_wyoming.errors import AssetError, ConfigError, KokoroWyomingError

if TYPE_CHECKING:
    from kokoro_wyoming.assets import Store
    from kokoro_wyoming.builds.described import DescribedRelease
    from kokoro_wyoming.builds.survey import Survey
    from kokoro_wyoming.config import Config
    from kokoro_wyoming.releases.draft import Known
    from kokoro_wyoming.voices.catalogue import Catalogue
    from kokoro_wyoming.voices.descriptions import VoiceDescription

SUMMARY = "add a release that somebody trained"
DESCRIPTION = """\
Add a release of Kokoro that somebody trained. `release add` looks at a folder, or a repository on Hugging Face, puts
weights and voices where the server finds them, writes a release.yaml, and tries it: everything is loaded, the
sample texts are read, and a sentence is spoken into a WAV file. Where release.yaml is there already, it is only tried.
Files of tensors are read as tensors alone: nothing in them is run.
"""
EXAMPLES = """\
exit status: 0 when it speaks, 1 when something does not fit or is to be filled in, 2 when release.yaml is wrong

examples:
  kokoro-wyoming release add ~/kokoro-german --language de
  kokoro-wyoming release add hub:someone/kokoro-german --name german
  kokoro-wyoming release add german                        try it again, after a change of its release.yaml
  kokoro-wyoming release add ~/mine --language sv --g2p espeak:sv --out hej.wav
"""
_HUB = "hub:"
_FEW_SYMBOLS = 12
_NO_TEXT = "1, 2, 3."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    add = actions.add_parser(
        "add",
        help="add a folder or hub:OWNER/NAME, and try it",
        description=DESCRIPTION,
        epilog=EXAMPLES,
    )
    add.add_argument("source", metavar="PATH|hub:OWNER/NAME", help="a folder, a repository, or a release that is here")
    add.add_argument("--name", help="the name of the release, as in NAME/df_anna (default: that of the folder)")
    add.add_argument("--speaks", metavar="TAG", help="its language, such as de or pt-PT (default: as README.md says)")
    add.add_argument("--g2p", help="how its text becomes phonemes, such as espeak:de (default: espeak's language)")
    add.add_argument("--out", metavar="FILE", type=Path, help="the WAV file (default: sample.wav beside release.yaml)")
    settings.add_arguments(add)


def run(args: argparse.Namespace) -> int:
    from kokoro_wyoming import releases
    from kokoro_wyoming.releases.file import FILE_NAME, read_release

    config = settings.load(args)
    store = settings.store(config)
    name = _name_here(args, store) or _added(args, store)
    path = store.models / name / FILE_NAME
    if "\nlanguages:\n#" in path.read_text(encoding="utf-8"):
        print(f"\n{path} is to be filled in: its languages. Then: kokoro-wyoming release add {name}")
        return 1
    read_release(path)  # its mistakes, if any
    releases.find(store.models)
    if reason := releases.refused(store.models).get(name):
        raise ConfigError(f"{path}: {reason}")
    return _tried(name, config, args.out or path.with_name("sample.wav"))


def _name_here(args: argparse.Namespace, store: Store) -> str | None:
    """The name of a release that is here already; None where the source is to be added."""
    from kokoro_wyoming.releases.file import FILE_NAME

    source = Path(args.source)
    folder = source if source.parent.resolve() == store.models.resolve() else store.models / args.source
    is_name = args.source == folder.name or folder is source
    return folder.name if is_name and (folder / FILE_NAME).is_file() else None


# Adding


def _added(args: argparse.Namespace, store: Store) -> str:
    """Put a folder's files into the store, and describe them; returns the name of the release."""
    from kokoro_wyoming.builds.survey import survey
    from kokoro_wyoming.releases.draft import draft
    from kokoro_wyoming.releases.file import FILE_NAME

    folder, repository = _folder_of(args.source)
    found = survey(folder)
    print_table(("what", "file", "detail"), found.lines())
    if not found.weights:
        raise AssetError(f"{args.source} has no weights of Kokoro's network; without them it is no release")
    if not found.voices:
        raise AssetError(f"{args.source} has no voices, files with tensors of shape (rows, 1, 256); it cannot speak")
    name = _name(args, repository)
    models, voices = store.models / name, store.voices / name
    for each in (models, voices):
        each.mkdir(parents=True, exist_ok=True)
    for path, target in _places(found, models, voices):
        _put(path, target)
    written = models / FILE_NAME
    theirs = folder / FILE_NAME
    if theirs.is_file() and theirs.resolve() != written.resolve():
        shutil.copyfile(theirs, written)
        print(f"\n{written} is the one that came with it.")
    elif not written.is_file():
        written.write_text(draft(_known(args, found, name, repository, models)), encoding="utf-8")
        print(f"\n{written} is written; look through it: what could not be known is marked FILL IN or CHECK.")
    return name


def _folder_of(source: str) -> tuple[Path, str | None]:
    """The folder with the files, and the repository that they come from."""
    if source.startswith(_HUB):
        from kokoro_wyoming.assets.hub import snapshot
        from kokoro_wyoming.builds.survey import PATTERNS

        repository = source.removeprefix(_HUB)
        return snapshot(repository, PATTERNS, print), repository
    return Path(source).expanduser().absolute(), None


def _name(args: argparse.Namespace, repository: str | None) -> str:
    from kokoro_wyoming.releases import VERSIONS, described
    from kokoro_wyoming.releases.file import NAME

    wanted = args.name or (repository or Path(args.source).expanduser().absolute().name).rpartition("/")[2]
    plain = re.sub(r"[^a-z0-9_.-]+", "-", wanted.lower()).strip("-._")
    name = wanted if args.name else plain.removeprefix("kokoro").strip("-._") or plain
    if not NAME.fullmatch(name):
        raise ConfigError(f"--name: {name[:40]!r} is no name for a release: small letters, digits and -_. make one")
    if name in {described(version).folder for version in VERSIONS}:
        raise ConfigError(f"--name: {name!r} is the folder of a release of this program; choose another")
    return name


def _places(found: Survey, models: Path, voices: Path) -> Iterator[tuple[Path, Path]]:
    yield found.weights[0], models / found.weights[0].name
    if found.config is not None:
        yield found.config, models / "config.json"
    for path in found.voices:
        yield path, voices / path.name


def _put(path: Path, target: Path) -> None:
    """Copy a file to its place, unless it is there already. No link: its owner may write into the other."""
    from kokoro_wyoming.assets.placing import disk_errors_explained, part_of

    if target.exists() and target.samefile(path):
        return
    with disk_errors_explained(target.parent):
        part = part_of(target)
        part.unlink(missing_ok=True)
        shutil.copyfile(path, part)
        os.replace(part, target)


def _known(args: argparse.Namespace, found: Survey, name: str, repository: str | None, models: Path) -> Known:
    from kokoro_wyoming.assets.placing import sha256_of
    from kokoro_wyoming.builds.described import sample_texts
    from kokoro_wyoming.builds.survey import tag_of
    from kokoro_wyoming.releases import DEFAULT_VERSION
    from kokoro_wyoming.releases.draft import Known

    words = [args.speaks] if args.speaks else found.languages[:1]
    tags = [tag for tag in map(tag_of, words) if tag]
    if args.speaks and not tags:
        raise ConfigError(f"--speaks: {args.speaks!r} is no language that is known here; write a tag such as de-DE")
    first = found.voices[0].stem
    letter = first[0] if re.fullmatch(r"[a-z][fm](_.+)?", first) else None
    return Known(
        name=name,
        weights=found.weights[0].name,
        sha256=sha256_of(models / found.weights[0].name),
        config="config.json" if found.config else DEFAULT_VERSION,
        rows=found.rows or 0,
        languages={tag: args.g2p or _likely_g2p(tag) for tag in tags},
        letters={tag: letter for tag in tags if letter and letter != tag[0]},
        best_voices=dict.fromkeys(tags, first),
        texts={tag: sample_texts(tag)[:1] or (_NO_TEXT,) for tag in tags},
        licence=found.licence,
        attribution=repository.partition("/")[0] if repository else None,
        url=f"https://huggingface.co/{repository}" if repository else None,
    )


def _likely_g2p(tag: str) -> str:
    """The G2P that v1.0 has for a language, else espeak's."""
    from kokoro_wyoming.builds.named import missing_part
    from kokoro_wyoming.releases import DEFAULT_VERSION, described

    own = described(DEFAULT_VERSION).language(tag)
    if own is not None:
        return own.g2p
    primary = tag.partition("-")[0]
    candidates = (f"espeak:{tag.lower()}", f"espeak:{primary}")
    return next((each for each in candidates if missing_part(each) is None), candidates[1])


# Trying


def _tried(name: str, config: Config, out: Path) -> int:
    """Load everything, read the sample texts, speak one of them; the exit status."""
    from kokoro_wyoming.builds.described import DescribedRelease
    from kokoro_wyoming.builds.installed import speakable_languages
    from kokoro_wyoming.builds.named_g2p import Limits
    from kokoro_wyoming.voices.catalogue import Catalogue

    store, allowed = settings.store(config), config.model.allow_g2p_commands
    limits = Limits() if allowed else None
    catalogue = Catalogue.scan(name, store.voices_folder(name), speakable_languages(name, allowed))
    release = DescribedRelease(name, store, device="cpu", stream="exact", program_limits=limits)
    try:
        return _tried_out(release, catalogue, out)
    finally:
        release.close()


def _tried_out(release: DescribedRelease, catalogue: Catalogue, out: Path) -> int:
    release.initialize()
    rows = [("weights", "ok", str(release.model_path))]
    rows += [(f"voice {voice.name}", "ok", voice.label) for voice in catalogue.voices]
    rows += [(f"voice {voice}", "unusable", reason) for voice, reason in catalogue.refused.items()]
    rows += _languages(release)
    print()
    print_table(("what", "state", "detail"), rows)
    if not catalogue.voices:
        raise KokoroWyomingError(f"none of the voices in {catalogue.folder} can speak")
    first = release.description.languages[0].tag
    voice = catalogue.named(catalogue.best_voice(first) or "") or catalogue.voices[0]
    seconds = _spoken(release, voice, out)
    print(f"\n{out}: {seconds:.1f} s of speech by {release.version}/{voice.name}.")
    return 0 if all(state == "ok" for _, state, _ in rows) else 1


def _languages(release: DescribedRelease) -> Iterator[tuple[str, str, str]]:
    for language in release.description.languages:
        try:
            lost = release.lost_symbols(language)
        except KokoroWyomingError as error:
            yield language.tag, "not spoken", str(error)
            continue
        phonemes = " ".join(piece.phonemes for piece in release.read(language.texts[0], language.tag))
        yield language.tag, "ok", f"{language.name}, {language.g2p}: {phonemes}"
        if lost:
            often = sorted(lost, key=lambda symbol: -lost[symbol])[:_FEW_SYMBOLS]
            told = ", ".join(f"{symbol} ({lost[symbol]} times)" for symbol in often)
            remedy = "languages.TAG.symbols can put others in their place"
            yield f"{language.tag} symbols", "lost", f"the vocabulary has no {told}; {remedy}"


def _spoken(release: DescribedRelease, voice: VoiceDescription, out: Path) -> float:
    """Speak the first sample text of a voice's language into a WAV file; its seconds."""
    from kokoro_wyoming.audio.pcm import CHANNELS, SAMPLE_RATE_HZ, SAMPLE_WIDTH_BYTES, to_pcm16
    from kokoro_wyoming.text.sentences import Run

    tag = voice.languages[0]
    language = release.description.language(tag) or release.description.languages[0]
    sound, seconds = PcmFormat(SAMPLE_RATE_HZ, SAMPLE_WIDTH_BYTES, CHANNELS), 0.0
    with wav_file(out) as wav:
        wav.start(sound)
        for piece in release.pieces([Run(language.texts[0])], voice.name, tag):
            if piece is not None:
                pcm = to_pcm16(piece.numpy())
                seconds += sound.seconds(pcm)
                wav.write(pcm)
    if not seconds:
        raise KokoroWyomingError(f"nothing was spoken of {language.texts[0][:60]!r}: its phonemes have no sound here")
    return seconds
