"""A thing in a place, which may have weather; pictures: (S, S, 4) uint8, straight alpha."""

from functools import cache

import numpy as np
from PIL import Image

from emojich_core.scenes.compose import fitted, rendered

# Shares of the side of the canvas:
INSIDE = 0.6  # longer side of a thing in a place
ALL_INSIDE = 0.74  # of several things there
CENTRE = 0.53  # how far down its middle is
# The same in places that have something in front of it or above it: waves, a cloud, a parasol.
MIDDLES = {
    "на море": 0.46,
    "под дождем": 0.64,
    "на пляже": 0.58,
    "на луне": 0.5,
    "в комнате": 0.56,
    "на сцене": 0.55,
}

# By place: SVG of 100 × 100 behind the thing, and SVG in front of it.
PLACES = {
    "в космосе": (
        '<circle cx="50" cy="50" r="47" fill="#1b2350"/>'
        '<g fill="#fff"><circle cx="22" cy="30" r="2"/><circle cx="36" cy="14" r="1.6"/>'
        '<circle cx="76" cy="24" r="1.6"/><circle cx="13" cy="52" r="1.6"/>'
        '<circle cx="88" cy="56" r="2"/><circle cx="80" cy="76" r="1.6"/>'
        '<circle cx="24" cy="77" r="2"/><circle cx="52" cy="91" r="1.6"/></g>'
        # A planet, because a moon makes it a night; between the ears of a head.
        '<circle cx="56" cy="14" r="6.5" fill="#ffab4a"/>'
        '<ellipse cx="56" cy="14" rx="12" ry="3.2" fill="none" stroke="#ffe3b0" stroke-width="2"'
        ' transform="rotate(-18 56 14)"/>',
        "",
    ),
    "на луне": (
        '<circle cx="50" cy="50" r="47" fill="#1b2350"/>'
        '<g fill="#fff"><circle cx="22" cy="30" r="2"/><circle cx="38" cy="12" r="1.6"/>'
        '<circle cx="60" cy="10" r="1.6"/><circle cx="12" cy="50" r="1.6"/>'
        '<circle cx="88" cy="52" r="1.6"/></g>'
        '<circle cx="79" cy="27" r="9" fill="#3d8bf2"/>'
        '<path d="M73 22 q4 -3 7 0 q1 4 -3 5 q-5 0 -4 -5z M80 30 q4 -1 5 2 q-3 3 -6 1z"'
        ' fill="#6fd06a"/>'
        '<path d="M6 66 q22 -12 44 -10 t44 10 A47 47 0 0 1 6 66z" fill="#c9cfda"/>'
        '<g fill="#a9b1c1"><ellipse cx="20" cy="73" rx="6" ry="2.6"/>'
        '<ellipse cx="80" cy="74" rx="7" ry="3"/><ellipse cx="46" cy="90" rx="8" ry="3"/></g>',
        "",
    ),
    "под водой": (
        '<circle cx="50" cy="50" r="47" fill="#38a8e8"/>'
        '<path d="M4 58 A47 47 0 0 0 96 58 q-22 -8 -46 -4 t-46 4z" fill="#2386cf"/>'
        '<path d="M12 77 q18 -8 38 -2 t38 2 A47 47 0 0 1 12 77z" fill="#f0d48a"/>'
        '<g fill="none" stroke="#2fae6b" stroke-width="3.4" stroke-linecap="round">'
        '<path d="M17 78 q-5 -8 0 -15 t0 -14 M25 80 q5 -7 0 -13 M84 78 q5 -8 0 -15 t0 -13'
        ' M76 80 q-5 -7 0 -12"/></g>',
        '<g fill="#fff" fill-opacity="0.7"><circle cx="26" cy="28" r="3.4"/>'
        '<circle cx="33" cy="18" r="2.2"/><circle cx="74" cy="22" r="3"/>'
        '<circle cx="81" cy="35" r="2"/><circle cx="20" cy="40" r="1.8"/></g>',
    ),
    "в комнате": (
        '<circle cx="50" cy="50" r="47" fill="#ffe0bd"/>'
        '<path d="M8.7 72 h82.6 A47 47 0 0 1 8.7 72z" fill="#c98f5a"/>'
        '<rect x="20" y="18" width="25" height="26" rx="2" fill="#fff"/>'
        '<rect x="22.5" y="20.5" width="20" height="21" fill="#9bdcff"/>'
        '<path d="M32.5 20 v22 M22 31 h21" stroke="#fff" stroke-width="2"/>'
        '<rect x="64" y="18" width="17" height="14" rx="1.5" fill="#a8713a"/>'
        '<rect x="66" y="20" width="13" height="10" fill="#ffd35a"/>'
        '<ellipse cx="50" cy="83" rx="32" ry="7" fill="#e0655f"/>',
        "",
    ),
    "на сцене": (
        '<circle cx="50" cy="50" r="47" fill="#3b2366"/>'
        '<path d="M50 3 L18 80 h64z" fill="#fff3b8" fill-opacity="0.5"/>'
        '<path d="M10.5 75 h79 A47 47 0 0 1 10.5 75z" fill="#b9783f"/>'
        '<ellipse cx="50" cy="81" rx="31" ry="6" fill="#ffe9a6"/>'
        '<path d="M32 6.5 Q28 45 10.5 75 A47 47 0 0 1 32 6.5z M68 6.5 Q72 45 89.5 75'
        ' A47 47 0 0 0 68 6.5z" fill="#d8323f"/>',
        "",
    ),
    "на море": (
        '<circle cx="50" cy="50" r="47" fill="#a9e1ff"/>'
        '<circle cx="78" cy="25" r="8" fill="#ffcf33"/>',
        '<path d="M4 62 q11.5 -9 23 0 t23 0 t23 0 t23 0 A47 47 0 0 1 4 62z" fill="#1f7fe0"/>',
    ),
    "в лесу": (
        '<circle cx="50" cy="50" r="47" fill="#d4f2b8"/>'
        '<path d="M8 71 h84 A47 47 0 0 1 8 71z" fill="#6fbf4b"/>'
        '<g fill="#2f8a3b"><path d="M19 30 l13 24 h-26z M19 44 l15 27 h-30z"/>'
        '<path d="M81 30 l13 24 h-26z M81 44 l15 27 h-30z"/></g>',
        "",
    ),
    "в пустыне": (
        '<circle cx="50" cy="50" r="47" fill="#ffe6a8"/>'
        '<circle cx="24" cy="24" r="9" fill="#ff9a2e"/>'
        '<path d="M5 64 q22 -16 45 -2 t45 -2 A47 47 0 0 1 5 64z" fill="#e8b04f"/>',
        "",
    ),
    "в снегу": (
        '<circle cx="50" cy="50" r="47" fill="#8fb8e8"/>'
        '<g fill="#fff"><circle cx="20" cy="36" r="3"/><circle cx="40" cy="12" r="3"/>'
        '<circle cx="63" cy="14" r="3"/><circle cx="84" cy="38" r="3"/>'
        '<circle cx="12" cy="56" r="3"/><circle cx="89" cy="58" r="3"/></g>'
        '<path d="M7 68 q21 -9 43 0 t43 0 A47 47 0 0 1 7 68z" fill="#fff"/>',
        '<path d="M14 80 q18 -8 36 0 t36 0 A47 47 0 0 1 14 80z" fill="#f2f8ff"/>',
    ),
    "под дождем": (
        '<g stroke="#3d8bf2" stroke-width="3" stroke-linecap="round">'
        '<path d="M14 34 l-5 13 M30 34 l-4 10 M72 34 l-4 10 M90 34 l-5 13 M12 62 l-5 13'
        ' M92 62 l-5 13"/></g>',
        '<g fill="#9db2c8"><circle cx="30" cy="20" r="13"/><circle cx="48" cy="15" r="15"/>'
        '<circle cx="68" cy="20" r="13"/><rect x="20" y="18" width="60" height="15" rx="7"/></g>',
    ),
    "в огне": (
        '<path d="M50 2 q8 18 22 26 q2 -9 0 -14 q22 20 20 46 q-3 34 -42 38 q-39 -4 -42 -38'
        ' q0 -22 16 -38 q0 8 4 14 q16 -12 22 -34z" fill="#ff7a1a"/>',
        '<path d="M16 78 q6 -10 14 -12 q-2 8 6 10 q4 -8 14 -16 q8 10 14 16 q8 -2 6 -10'
        ' q10 4 14 12 q-10 20 -34 20 t-34 -20z" fill="#ffc933"/>',
    ),
    "на пляже": (
        '<circle cx="50" cy="50" r="47" fill="#a9e1ff"/>'
        '<circle cx="80" cy="28" r="8" fill="#ffcf33"/>'
        '<path d="M3.5 44 h93 A47 47 0 0 1 91 73 h-82 A47 47 0 0 1 3.5 44z" fill="#2f8fe6"/>'
        '<path d="M6 64 q22 -7 44 -2 t44 0 A47 47 0 0 1 6 64z" fill="#f6dc94"/>'
        '<path d="M22 30 l3 42" stroke="#a8713a" stroke-width="2.4"/>'
        '<path d="M7 35 a17 17 0 0 1 31 -3 z" fill="#ff5a52"/>'
        '<path d="M14 33.7 q2 -12 6.5 -13.5 q5.5 2 8 11.5 z" fill="#fff"/>',
        "",
    ),
    "в небе": (
        '<circle cx="50" cy="50" r="47" fill="#7cc8ff"/>'
        '<g fill="#fff"><circle cx="18" cy="34" r="7"/><circle cx="26" cy="30" r="8"/>'
        '<circle cx="34" cy="35" r="6"/><circle cx="74" cy="18" r="6"/>'
        '<circle cx="81" cy="21" r="6"/></g>',
        '<g fill="#fff"><circle cx="24" cy="82" r="9"/><circle cx="37" cy="80" r="11"/>'
        '<circle cx="52" cy="83" r="12"/><circle cx="66" cy="80" r="10"/>'
        '<circle cx="77" cy="82" r="8"/><rect x="22" y="80" width="57" height="11" rx="5.5"/></g>',
    ),
    "в городе": (
        '<circle cx="50" cy="50" r="47" fill="#bfe3f7"/>'
        '<path d="M4.5 60 v-16 h14 v-18 h16 v10 h12 v-24 h16 v16 h14 v-10 h10 v20 h9 v22z"'
        ' fill="#7f93b2"/>'
        '<g fill="#ffe28a"><path d="M22 30 h4 v4 h-4z M28 38 h4 v4 h-4z M50 17 h4 v4 h-4z'
        ' M56 25 h4 v4 h-4z M80 24 h4 v4 h-4z M66 34 h4 v4 h-4z M9 48 h4 v4 h-4z"/></g>'
        '<path d="M4.8 60 h90.4 A47 47 0 0 1 4.8 60z" fill="#5b6472"/>'
        '<path d="M18 84 h12 M44 84 h12 M70 84 h12" stroke="#fff" stroke-width="2.4"/>',
        "",
    ),
    "на лугу": (
        '<circle cx="50" cy="50" r="47" fill="#bdeaff"/>'
        '<circle cx="78" cy="24" r="8" fill="#ffcf33"/>'
        '<path d="M4 60 q23 -12 46 -2 t46 -2 A47 47 0 0 1 4 60z" fill="#7ccf4f"/>',
        '<g fill="#ff6fae"><circle cx="20" cy="78" r="3.5"/><circle cx="70" cy="86" r="3.5"/></g>'
        '<g fill="#fff"><circle cx="33" cy="88" r="3.5"/><circle cx="83" cy="74" r="3.5"/></g>',
    ),
    "под луной": (
        '<circle cx="50" cy="50" r="47" fill="#2b3a78"/>'
        '<path d="M30 10 a14 14 0 1 0 12 22 a13 13 0 0 1 -12 -22z" fill="#ffe08a"/>'
        '<g fill="#fff"><circle cx="62" cy="14" r="1.6"/><circle cx="80" cy="28" r="2"/>'
        '<circle cx="88" cy="48" r="1.6"/><circle cx="13" cy="52" r="1.6"/></g>'
        '<path d="M7 70 q22 -9 43 -1 t43 1 A47 47 0 0 1 7 70z" fill="#1d2a5c"/>',
        "",
    ),
    "в тумане": (
        '<circle cx="50" cy="50" r="47" fill="#b9c6d2"/>'
        '<g fill="#cdd7e0"><rect x="12" y="22" width="52" height="8" rx="4"/>'
        '<rect x="40" y="36" width="52" height="8" rx="4"/></g>',
        '<g fill="#eef3f7" fill-opacity="0.85"><rect x="6" y="54" width="62" height="8" rx="4"/>'
        '<rect x="34" y="66" width="58" height="8" rx="4"/>'
        '<rect x="18" y="78" width="60" height="8" rx="4"/></g>',
    ),
}

# Weather and night over a place: the same.
WEATHER = {
    "под дождем": (
        '<circle cx="50" cy="50" r="47" fill="#3a4c6b" fill-opacity="0.3"/>',
        '<g stroke="#e8f4ff" stroke-width="2" stroke-linecap="round">'
        '<path d="M24 33 l-4 10 M39 31 l-3 8 M62 31 l-3 8 M78 33 l-4 10 M15 55 l-4 10 M88 52'
        ' l-4 10 M21 76 l-4 10 M82 76 l-4 10"/></g>'
        '<g fill="#8799b0"><circle cx="32" cy="17" r="9"/><circle cx="48" cy="13" r="11"/>'
        '<circle cx="65" cy="17" r="9"/><rect x="24" y="15" width="50" height="11" rx="5.5"/></g>',
    ),
    "под луной": (
        '<circle cx="50" cy="50" r="47" fill="#14205c" fill-opacity="0.72"/>'
        '<path d="M44 8 a11 11 0 1 0 10 17 a10.5 10.5 0 0 1 -10 -17z" fill="#ffe08a"/>'
        '<g fill="#fff"><circle cx="66" cy="12" r="1.4"/><circle cx="80" cy="24" r="1.6"/>'
        '<circle cx="24" cy="22" r="1.4"/><circle cx="12" cy="44" r="1.4"/></g>',
        "",
    ),
    "в тумане": ("", PLACES["в тумане"][1]),
    "в снегу": (
        "",
        '<g fill="#fff"><circle cx="20" cy="36" r="2.6"/><circle cx="38" cy="12" r="2.6"/>'
        '<circle cx="66" cy="13" r="2.6"/><circle cx="84" cy="40" r="2.6"/>'
        '<circle cx="12" cy="58" r="2.6"/><circle cx="89" cy="62" r="2.6"/>'
        '<circle cx="26" cy="84" r="2.6"/><circle cx="74" cy="86" r="2.6"/></g>',
    ),
}


def placed(rgba: np.ndarray, place: str, *weather: str, side: float = INSIDE) -> np.ndarray:
    """A thing in the middle of one of PLACES, where there may be WEATHER; `side` of the thing."""
    size = len(rgba)
    layers = [PLACES[place], *(WEATHER[each] for each in weather)]
    canvas = Image.new("RGBA", (size, size))
    for behind, _ in layers:
        canvas.alpha_composite(_layer(behind, size))
    thing = fitted(rgba, side)
    middle = round(size * max(MIDDLES.get(each, CENTRE) for each in (place, *weather)))
    canvas.alpha_composite(thing, ((size - thing.width) // 2, middle - thing.height // 2))
    for _, before in layers:
        canvas.alpha_composite(_layer(before, size))
    return np.asarray(canvas)


@cache
def _layer(body: str, size: int) -> Image.Image:
    return rendered(body, size)
