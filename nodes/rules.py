"""Values that do not go together, told before a run: what nodes give to `@node(refuses=...)`.

Each takes inputs by their names and gives a clause that says what is wrong, or None.
"""

from __future__ import annotations


def window(start_percent: float, end_percent: float) -> str | None:
    """A part of sampling begins before it ends."""
    return _ordered("start_percent", start_percent, "end_percent", end_percent)


def window_at(start_at: float, end_at: float) -> str | None:
    """The same by IP-Adapter's names."""
    return _ordered("start_at", start_at, "end_at", end_at)


def start_end(start: float, end: float) -> str | None:
    """The same by the names of prompts."""
    return _ordered("start", start, "end", end)


def schedule(sigma_min: float, sigma_max: float) -> str | None:
    """A schedule falls from its highest to its lowest sigma."""
    return _ordered("sigma_min", sigma_min, "sigma_max", sigma_max)


def noise_levels(sigma_min: float, sigma_max: float) -> str | None:
    """Noise levels lie between two different sigmas."""
    if sigma_min < sigma_max:
        return None
    return f"sigma_min is {sigma_min:g} and has to be below sigma_max, which is {sigma_max:g}"


def image_size(width: int, height: int) -> str | None:
    """One side at least is given; the other may follow from it."""
    return None if width or height else "width and height are both 0: give one of them"


def latent_size(width: int, height: int) -> str | None:
    """A side that is given has a cell of a latent at least."""
    small = [f"{n} is {v}" for n, v in (("width", width), ("height", height)) if 0 < v < 8]
    return f"{small[0]} and has to be 0 or at least 8, a cell of a latent" if small else None


def thresholds(low: float, high: float) -> str | None:
    """The threshold of weak edges lies below that of strong ones."""
    return None if low < high else f"low is {low:g} and has to be below high, which is {high:g}"


def tiles(tile_size: int, overlap: int) -> str | None:
    """Tiles share half of themselves at most."""
    if overlap * 2 <= tile_size:
        return None
    return f"overlap is {overlap} and can be at most {tile_size // 2}, half of tile_size"


def _ordered(low: str, a: float, high: str, b: float) -> str | None:
    return None if a <= b else f"{low} is {a:g} and has to be at most {high}, which is {b:g}"
