"""The diffusion library: load a checkpoint, encode text, sample, decode. A plain library on torch.

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
    from .control.apply import apply_control as apply_control
    from .denoising.denoiser import Denoiser as Denoiser
    from .errors import DiffusionError as DiffusionError
    from .errors import ModelError as ModelError
    from .errors import ParameterError as ParameterError
    from .errors import SamplingError as SamplingError
    from .errors import ShapeError as ShapeError
    from .families.text import encode_text as encode_text
    from .families.text import encode_texts as encode_texts
    from .files.convert.model import convert_model as convert_model
    from .files.inspection import FileReport as FileReport
    from .files.inspection import inspect_file as inspect_file
    from .files.loading import load_checkpoint as load_checkpoint
    from .files.loading import load_clip as load_clip
    from .files.loading import load_clip_vision as load_clip_vision
    from .files.loading import load_controlnet as load_controlnet
    from .files.loading import load_gligen as load_gligen
    from .files.loading import load_ip_adapter as load_ip_adapter
    from .files.loading import load_model as load_model
    from .files.loading import load_style_model as load_style_model
    from .files.loading import load_unclip as load_unclip
    from .files.loading import load_vae as load_vae
    from .files.saving import save_checkpoint as save_checkpoint
    from .files.saving import save_clip_vision as save_clip_vision
    from .files.saving import save_controlnet as save_controlnet
    from .files.saving import save_ip_adapter as save_ip_adapter
    from .image_prompts.ip_adapter import apply_ip_adapter as apply_ip_adapter
    from .patches.lora.apply import apply_lora as apply_lora
    from .patches.lora.blocks import parse_block_weights as parse_block_weights
    from .patches.lora.file import LoraFile as LoraFile
    from .patches.lora.file import load_lora as load_lora
    from .patches.merge import add_models as add_models
    from .patches.merge import merge_blocks as merge_blocks
    from .patches.merge import merge_clips as merge_clips
    from .patches.merge import merge_models as merge_models
    from .patches.merge import subtract_models as subtract_models
    from .sampling.sample import StepInfo as StepInfo
    from .sampling.sample import sample as sample
    from .sampling.sample import sample_custom as sample_custom
    from .sampling.samplers import SAMPLERS as SAMPLERS
    from .sampling.schedules import SCHEDULERS as SCHEDULERS
    from .text.clip import set_clip_last_layer as set_clip_last_layer
    from .text.embeddings import use_embeddings as use_embeddings
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
    from .types import StyleModel as StyleModel
    from .types import Vae as Vae
    from .vae.coding import decode_latent as decode_latent
    from .vae.coding import empty_latent as empty_latent
    from .vae.coding import encode_image as encode_image
    from .vae.coding import set_noise_mask as set_noise_mask
    from .weights.handle import Weights as Weights
    from .weights.holdings import MemoryReport as MemoryReport
    from .weights.residency import RESIDENCY as RESIDENCY
    from .weights.residency import memory_report as memory_report

# The public names and the module each lives in. No `__all__`: a star import would load torch.
_HOME: dict[str, str] = {
    "convert_model": "files.convert.model",
    "use_embeddings": "text.embeddings",
    "apply_lora": "patches.lora.apply",
    "parse_block_weights": "patches.lora.blocks",
    "LoraFile": "patches.lora.file",
    "load_lora": "patches.lora.file",
    "MemoryReport": "weights.holdings",
    "add_models": "patches.merge",
    "merge_blocks": "patches.merge",
    "merge_clips": "patches.merge",
    "merge_models": "patches.merge",
    "subtract_models": "patches.merge",
    "RESIDENCY": "weights.residency",
    "memory_report": "weights.residency",
    "encode_text": "families.text",
    "encode_texts": "families.text",
    "set_clip_last_layer": "text.clip",
    "apply_control": "control.apply",
    "Denoiser": "denoising.denoiser",
    "DiffusionError": "errors",
    "ModelError": "errors",
    "ParameterError": "errors",
    "SamplingError": "errors",
    "ShapeError": "errors",
    "FileReport": "files.inspection",
    "inspect_file": "files.inspection",
    "apply_ip_adapter": "image_prompts.ip_adapter",
    "decode_latent": "vae.coding",
    "empty_latent": "vae.coding",
    "encode_image": "vae.coding",
    "set_noise_mask": "vae.coding",
    "load_checkpoint": "files.loading",
    "load_clip": "files.loading",
    "load_clip_vision": "files.loading",
    "load_gligen": "files.loading",
    "load_style_model": "files.loading",
    "load_unclip": "files.loading",
    "load_controlnet": "files.loading",
    "load_ip_adapter": "files.loading",
    "load_model": "files.loading",
    "load_vae": "files.loading",
    "SAMPLERS": "sampling.samplers",
    "StepInfo": "sampling.sample",
    "sample": "sampling.sample",
    "sample_custom": "sampling.sample",
    "save_checkpoint": "files.saving",
    "save_clip_vision": "files.saving",
    "save_controlnet": "files.saving",
    "save_ip_adapter": "files.saving",
    "SCHEDULERS": "sampling.schedules",
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
    "StyleModel": "types",
    "Vae": "types",
    "Weights": "weights.handle",
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
