"""A made-up emoji art in the format of the npm packages: plain shapes in plain colours."""

import json
from pathlib import Path

STYLES = ("noto", "twemoji", "fluent-emoji-flat")
EMOJI = {
    "1F534": ("красный круг", ["круг", "мяч"], '<circle cx="16" cy="16" r="{r}" fill="#d22"/>'),
    "1F535": ("синий круг", ["круг"], '<circle cx="16" cy="16" r="{r}" fill="#22d"/>'),
    "1F7E9": ("квадрат", ["зелень"], '<path d="M2 2h{w}v{w}H2z" fill="#2a3"/>'),
    "1F536": ("ромб", ["алмаз"], '<path d="M16 1l{r} 15-{r} 15-{r}-15z" fill="#f90"/>'),
    "1F53A": ("гора", ["алмаз"], '<path d="M16 2l14 {w}H2z" fill="#840"/>'),
    "2796": ("полоса", ["линия"], '<path d="M1 12h30v{h}H1z" fill="#222"/>'),
}


def write_art(data: Path) -> None:
    """Write EMOJI in every style, each of another size, as `data`/node_modules."""
    rows = [
        {"hexcode": hexcode, "label": label, "tags": tags, "group": 3}
        for hexcode, (label, tags, _) in EMOJI.items()
    ]
    meanings = data / "node_modules/emojibase-data/ru"
    meanings.mkdir(parents=True)
    (meanings / "data.json").write_text(json.dumps(rows, ensure_ascii=False))
    for number, style in enumerate(STYLES):
        numbers = {"r": 15 - number, "w": 28 - 2 * number, "h": 8 + number}
        icons = {}
        for hexcode, (_, _, body) in EMOJI.items():
            for name, value in numbers.items():
                body = body.replace(f"{{{name}}}", str(value))
            icons[hexcode.lower()] = {"body": body}
        package = data / "node_modules/@iconify-json" / style
        package.mkdir(parents=True)
        (package / "icons.json").write_text(json.dumps({"icons": icons, "width": 32, "height": 32}))
        chars = {hexcode.lower(): hexcode.lower() for hexcode in EMOJI}
        (package / "chars.json").write_text(json.dumps(chars))


def write_held_out(file: Path) -> None:
    """Two compositions."""
    compositions = [
        {"colour": "синий", "hexcode": "1F7E9", "caption": "синий квадрат"},
        {"colour": "зеленый", "hexcode": "1F53A", "caption": "зеленая гора"},
    ]
    file.write_text(json.dumps({"compositions": compositions}, ensure_ascii=False))
