"""Pictures in large pixels: пиксельный кот, кот в стиле пиксель-арт."""

import re

_PIXEL_ART = re.compile(
    r"\s*\b(?:в\s+)?(?:(?:стиле?|виде)\s+)?(?:пиксел\w+[\s-]*арт\w*|пиксель\s+арт|пикселях|8[\s-]*бит\w*"
    r"|пиксел[яей]\w*|пиксельн\w+(?:\s+стил\w+)?|майнкрафт\w*)",
    re.IGNORECASE,
)


def without_pixel_art(prompt: str) -> str:
    """The prompt without the words that ask for large pixels; the prompt itself if it has none.

    An empty string if the prompt has no other words.
    """
    if not _PIXEL_ART.search(prompt):
        return prompt
    return _PIXEL_ART.sub(" ", prompt).strip(" ,")
