"""The files of the page as they are: nothing from elsewhere, nothing inline, and all that they name is there."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

import kokoro_wyoming

PAGE = Path(kokoro_wyoming.__file__).parent / "protocols" / "http" / "page"
MODULES = sorted(PAGE.glob("*.js"))


class Seen(HTMLParser):
    """Elements, their attributes, and text inside scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str, str]] = []
        self.inline = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        if self.cdata_elem in ("script", "style"):  # newer Pythons take the words of a title for such data too
            self.inline += data


@pytest.fixture(scope="module")
def seen() -> Seen:
    parser = Seen()
    parser.feed((PAGE / "index.html").read_text("utf-8"))
    return parser


def test_the_page_obeys_its_own_policy(seen: Seen) -> None:
    assert seen.inline.strip() == ""
    assert [name for _, name, _ in seen.attributes if name == "style" or name.startswith("on")] == []


def test_every_file_that_the_page_names_is_its_own(seen: Seen) -> None:
    named = [value for _, name, value in seen.attributes if name in ("src", "href") and not value.startswith("#")]
    assert named
    assert [value for value in named if not value.startswith("page/") or not (PAGE / value[5:]).is_file()] == []


def test_labels_and_scripts_name_elements_that_are_there(seen: Seen) -> None:
    ids = {value for _, name, value in seen.attributes if name == "id"}
    pointing = ("for", "aria-describedby", "aria-labelledby", "data-copies")
    named = {value for _, name, value in seen.attributes if name in pointing}
    for module in MODULES:
        named |= set(re.findall(r'byId\("([^"]+)"\)', module.read_text("utf-8")))
    assert named - ids == set()


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_modules_import_their_neighbours_and_name_no_host(module: Path) -> None:
    text = module.read_text("utf-8")
    imported = re.findall(r'from "([^"]+)"', text)
    assert [name for name in imported if not name.startswith("./") or not (PAGE / name).is_file()] == []
    assert set(re.findall(r"\bhttps?://[\w.]+", text)) == set()


@pytest.mark.long
def test_modules_are_javascript() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("the syntax of the page's modules is not checked: no node")
    for module in MODULES:
        checked = subprocess.run(
            [node, "--check", "--input-type=module", "-"], input=module.read_bytes(), capture_output=True, timeout=60
        )
        assert checked.returncode == 0, checked.stderr.decode()
