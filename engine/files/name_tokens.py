"""The `%...%` tokens in the names of written files: their meaning, and their values.

    %year% %month% %day% %hour% %minute% %second%    when the run began, in local time
    %date:FORMAT%                                    the same: yyyy yy MM M dd d hh h mm m ss s
    %width% %height% %batch_num%                     of the image that is written
    %Node.input%                                     a value of the workflow

Source: what ComfyUI's server fills in (the first line and the third) and its editor (the others).
A `%` without partner is text. Node values are filled in before a run (`graph.file_names`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from .written_names import bad_name

TOKEN = re.compile(r"%([^%]+)%")
DATE = "date:"
CLOCK: Mapping[str, str] = {
    "year": "yyyy",
    "month": "MM",
    "day": "dd",
    "hour": "hh",
    "minute": "mm",
    "second": "ss",
}
OF_IMAGES = ("width", "height", "batch_num")
FORMAT_PARTS = ("yyyy", "yy", "MM", "M", "dd", "d", "hh", "h", "mm", "m", "ss", "s")
_PART = re.compile("|".join(FORMAT_PARTS))
# Letters that other programs use for the same things: as text they would be a silent mistake.
_OTHER = re.compile(r"[yYDHSa]")


def known_tokens(*, images: bool) -> list[str]:
    """Every token that needs no workflow, as it is written.

    Args:
        images: Whether the files are images, which have a width and a height.
    """
    names = [*CLOCK, f"{DATE}yyyy-MM-dd", *(OF_IMAGES if images else ())]
    return [f"%{name}%" for name in names]


def date_text(form: str, when: datetime) -> str:
    """A date in a format such as `yyyy-MM-dd`; other signs stay as they are.

    Args:
        form: Any text.
        when: Hours are 0 to 23.

    Raises:
        ValueError: It holds a letter that other programs mean a part of a date by (HH, DD, YYYY).
    """
    rest = _PART.sub("", form)
    if found := _OTHER.search(rest):
        raise ValueError(
            f'"{found[0]}" is not a date token; the tokens are {" ".join(FORMAT_PARTS)}'
        )
    numbers = {
        "y": when.year,
        "M": when.month,
        "d": when.day,
        "h": when.hour,
        "m": when.minute,
        "s": when.second,
    }

    def part(match: re.Match[str]) -> str:
        word = match[0]
        if word == "yy":
            return f"{when.year % 100:02d}"
        return str(numbers[word[0]]).zfill(len(word))

    return _PART.sub(part, form)


def fill(prefix: str, when: datetime, image: Mapping[str, int] | None) -> str:
    """A name with its tokens filled in.

    Args:
        prefix: As in the workflow, the values of nodes filled in.
        when: The time that the run began.
        image: `width`, `height` in pixels and `batch_num` (0 for the first) of the image that is
            written; None where none is.

    Raises:
        FileError: `files.bad_name`: a token stands for nothing.
    """

    def value(token: str) -> str:
        if token in CLOCK:
            return date_text(CLOCK[token], when)
        if token.startswith(DATE):
            return date_text(token.removeprefix(DATE), when)
        if image is not None and token in image:
            return str(image[token])
        raise LookupError

    return fill_by(prefix, value, known_tokens(images=image is not None))


def fill_by(prefix: str, value: Callable[[str], str], known: list[str]) -> str:
    """A name with each token replaced by what `value` gives for it.

    Args:
        prefix: A name with tokens.
        value: Called with what stands between two `%`. Raises LookupError, with a clause if there
            is more to say, for what it does not know, and ValueError for a wrong format.
        known: Tokens to offer.

    Raises:
        FileError: `files.bad_name`: a token stands for nothing.
    """

    def replaced(match: re.Match[str]) -> str:
        try:
            return value(match[1])
        except ValueError as error:
            raise bad_name(prefix, f"in {match[0][:80]}, {error}") from error
        except LookupError as error:
            why = str(error.args[0]) if error.args else "is no known token"
            raise bad_name(
                prefix, f"{match[0][:80]} {why}; the tokens are {', '.join(known)}"
            ) from error

    return TOKEN.sub(replaced, prefix)
