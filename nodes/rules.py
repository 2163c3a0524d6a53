"""Checks for combinations of values, made before a run: the functions for `@node(refuses=...)`.

Each takes inputs by their names and returns a clause that states the fault, or None.
"""

from __future__ import annotations


def window(start_percent: float, end_percent: float) -> str | None:
    """The start of a timestep range is not above its end."""
    return _ordered("start_percent", start_percent, "end_percent", end_percent)


def window_at(start_at: float, end_at: float) -> str | None:
    """The same check with IP-Adapter's parameter names."""
    return _ordered("start_at", start_at, "end_at", end_at)


def start_end(start: float, end: float) -> str | None:
    """The same check with the parameter names of prompts."""
    return _ordered("start", start, "end", end)


def schedule(sigma_min: float, sigma_max: float) -> str | None:
    """The lowest sigma of a schedule is not above the highest."""
    return _ordered("sigma_min", sigma_min, "sigma_max", sigma_max)


def noise_levels(sigma_min: float, sigma_max: float) -> str | None:
    """The lowest sigma is below the highest."""
    if sigma_min < sigma_max:
        return None
    return f"sigma_min is {sigma_min:g} and has to be below sigma_max, which is {sigma_max:g}"


def image_size(width: int, height: int) -> str | None:
    """At least one side is set; the other follows from the aspect ratio."""
    return None if width or height else "width and height are both 0; set at least one of them"


def latent_size(width: int, height: int) -> str | None:
    """A side that is set has at least one latent cell."""
    small = [f"{n} is {v}" for n, v in (("width", width), ("height", height)) if 0 < v < 8]
    return f"{small[0]} and has to be 0 or at least 8 (one latent cell)" if small else None


def thresholds(low: float, high: float) -> str | None:
    """The lower threshold is below the upper one."""
    return None if low < high else f"low is {low:g} and has to be below high, which is {high:g}"


def tiles(tile_size: int, overlap: int) -> str | None:
    """The overlap is at most half of a tile."""
    if overlap * 2 <= tile_size:
        return None
    return f"overlap is {overlap} and can be at most {tile_size // 2}, half of tile_size"


def _ordered(low: str, a: float, high: str, b: float) -> str | None:
    return None if a <= b else f"{low} is {a:g} and has to be at most {high}, which is {b:g}"
