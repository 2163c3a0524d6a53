"""Generation parameters of the web UI as a workflow; ignored parameters are listed.

    LoadCheckpoint -> LoadLoRA ... -> prompts -> KSampler -> (hires fix) -> VAEDecode -> SaveImage

Nothing is guessed in silence: a sampler, a module or a setting that the workflow does not have is a
remark, each with its value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from ..declaration.widgets import MAX_SEED
from ..graph.document import Document, parse
from .read import Infotext
from .samplers import MODEL_LEVELS, sampler_of

Finder = Callable[[str, str, str | None], str | None]
"""Called with a kind of model, a name without suffix and a hash or None; the name of the file."""

SUFFIX = ".safetensors"
_SIZE = re.compile(r"(\d{1,5}) *[xX] *(\d{1,5})")
_HASHES = re.compile(r"([^:,]+): *([0-9A-Fa-f]{6,64})")
_NESTED = re.compile(r"\([^()]*\(|\[|\bBREAK\b|\bAND\b")
_LATENT = {
    "latent": "bilinear",
    "latent (antialiased)": "bilinear",
    "latent (bicubic)": "bicubic",
    "latent (bicubic antialiased)": "bicubic",
    "latent (nearest)": "nearest-exact",
    "latent (nearest-exact)": "nearest-exact",
}
_RESIZE = {"lanczos": "lanczos", "nearest": "nearest-exact", "none": "lanczos"}
# They say how the text came about, or nothing about the picture.
_SILENT = frozenset(
    {"Version", "Model hash", "VAE hash", "Lora hashes", "TI hashes", "Hashes", "Size"}
    | {
        "Hires resize",
        "Schedule type",
        "Created Date",
        "Civitai resources",
        "Civitai metadata",
        "Pipeline",
        "App",
    }
)


def workflow_of(
    info: Infotext, find: Finder = lambda kind, name, digest: None
) -> tuple[Document, tuple[str, ...]]:
    """The workflow of generation parameters, and remarks on what it does not have.

    Args:
        info: The parameters.
        find: Finds model files; a model that it does not find goes by its name, and validation
            says that it is missing.

    Raises:
        DocumentError: The values make no document.
    """
    return _Making(info, find).document()


class _Making:
    def __init__(self, info: Infotext, find: Finder) -> None:
        self.info, self.find = info, find
        self.nodes: dict[str, dict[str, Any]] = {}
        self.remarks: list[str] = []
        self.models: list[dict[str, str]] = []
        self.left: dict[str, str] = dict(info.settings)
        self.hashes = _object_of_texts(info.settings.get("Hashes", ""))

    def document(self) -> tuple[Document, tuple[str, ...]]:
        width, height = self.size()
        model, clip, vae = self.loaders()
        prompts = self.prompts(clip)
        self.add("canvas", "EmptyLatentImage", width=width, height=height)
        hires = self.hires_settings(width, height)
        sampled = self.sample(model, prompts, "canvas.latent", hires=bool(hires))
        if hires:
            sampled = self.hires(hires, sampled, model, prompts, vae)
        self.add("decode", "VAEDecode", samples=_link(sampled), vae=_link(vae))
        self.add("save", "SaveImage", images=_link("decode.image"))
        self.name_the_rest()
        interface = {
            "inputs": {
                "prompt": "positive.text",
                "negative": "negative.text",
                "seed": "sample.seed",
                "steps": "sample.steps",
                "cfg": "sample.cfg",
            },
            "outputs": {"image": "save.images"},
        }
        data: dict[str, Any] = {"weft": 1, "nodes": self.nodes, "interface": interface}
        if self.models:
            data["requires"] = {"models": self.models}
        return parse(data), tuple(self.remarks)

    # -- parts ----------------------------------------------------------------------------------

    def loaders(self) -> tuple[str, str, str]:
        """Model, text encoders and VAE, with LoRAs and clip skip."""
        name = self.take("Model")
        digest = self.info.settings.get("Model hash") or self.hashes.get("model")
        if name is None and digest is None:
            self.remarks.append("The text names no model: choose one in LoadCheckpoint.")
        file = self.file("checkpoints", name or digest or "model", digest)
        self.add("checkpoint", "LoadCheckpoint", ckpt_name=file)
        model, clip, vae = "checkpoint.model", "checkpoint.clip", "checkpoint.vae"
        hashes = _named_hashes(self.info.settings.get("Lora hashes", ""))
        for number, lora in enumerate(self.info.loras, 1):
            node = f"lora{number}"
            self.add(
                node,
                "LoadLoRA",
                model=_link(model),
                clip=_link(clip),
                lora_name=self.file(
                    "loras",
                    lora.name,
                    hashes.get(lora.name) or self.hashes.get(f"lora:{lora.name}"),
                ),
                strength_model=lora.network,
                strength_clip=lora.text,
            )
            model, clip = f"{node}.model", f"{node}.clip"
        skip = self.number("Clip skip", int)
        if skip is not None and skip > 1:
            layer = -int(skip)
            self.add("clip_skip", "CLIPSetLastLayer", clip=_link(clip), stop_at_clip_layer=layer)
            clip = "clip_skip.clip"
        own = self.take("VAE")
        if own is not None and own.casefold() not in ("none", "automatic"):
            named = self.file("vae", _stem(own), self.info.settings.get("VAE hash"))
            self.add("vae", "LoadVAE", vae_name=named)
            vae = "vae.vae"
        return model, clip, vae

    def prompts(self, clip: str) -> tuple[str, str]:
        """Both prompts; the web UI's own syntax where they have more than plain weights."""
        words = _named_hashes(self.info.settings.get("TI hashes", ""))
        for node, given in (("positive", self.info.prompt), ("negative", self.info.negative)):
            text = given
            for word in words:
                text = _as_embedding(text, word)
            values: dict[str, Any] = {"clip": _link(clip), "text": text}
            if _NESTED.search(text):
                values["steps"] = self.steps()
                self.add(node, "CLIPTextEncodeSchedule", **values)
            else:
                self.add(node, "CLIPTextEncode", **values)
        return "positive.conditioning", "negative.conditioning"

    def sample(self, model: str, prompts: tuple[str, str], latent: str, *, hires: bool) -> str:
        sampler, scheduler = self.sampler()
        seed = self.number("Seed", int)
        values: dict[str, Any] = {
            "model": _link(model),
            "positive": _link(prompts[0]),
            "negative": _link(prompts[1]),
            "latent_image": _link(latent),
            "seed": "random" if seed is None or not 0 <= seed <= MAX_SEED else int(seed),
            "steps": self.steps(),
            "cfg": self.cfg(),
            "sampler_name": sampler,
            "scheduler": scheduler,
        }
        if values["seed"] == "random":
            self.remarks.append("The text has no valid seed, so each run draws a new one.")
        self.left.pop("Steps", None)
        self.add("sample", "KSampler", **values)
        if not hires and (strength := self.take("Denoising strength")) is not None:
            self.remarks.append(
                f"Denoising strength: {strength} belongs to img2img or upscaling of an image that "
                "the text does not hold; this workflow starts from noise."
            )
        return "sample.latent"

    def cfg(self) -> float:
        scale = self.number("CFG scale", float)
        if scale is None:
            self.remarks.append("The text has no CFG scale; it was set to 7.")
        return 7.0 if scale is None else scale

    def sampler(self) -> tuple[str, str]:
        name = self.take("Sampler") or "Euler"
        given = self.info.settings.get("Schedule type")
        sampler, scheduler, schedule = sampler_of(name, given)
        if sampler is None:
            self.remarks.append(
                f'KSampler has no sampler "{name}"; it was set to euler. Choose another if needed.'
            )
        if scheduler is None:
            self.remarks.append(
                f'KSampler has no scheduler "{schedule}"; it was set to {MODEL_LEVELS}.'
            )
        return sampler or "euler", scheduler or MODEL_LEVELS

    def hires_settings(self, width: int, height: int) -> dict[str, Any]:
        """The settings of the second pass (hires fix); empty if there is none."""
        factor = self.number("Hires upscale", float)
        target = _SIZE.fullmatch(self.info.settings.get("Hires resize", ""))
        upscaler = self.take("Hires upscaler")
        if factor is None and target is None:
            return {}
        sizes = (
            (int(target[1]), int(target[2]))
            if target is not None
            else (round(width * (factor or 1)), round(height * (factor or 1)))
        )
        strength = self.number("Denoising strength", float)
        asked = self.number("Hires steps", int)
        steps = int(asked) if asked else self.steps()
        denoise = 0.7 if strength is None else min(max(strength, 0.0), 1.0)
        # The web UI walks the last part of a schedule; KSampler is told the steps of that part.
        part = max(1, int(min(denoise, 0.999) * steps)) if denoise else 1
        return {
            "width": sizes[0] // 8 * 8,
            "height": sizes[1] // 8 * 8,
            "upscaler": upscaler or "Latent",
            "denoise": denoise,
            "steps": part,
        }

    def hires(
        self, wanted: Mapping[str, Any], latent: str, model: str, prompts: tuple[str, str], vae: str
    ) -> str:
        name = str(wanted["upscaler"])
        size = {"width": wanted["width"], "height": wanted["height"]}
        method = _LATENT.get(name.casefold())
        if method is not None:
            if "antialiased" in name.casefold():
                self.remarks.append(f'"{name}" uses antialiasing, which LatentUpscale does not.')
            self.add(
                "larger", "LatentUpscale", samples=_link(latent), upscale_method=method, **size
            )
            start = "larger.latent"
        else:
            self.add("first", "VAEDecode", samples=_link(latent), vae=_link(vae))
            image = "first.image"
            resize = _RESIZE.get(name.casefold())
            if resize is None:
                file = self.file("upscale_models", _stem(name), None)
                self.add("upscaler", "LoadUpscaleModel", model_name=file)
                self.add(
                    "upscaled",
                    "ImageUpscaleWithModel",
                    upscale_model=_link("upscaler.upscale_model"),
                    image=_link(image),
                )
                image = "upscaled.image"
            method = resize or "lanczos"
            self.add("larger", "ImageScale", image=_link(image), upscale_method=method, **size)
            self.add("again", "VAEEncode", pixels=_link("larger.image"), vae=_link(vae))
            start = "again.latent"
        first = self.nodes["sample"]["inputs"]
        values = {
            **first,
            "latent_image": _link(start),
            "steps": wanted["steps"],
            "denoise": wanted["denoise"],
        }
        for key, given in (("sampler", "Hires sampler"), ("scheduler", "Hires schedule type")):
            other = self.take(given)
            if other is not None and not other.casefold().startswith("use same"):
                sampler, scheduler, _ = sampler_of(
                    other if key == "sampler" else "Euler", other if key == "scheduler" else None
                )
                chosen = sampler if key == "sampler" else scheduler
                if chosen is None:
                    self.left[given] = other
                else:
                    values["sampler_name" if key == "sampler" else "scheduler"] = chosen
        self.add("refine", "KSampler", **values)
        return "refine.latent"

    # -- values ---------------------------------------------------------------------------------

    def size(self) -> tuple[int, int]:
        found = _SIZE.fullmatch(self.info.settings.get("Size", ""))
        if found is None:
            self.remarks.append("The text has no image size; it was set to 512 x 512.")
            return 512, 512
        return int(found[1]), int(found[2])

    def steps(self) -> int:
        text = self.info.settings.get("Steps", "")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 20

    def number(self, key: str, kind: Callable[[str], float]) -> float | None:
        text = self.left.get(key)
        if text is None:
            return None
        try:
            value = kind(text)
        except ValueError:
            return None  # it stays among what is left, and is named
        del self.left[key]
        return value

    def take(self, key: str) -> str | None:
        return self.left.pop(key, None)

    def file(self, kind: str, name: str, digest: str | None) -> str:
        found = self.find(kind, name, digest)
        if found is not None:
            return found
        file = name if name.casefold().endswith(SUFFIX) else name + SUFFIX
        entry = {"kind": kind, "name": file}
        self.models.append({**entry, "hash": digest} if digest else entry)
        return file

    def add(self, node: str, type_id: str, **inputs: Any) -> None:
        self.nodes[node] = {"type": type_id, "inputs": inputs}

    def name_the_rest(self) -> None:
        """Say what of the text is not in the workflow."""
        for tag in self.info.left:
            self.remarks.append(f"{tag} in the prompt was left out.")
        if self.left.get("RNG", "").casefold() == "cpu":
            del self.left["RNG"]
        else:
            self.remarks.append(
                "The web UI draws noise on the GPU unless RNG is CPU; weft draws it on the CPU, "
                "so the same seed gives another image."
            )
        for key, value in self.left.items():
            if key not in _SILENT:
                self.remarks.append(f"{key}: {value[:200]} was ignored.")


def _link(target: str) -> dict[str, str]:
    return {"link": target}


def _stem(name: str) -> str:
    return re.sub(r"\.(safetensors|ckpt|pt|pth|bin|vae\.pt)$", "", name, flags=re.IGNORECASE)


def _named_hashes(text: str) -> dict[str, str]:
    """`name: hash, other: hash` as a dictionary."""
    return {match[1].strip(): match[2] for match in _HASHES.finditer(text)}


def _object_of_texts(text: str) -> dict[str, str]:
    """A JSON object of texts, as model sites write hashes; empty for anything else."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(data, dict):
        return {}
    return {str(name): value for name, value in data.items() if isinstance(value, str)}


def _as_embedding(text: str, word: str) -> str:
    """A textual inversion stands in the web UI's prompts by its bare name."""
    pattern = rf"(?<![\w:-])(?:embedding:)?{re.escape(word)}(?![\w-])"
    return re.sub(pattern, lambda _: f"embedding:{word}", text)
