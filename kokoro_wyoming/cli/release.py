"""`release`: adds a release that somebody trained, from a folder or a repository."""

from __future__ import annotations

import argparse
import contextlib
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kokoro_wyoming.assets.files import replaced
from kokoro_wyoming.audio.pcm_format import PcmFormat
from kokoro_wyoming.cli import settings, standard
from kokoro_wyoming.cli.tables import print_table
from kokoro_wyoming.cli.wav import wav_file
from kokoro_wyoming.errors import AssetError, ConfigError, KokoroWyomingError

if TYPE_CHECKING:
    from kokoro_wyoming.assets import Store
    from kokoro_wyoming.builds.described import DescribedRelease
    from kokoro_wyoming.builds.survey import Survey
    from kokoro_wyoming.config import Config
    from kokoro_wyoming.releases import ReleaseDescription
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
  kokoro-wyoming release add ~/kokoro-german --speaks de
  kokoro-wyoming release add hub:someone/kokoro-german --name german
  kokoro-wyoming release add german                        try it again, after a change of its release.yaml
  kokoro-wyoming release add ~/mine --speaks sv --g2p espeak:sv --out hej.wav
"""
_HUB = "hub:"
_BLOCK_BYTES = 1 << 20
_FEW_SYMBOLS = 12
_SYMBOLS_REMEDY = "languages.TAG.symbols can put others in their place"
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
    name = _name_here(args, store) or _added(args, config)
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


def _added(args: argparse.Namespace, config: Config) -> str:
    """Put a folder's files into the store, and describe them; returns the name of the release."""
    from kokoro_wyoming.assets.placing import disk_errors_explained
    from kokoro_wyoming.builds.survey import survey
    from kokoro_wyoming.releases.file import FILE_NAME

    store = settings.store(config)
    folder, repository = _folder_of(args.source, config)
    name = _name(args, repository)
    models, voices = store.models / name, store.voices / name
    written = models / FILE_NAME
    if written.exists():
        raise ConfigError(
            f"--name: there is a release {name!r} already: `kokoro-wyoming release add {name}` tries it, and --name "
            "gives this one another name"
        )
    theirs = _their_own(folder / FILE_NAME, name)
    found = survey(folder, theirs.weights if theirs else ())
    print_table(("what", "file", "detail"), found.lines())
    if lacking := _lacking(found, theirs):
        raise AssetError(f"{args.source} {lacking}")
    places = dict(_places(found, theirs, models, voices))
    if theirs is None:
        text = _draft(args, found, name, repository)
        told = "written; look through it: what could not be known is marked FILL IN or CHECK."
    else:
        text, told = (folder / FILE_NAME).read_text(encoding="utf-8"), "the one that came with it."
    with disk_errors_explained(models), _whole_or_nothing(models, voices):
        _put_all(places)
        with replaced(written) as stream:
            stream.write(text.encode())
    print(f"\n{written} is {told}")
    return name


def _folder_of(source: str, config: Config) -> tuple[Path, str | None]:
    """The folder with the files, and the repository that they come from."""
    if source.startswith(_HUB):
        from kokoro_wyoming.assets.hub import snapshot
        from kokoro_wyoming.builds.survey import PATTERNS

        if config.assets.offline:
            raise ConfigError("assets.offline: nothing may be downloaded; name a folder, or leave --offline out")
        repository = source.removeprefix(_HUB)
        return snapshot(repository, PATTERNS, print), repository
    return Path(source).expanduser().absolute(), None


def _name(args: argparse.Namespace, repository: str | None) -> str:
    from kokoro_wyoming.releases import built_in_like
    from kokoro_wyoming.releases.file import LONGEST_NAME, NAME

    wanted = args.name or (repository or Path(args.source).expanduser().absolute().name).rpartition("/")[2]
    plain = re.sub(r"[^a-z0-9_.-]+", "-", wanted.lower()).strip("-._")
    name = wanted if args.name else (plain.removeprefix("kokoro").strip("-._") or plain)[:LONGEST_NAME]
    if not NAME.fullmatch(name):
        raise ConfigError(f"--name: {name[:40]!r} is no name for a release: small letters, digits and -_. make one")
    if built_in := built_in_like(name):
        raise ConfigError(f"--name: {name!r} means {built_in}, which comes with this program; choose another")
    return name


def _their_own(path: Path, name: str) -> ReleaseDescription | None:
    """What the folder's own `release.yaml` says, for a release of that name; None where there is none."""
    from kokoro_wyoming.releases import clash
    from kokoro_wyoming.releases.file import read_release

    if not path.exists():
        return None
    described = read_release(path, name, name)
    if reason := clash(described):
        raise ConfigError(f"{path}: {reason}")
    return described


def _lacking(found: Survey, theirs: ReleaseDescription | None) -> str | None:
    """What a release needs and was not found, as the end of a sentence; None where all is there."""
    if not found.weights:
        return "has no weights of Kokoro's network; without them it is no release"
    if theirs is not None and found.weights[0].name not in theirs.weights:
        return f"has no weights of Kokoro's network in {' or '.join(theirs.weights)}, which its release.yaml names"
    if not found.voices:
        return "has no voices, files with tensors of shape (rows, 1, 256); it cannot speak"
    return None


def _places(
    found: Survey, theirs: ReleaseDescription | None, models: Path, voices: Path
) -> Iterator[tuple[Path, Path]]:
    """The files that are copied, and where to."""
    weights = found.weights[0]
    yield weights, models / weights.name
    if theirs is None:
        yield from ((path, models / "config.json") for path in found.configs[:1])
    for name in (theirs.config, theirs.vocabulary) if theirs else ():
        if path := found.config_named(name or ""):
            yield path, models / path.name
    for path in found.voices:
        yield path, voices / path.name


@contextlib.contextmanager
def _whole_or_nothing(*folders: Path) -> Iterator[None]:
    """Make folders for files that the block puts there. Where it does not end well, all that is new in them goes."""
    before = {folder: {*folder.iterdir()} if folder.exists() else None for folder in folders}
    try:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for folder, kept in before.items():
            with contextlib.suppress(OSError):
                for path in {*folder.iterdir()} - (kept or set()):
                    path.unlink()
                if kept is None:
                    folder.rmdir()
        raise


def _put_all(places: Mapping[Path, Path]) -> None:
    """Copy files to their places. No links: their owner may write into the others."""
    from kokoro_wyoming.assets.placing import ensure_space

    wanted = {path: target for path, target in places.items() if not (target.exists() and target.samefile(path))}
    sizes: Counter[Path] = Counter()
    for path, target in wanted.items():
        sizes[target.parent] += path.stat().st_size
    ensure_space(sizes)
    for path, target in wanted.items():
        with path.open("rb") as file, replaced(target) as stream:
            shutil.copyfileobj(file, stream, _BLOCK_BYTES)


def _draft(args: argparse.Namespace, found: Survey, name: str, repository: str | None) -> str:
    from kokoro_wyoming.releases.draft import draft

    return draft(_known(args, found, name, repository))


def _known(args: argparse.Namespace, found: Survey, name: str, repository: str | None) -> Known:
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
        sha256=sha256_of(found.weights[0]),
        config="config.json" if found.configs else DEFAULT_VERSION,
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
    standard.leave_out_warnings()
    release.initialize()
    rows = [("weights", "ok", str(release.model_path))]
    rows += [(f"voice {voice.name}", "ok", voice.label) for voice in catalogue.voices]
    rows += [(f"voice {voice}", "unusable", reason) for voice, reason in catalogue.refused.items()]
    rows += _best_voices(release, catalogue)
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


def _best_voices(release: DescribedRelease, catalogue: Catalogue) -> Iterator[tuple[str, str, str]]:
    """Those that are named and not there; another one speaks then."""
    for language in release.description.languages:
        if language.best_voice and catalogue.named(language.best_voice) is None:
            yield f"{language.tag} best_voice", "missing", f"there is no {language.best_voice} in {catalogue.folder}"


def _languages(release: DescribedRelease) -> Iterator[tuple[str, str, str]]:
    for language in release.description.languages:
        try:
            unknown = release.unknown_symbols(language)
        except KokoroWyomingError as error:
            yield language.tag, "not spoken", str(error)
            continue
        phonemes = " ".join(piece.phonemes for piece in release.read(language.texts[0], language.tag))
        yield language.tag, "ok", f"{language.name}, {language.g2p}: {phonemes}"
        often = sorted(unknown, key=lambda symbol: -unknown[symbol][0])
        near = [
            f"{symbol} ({unknown[symbol][0]} times, as {unknown[symbol][1]})" for symbol in often if unknown[symbol][1]
        ]
        lost = [f"{symbol} ({unknown[symbol][0]} times)" for symbol in often if not unknown[symbol][1]]
        for state, told in (("ok", near), ("lost", lost)):
            if told:
                some = ", ".join(told[:_FEW_SYMBOLS])
                yield f"{language.tag} symbols", state, f"the vocabulary has no {some}; {_SYMBOLS_REMEDY}"


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
