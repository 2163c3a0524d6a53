"""The handlers of all attachments: what they do in a run, in this order.

To add a kind of attachment, write its class in `types/`, its handler in the room of the method, and
its row here; `tests/diffusion/denoising/test_handlers.py` checks that no class is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..control.concat import ConcatHandler
from ..control.handler import ControlHandler
from ..control.references import ReferenceHandler
from ..families.call import Handler
from ..grounding.gligen import GroundingHandler
from ..image_prompts.ip_adapter import IPAdapterHandler
from ..image_prompts.redux import StyleHandler
from ..image_prompts.unclip import ImagePromptHandler

if TYPE_CHECKING:
    from torch import Tensor

    from ..types import Attachment, Guider

HANDLERS: tuple[Handler, ...] = (
    ControlHandler(),
    ConcatHandler(),
    GroundingHandler(),
    ImagePromptHandler(),
    IPAdapterHandler(),
    ReferenceHandler(),
    StyleHandler(),  # behind the references, whose tokens it counts
)


def begin_run(guider: Guider, seed: int) -> Guider:
    """A guider whose prompts are ready for a run.

    Args:
        guider: Left as it is.
        seed: Of the run.

    Raises:
        ModelError, ShapeError: An attachment does not fit the model.
    """
    for handler in HANDLERS:
        guider = handler.begin(guider, seed)
    return guider


def cut_to_part(
    attachment: Attachment, cut: Callable[[Tensor], Tensor], size: tuple[int, int]
) -> Attachment:
    """An attachment for a call that sees a part of the image, see `Handler.cut`."""
    for handler in HANDLERS:
        if isinstance(attachment, handler.kinds):
            return handler.cut(attachment, cut, size)
    return attachment
