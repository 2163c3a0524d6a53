"""Attachments to a prompt or a model: the base of control, image prompts and so on.

An attachment is a description. What it does in a run is the business of its handler
(`denoising.handlers`); what stands here is what the rest of the machine must know about it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from .conditioning import ConditioningEntry


class Attachment:
    """One thing that acts together with a prompt.

    Attributes:
        single: Whether a prompt has at most one of this class, so that a new one replaces it.
        stored: Whether the disk cache may hold it; False for what refers to weights.
        follows_area: Whether the counterpart that an area gets on the other side of guidance takes
            it from the prompt with the area.
    """

    __slots__ = ()

    single: ClassVar[bool] = True
    stored: ClassVar[bool] = True
    follows_area: ClassVar[bool] = False

    @property
    def window(self) -> tuple[float, float]:
        """Start and end of the part of the schedule in which it acts, fractions in [0, 1]."""
        return 0.0, 1.0

    @property
    def for_both(self) -> bool:
        """Whether the negative prompt gets it as well, if it has none of this class."""
        return False

    @classmethod
    def share_call(cls, entries: Sequence[ConditioningEntry], most_repeats: int) -> bool:
        """Whether prompts can be rows of one network call, as far as this class is concerned.

        Args:
            entries: At least two prompts, of which some have an attachment of this class; all but
                the last are known to share one call.
            most_repeats: How often tokens may be repeated to reach a common length; 1 = never.
        """
        return True


def lengths_fit(lengths: Sequence[int], most_repeats: int) -> bool:
    """Whether texts of these lengths reach a common length by repeating their tokens."""
    return math.lcm(*lengths) // min(lengths) <= most_repeats
