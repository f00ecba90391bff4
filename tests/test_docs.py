"""The links of the documentation are valid, and it names every environment variable."""

import re
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import pytest

from worker.queue.environment import PREFIX, VARIABLES

ROOT = Path(__file__).parent.parent
PAGES = {
    str(page.relative_to(ROOT)): page
    for folder in ("", "docs/**/", "benchmarks/", "parity/", "emojich_core/**/")
    for page in ROOT.glob(f"{folder}*.md")
}
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"""\]\(([^)\s]+)\)|<img src="([^"]+)\"""")
VARIABLE = r"((?:EMOJICH|REDIS|WEBHOOK|TELEGRAM)_[A-Z_]+)"

# Variables that our own processes set for each other.
INTERNAL = {"EMOJICH_ENGINE_SOCKET", "EMOJICH_SANDBOX_TOKEN", "EMOJICH_SERVES"}


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE):
        slug = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    page, broken = PAGES[name], []
    for link in map("".join, LINK.findall(FENCE.sub("", page.read_text()))):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_variable_is_documented() -> None:
    rooms = (
        path for room in ("bot", "worker", "emojich_core") for path in ROOT.glob(f"{room}/**/*.py")
    )
    read = {name for path in rooms for name in re.findall(f'"{VARIABLE}"', path.read_text())}
    compose = (ROOT / "docker-compose.yml").read_text()
    read.update(re.findall(rf"\${{{VARIABLE}", compose))
    page = (ROOT / "docs" / "configuration.md").read_text()
    assert set(re.findall(f"`{VARIABLE}`", page)) == read - INTERNAL
    own = {name.removeprefix(PREFIX) for name in read | INTERNAL if name.startswith(PREFIX)}
    assert own == VARIABLES


@pytest.mark.parametrize("name", ["README.md", "README.ru.md"])
def test_readme_is_short(name: str) -> None:
    assert len(PAGES[name].read_text().splitlines()) <= 120
