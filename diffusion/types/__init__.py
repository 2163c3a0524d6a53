"""The values that pass between operations: small frozen records and tensors with a stated layout.

Importable without torch, so that the schema of every node loads fast. Nothing here is ever mutated:
an operation returns a new value. Every class carries `__socket__`, its name in the field.

Tensors handed around stay on the CPU in float32; moving to a device is the business of the function
that computes.

    pictures, latents      what is looked at, and what is sampled
    conditioning           what a picture shall show
    models, encoders       the networks
    control, grounding     what steers them beside the prompt
    image_prompts          images in place of words
    attachment             what all of these have in common
    sampling               how they are sampled
"""

from ..weights.handle import Weights
from .attachment import Attachment
from .conditioning import Area, Conditioning, ConditioningEntry, SizeHint, TimestepRange
from .control import Concat, ControlNet, ControlText, ControlUse, References
from .encoders import (
    Clip,
    ClipVision,
    ImageEmbeds,
    SentencePadding,
    StyleModel,
    UpscaleModel,
    Vae,
)
from .grounding import Gligen, Grounding, TextBox
from .image_prompts import ImagePrompt, ImageVector, IPAdapter, IPAdapterUse, StyleTokens
from .latents import Latent
from .models import Model
from .pictures import Image, Mask
from .sampling import Guider, NoiseSource, SamplerChoice, Schedule

__all__ = [
    "Area",
    "Attachment",
    "Clip",
    "ClipVision",
    "Concat",
    "Conditioning",
    "ConditioningEntry",
    "ControlNet",
    "ControlText",
    "ControlUse",
    "Gligen",
    "Grounding",
    "Guider",
    "IPAdapter",
    "IPAdapterUse",
    "Image",
    "ImageEmbeds",
    "ImagePrompt",
    "ImageVector",
    "Latent",
    "Mask",
    "Model",
    "NoiseSource",
    "References",
    "SamplerChoice",
    "Schedule",
    "SentencePadding",
    "SizeHint",
    "StyleModel",
    "StyleTokens",
    "TextBox",
    "TimestepRange",
    "UpscaleModel",
    "Vae",
    "Weights",
]
