"""The picture machine: load a checkpoint, encode text, sample, decode. A plain library on torch.

    import weft.diffusion as wd

    model, clip, vae = wd.load_checkpoint("model.safetensors")
    latent = wd.sample(
        model, wd.encode_text(clip, "a red circle"), wd.encode_text(clip, ""),
        wd.empty_latent(512, 512), seed=1, steps=20, cfg=7.0,
        sampler_name="euler", scheduler="normal",
    )
    image = wd.decode_latent(vae, latent)

Importing this package loads neither torch nor diffusers: names are looked up on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .clip_text import encode_text as encode_text
    from .clip_text import encode_texts as encode_texts
    from .clip_text import set_clip_last_layer as set_clip_last_layer
    from .control import apply_control as apply_control
    from .convert.model import convert_model as convert_model
    from .denoiser import Denoiser as Denoiser
    from .embeddings import use_embeddings as use_embeddings
    from .errors import DiffusionError as DiffusionError
    from .errors import ModelError as ModelError
    from .errors import ParameterError as ParameterError
    from .errors import SamplingError as SamplingError
    from .errors import ShapeError as ShapeError
    from .holdings import MemoryReport as MemoryReport
    from .inspection import FileReport as FileReport
    from .inspection import inspect_file as inspect_file
    from .ip_adapter import apply_ip_adapter as apply_ip_adapter
    from .latents import decode_latent as decode_latent
    from .latents import empty_latent as empty_latent
    from .latents import encode_image as encode_image
    from .latents import set_noise_mask as set_noise_mask
    from .loading import load_checkpoint as load_checkpoint
    from .loading import load_clip as load_clip
    from .loading import load_clip_vision as load_clip_vision
    from .loading import load_controlnet as load_controlnet
    from .loading import load_gligen as load_gligen
    from .loading import load_ip_adapter as load_ip_adapter
    from .loading import load_model as load_model
    from .loading import load_unclip as load_unclip
    from .loading import load_vae as load_vae
    from .lora.apply import apply_lora as apply_lora
    from .lora.blocks import parse_block_weights as parse_block_weights
    from .lora.file import LoraFile as LoraFile
    from .lora.file import load_lora as load_lora
    from .merge import add_models as add_models
    from .merge import merge_blocks as merge_blocks
    from .merge import merge_clips as merge_clips
    from .merge import merge_models as merge_models
    from .merge import subtract_models as subtract_models
    from .residency import RESIDENCY as RESIDENCY
    from .residency import memory_report as memory_report
    from .samplers import SAMPLERS as SAMPLERS
    from .sampling import StepInfo as StepInfo
    from .sampling import sample as sample
    from .sampling import sample_custom as sample_custom
    from .saving import save_checkpoint as save_checkpoint
    from .saving import save_clip_vision as save_clip_vision
    from .saving import save_controlnet as save_controlnet
    from .saving import save_ip_adapter as save_ip_adapter
    from .schedules import SCHEDULERS as SCHEDULERS
    from .types import Area as Area
    from .types import Clip as Clip
    from .types import ClipVision as ClipVision
    from .types import Concat as Concat
    from .types import Conditioning as Conditioning
    from .types import ConditioningEntry as ConditioningEntry
    from .types import ControlNet as ControlNet
    from .types import ControlUse as ControlUse
    from .types import Guider as Guider
    from .types import Image as Image
    from .types import IPAdapter as IPAdapter
    from .types import IPAdapterUse as IPAdapterUse
    from .types import Latent as Latent
    from .types import Mask as Mask
    from .types import Model as Model
    from .types import NoiseSource as NoiseSource
    from .types import SamplerChoice as SamplerChoice
    from .types import Schedule as Schedule
    from .types import SizeHint as SizeHint
    from .types import Vae as Vae
    from .weights import Weights as Weights

# The public names and the module each lives in. No `__all__`: a star import would load torch.
_HOME: dict[str, str] = {
    "convert_model": "convert.model",
    "use_embeddings": "embeddings",
    "apply_lora": "lora.apply",
    "parse_block_weights": "lora.blocks",
    "LoraFile": "lora.file",
    "load_lora": "lora.file",
    "MemoryReport": "holdings",
    "add_models": "merge",
    "merge_blocks": "merge",
    "merge_clips": "merge",
    "merge_models": "merge",
    "subtract_models": "merge",
    "RESIDENCY": "residency",
    "memory_report": "residency",
    "encode_text": "clip_text",
    "encode_texts": "clip_text",
    "set_clip_last_layer": "clip_text",
    "apply_control": "control",
    "Denoiser": "denoiser",
    "DiffusionError": "errors",
    "ModelError": "errors",
    "ParameterError": "errors",
    "SamplingError": "errors",
    "ShapeError": "errors",
    "FileReport": "inspection",
    "inspect_file": "inspection",
    "apply_ip_adapter": "ip_adapter",
    "decode_latent": "latents",
    "empty_latent": "latents",
    "encode_image": "latents",
    "set_noise_mask": "latents",
    "load_checkpoint": "loading",
    "load_clip": "loading",
    "load_clip_vision": "loading",
    "load_gligen": "loading",
    "load_unclip": "loading",
    "load_controlnet": "loading",
    "load_ip_adapter": "loading",
    "load_model": "loading",
    "load_vae": "loading",
    "SAMPLERS": "samplers",
    "StepInfo": "sampling",
    "sample": "sampling",
    "sample_custom": "sampling",
    "save_checkpoint": "saving",
    "save_clip_vision": "saving",
    "save_controlnet": "saving",
    "save_ip_adapter": "saving",
    "SCHEDULERS": "schedules",
    "Area": "types",
    "Clip": "types",
    "ClipVision": "types",
    "Concat": "types",
    "Conditioning": "types",
    "ConditioningEntry": "types",
    "ControlNet": "types",
    "ControlUse": "types",
    "Image": "types",
    "Guider": "types",
    "IPAdapter": "types",
    "IPAdapterUse": "types",
    "Latent": "types",
    "Mask": "types",
    "Model": "types",
    "NoiseSource": "types",
    "SamplerChoice": "types",
    "Schedule": "types",
    "SizeHint": "types",
    "Vae": "types",
    "Weights": "weights",
}


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
