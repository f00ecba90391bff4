"""A white outline around a sticker, as Telegram advises, to be seen on every wallpaper.

https://core.telegram.org/stickers: "a white stroke" around the subject.
"""

from io import BytesIO
from statistics import NormalDist

from PIL import Image, ImageFilter

WIDTH = 10  # px, of 512
_BLUR = 8.0  # px; rounds corners of about this size
_SOFT = 1.0  # px over which the outer edge fades

# A blurred straight edge falls like the normal distribution, so its value tells the distance.
_OUTER = NormalDist().cdf(-(WIDTH + _SOFT) / _BLUR) * 255
_INNER = NormalDist().cdf(-(WIDTH - _SOFT) / _BLUR) * 255
_QUALITY = 90


def outlined(sticker: bytes) -> bytes:
    """A sticker's WebP file with the outline, a little smaller so that nothing is cut off."""
    image = Image.open(BytesIO(sticker), formats=("WEBP",)).convert("RGBA")
    margin = WIDTH + 2
    inner = image.resize(
        (image.width - 2 * margin, image.height - 2 * margin), Image.Resampling.LANCZOS
    )
    canvas = Image.new("RGBA", image.size)
    canvas.paste(inner, (margin, margin))
    # Drawn over white, each pixel of a soft edge keeps its own colour and its own share of it.
    white = Image.new("RGBA", image.size, "#ffffff00")
    white.putalpha(_grown(canvas.getchannel("A")))
    white.alpha_composite(canvas)
    file = BytesIO()
    white.save(file, "WEBP", quality=_QUALITY, method=4)
    return file.getvalue()


def _grown(alpha: Image.Image) -> Image.Image:
    """The matte, wider by the outline's width all around."""
    blurred = alpha.filter(ImageFilter.GaussianBlur(_BLUR))
    return blurred.point(lambda value: round((value - _OUTER) / (_INNER - _OUTER) * 255))
