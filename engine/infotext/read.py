"""The generation parameters that the Stable Diffusion web UI writes, as data. Pure text.

    a red circle <lora:outline:0.8>
    Negative prompt: blurry
    Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 123, Size: 512x512, Model: sd15

The prompt, the negative prompt and one line of `Key: value` pairs; both prompts may have several
lines, and values with commas stand in quotes as JSON. Forge, SD.Next and model sites do the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

NEGATIVE = "Negative prompt:"
MAX_LENGTH = 1_000_000
_STEPS = re.compile(r"(?:^|, *)Steps: *\d")
_KEY = re.compile(r"\s*([A-Za-z0-9_][^:,\"\n]{0,80}?):[ \t]*")
_STOP = re.compile(r"[,\n]")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NETWORK = re.compile(r"<(lora|lyco):([^:<>]{1,300})((?::[^:<>]{0,40}){0,6})>")
_OTHER_NETWORK = re.compile(r"<(hypernet):([^:<>]{1,300})((?::[^:<>]{0,40}){0,6})>")


@dataclass(frozen=True, slots=True)
class LoraTag:
    """A LoRA that a prompt names: `<lora:name:0.8>`.

    Attributes:
        name: File name without suffix, or the name that the file gives itself.
        network: Strength on the denoising network.
        text: Strength on the text encoders.
    """

    name: str
    network: float
    text: float


@dataclass(frozen=True, slots=True)
class Infotext:
    """Generation parameters.

    Attributes:
        prompt: Without its LoRA tags.
        negative: The negative prompt; empty if there is none.
        loras: From the prompt, in order.
        settings: The pairs of the last line, in order, quotes taken off.
        left: Tags of the prompt that were taken out and are none of the above.
    """

    prompt: str
    negative: str = ""
    loras: tuple[LoraTag, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    left: tuple[str, ...] = ()


def read_infotext(text: str) -> Infotext | None:
    """Read generation parameters; None if a text holds none.

    Args:
        text: As it stands in a picture, line ends of any system.
    """
    if len(text) > MAX_LENGTH:
        return None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n")
    at = _last_line(lines)
    if at is None:
        return None
    settings = read_pairs("\n".join(lines[at:]))
    before = lines[:at]
    starts = [n for n, line in enumerate(before) if line.startswith(NEGATIVE)]
    begin = starts[0] if starts else len(before)
    prompt = "\n".join(before[:begin]).strip()
    negative = "\n".join(before[begin:]).removeprefix(NEGATIVE).strip()
    loras = tuple(
        tag for match in _NETWORK.finditer(prompt) if (tag := _lora(match[2], match[3])) is not None
    )
    left = tuple(
        match[0]
        for match in (*_OTHER_NETWORK.finditer(prompt), *_NETWORK.finditer(prompt))
        if match[1] == "hypernet" or _lora(match[2], match[3]) is None
    )
    plain = _OTHER_NETWORK.sub("", _NETWORK.sub("", prompt))
    if plain != prompt:
        plain = re.sub(r"[ \t]{2,}", " ", plain).strip()
    return Infotext(plain, negative, loras, settings, left)


def read_pairs(line: str) -> dict[str, str]:
    """The `Key: value` pairs of the last line.

    A value in quotes is JSON, or a quoted text as it stands where it is none; another ends at a
    comma. What fits nowhere is passed over.
    """
    pairs: dict[str, str] = {}
    at = 0
    while at < len(line):
        key = _KEY.match(line, at)
        if key is None:
            following = line.find(",", at)
            at = following + 1 if following >= 0 else len(line)
            continue
        at = key.end()
        quoted = _QUOTED.match(line, at)
        end = _json_end(line, at) if line[at : at + 1] in ("{", "[") else None
        if quoted is not None:
            value, at = _unquoted(quoted[0]), quoted.end()
        elif end is not None:  # model sites write lists and objects as they are
            value, at = line[at:end], end
        else:
            stop = _STOP.search(line, at)
            until = stop.start() if stop is not None else len(line)
            value, at = line[at:until].strip(), until
        pairs.setdefault(key[1].strip(), value)
        at += 1 if at < len(line) else 0
    return pairs


def _last_line(lines: list[str]) -> int | None:
    """The line that the pairs begin in: the last one that tells of steps and two more things."""
    for at in range(len(lines) - 1, -1, -1):
        # `Steps:` may stand in a prompt: the line of pairs begins with it, or has it among others.
        if _STEPS.search(lines[at]) and lines[at].count(":") >= 3:
            if lines[at].startswith(NEGATIVE):
                continue
            return at
    return None


def _json_end(line: str, at: int) -> int | None:
    try:
        return json.JSONDecoder().raw_decode(line, at)[1]
    except (ValueError, RecursionError):
        return None


def _unquoted(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return text[1:-1]
    return value if isinstance(value, str) else text[1:-1]


def _lora(name: str, rest: str) -> LoraTag | None:
    """Strengths by position (text encoders, then the network) or by name (`te=`, `unet=`)."""
    by_name: dict[str, str] = {}
    by_place: list[str] = []
    for word in rest.split(":")[1:]:
        key, equals, value = word.partition("=")
        if equals:
            by_name[key.strip()] = value
        else:
            by_place.append(word)
    text = by_name.get("te", by_place[0] if by_place else "1")
    network = by_name.get("unet", by_place[1] if len(by_place) > 1 else text)
    try:
        return LoraTag(name.strip(), float(network), float(text))
    except ValueError:
        return None
