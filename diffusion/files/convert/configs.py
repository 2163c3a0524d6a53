"""The JSON files of a diffusers folder, derived from the tensors. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...families import family_named
from ...networks.configuring import network_class
from ...prediction.model_sampling import ModelSampling
from ...vae.format import LatentFormat
from ...weights.handle import Weights

_CLASSES: Mapping[str, tuple[str, str]] = {
    "unet": ("diffusers", "UNet2DConditionModel"),
    "flux": ("diffusers", "FluxTransformer2DModel"),
    "sd3": ("diffusers", "SD3Transformer2DModel"),
    "pixart": ("diffusers", "PixArtTransformer2DModel"),
    "vae": ("diffusers", "AutoencoderKL"),
    "text_encoder": ("transformers", "CLIPTextModel"),
    "t5": ("transformers", "T5EncoderModel"),
    "bert": ("transformers", "BertModel"),
}
_PREDICTIONS = {"eps": "epsilon", "v_prediction": "v_prediction", "x0": "sample"}


def network_json(weights: Weights, latent: LatentFormat) -> dict[str, Any]:
    """config.json of a network."""
    kind = network_class(weights.kind, weights.shapes)
    library, name = class_of(weights)
    config = {key: _plain(value) for key, value in weights.config.items()}
    if kind == "vae":
        config["scaling_factor"] = latent.scale
        config["shift_factor"] = latent.shift or None
        if latent.mean:
            config |= {"latents_mean": list(latent.mean), "latents_std": list(latent.std)}
    if library == "diffusers":
        return {"_class_name": name, **config}
    types = {"text_encoder": "clip_text_model", "t5": "t5", "bert": "bert"}
    if kind == "text_encoder":
        ids = {"bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1}
        if config["vocab_size"] != 49408:
            ids = {"bos_token_id": 0, "eos_token_id": config["vocab_size"] - 1, "pad_token_id": 0}
        config = {**ids, **config}
    return {"architectures": [name], "model_type": types[kind], **config}


def class_of(weights: Weights) -> tuple[str, str]:
    """Library and class of a network."""
    kind = network_class(weights.kind, weights.shapes)
    library, name = _CLASSES[kind]
    if kind == "text_encoder" and "text_projection.weight" in weights.shapes:
        name = "CLIPTextModelWithProjection"
    return library, name


def index_json(
    family: str, network: Weights, vae: Weights, texts: Sequence[Weights]
) -> dict[str, Any]:
    """model_index.json."""
    inpaint = network.config.get("in_channels") == 9
    of = family_named(family)
    found: dict[str, Any] = {
        "_class_name": of.inpaint_pipeline if inpaint and of.inpaint_pipeline else of.pipeline
    }
    names = [("unet" if network.kind == "unet" else "transformer", network), ("vae", vae)]
    names += [(text_folder(number), weights) for number, weights in enumerate(texts)]
    for name, weights in names:
        found[name] = list(class_of(weights))
    for number, weights in enumerate(texts):
        t5 = class_of(weights)[1].startswith("T5")
        kind = "T5TokenizerFast" if t5 else "CLIPTokenizer"
        found[text_folder(number).replace("text_encoder", "tokenizer")] = ["transformers", kind]
    found["scheduler"] = ["diffusers", scheduler_json(of.sampling)["_class_name"]]
    if "Pipeline" in found["_class_name"] and family in ("sd1", "sd2"):
        found |= {"safety_checker": [None, None], "feature_extractor": [None, None]}
    return found


def scheduler_json(sampling: ModelSampling) -> dict[str, Any]:
    """scheduler_config.json."""
    if sampling.is_flow:
        return {"_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000,
                "shift": sampling.shift}  # fmt: skip
    return {
        "_class_name": "EulerDiscreteScheduler",
        "beta_start": sampling.betas[0],
        "beta_end": sampling.betas[1],
        "beta_schedule": "linear" if sampling.linear else "scaled_linear",
        "num_train_timesteps": 1000,
        "prediction_type": _PREDICTIONS.get(sampling.prediction, "epsilon"),
        "rescale_betas_zero_snr": sampling.zero_snr,
        "steps_offset": 1,
        "timestep_spacing": "leading",
    }


def text_folder(number: int) -> str:
    """The folder of a text encoder, counted from 0."""
    return "text_encoder" if number == 0 else f"text_encoder_{number + 1}"


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
