"""Facts about a denoising network or ControlNet from its tensors, in either layout. No torch."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .control_lora_names import MARK as CONTROL_LORA
from .control_lora_names import whole_shapes
from .pieces import Shapes

UNET_PREFIX = "model.diffusion_model."
MARKERS = frozenset(
    {
        "edm_mean",
        "edm_std",
        "v_pred",
        "ztsnr",
        "edm_vpred.sigma_max",
        "edm_vpred.sigma_min",
        "noise_augmentor.data_mean",
        "noise_augmentor.data_std",
    }
)
"""Tensors that files carry beside the network to say how it is sampled."""
_UNCLIP_CONTEXT = 1024
"""Text of unCLIP's UNets, which are SD2.1's; of SDXL's, that name a layer alike, it is wider."""


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """Facts by which families tell their networks.

    Attributes:
        body: "unet", "sd3", "flux" or "pixart".
        layout: "ldm" (as first published), "diffusers", or "lora" (a difference to a UNet).
        prefix: What stands in front of all names.
        in_channels: Channels that go in; 0 if unknown.
        context: Width of the text; 0 if there is none.
        added: Width of pooled text and sizes together (SDXL).
        classes: Width of the picture's embedding and of its noise level together (unCLIP).
        linear: Whether attention projects by linear layers rather than 1x1 convolutions.
        guided: Whether a transformer is told how strong guidance shall be (Flux dev).
        sized: Whether a PixArt network is told sizes.
        tokens: Text length that a PixArt file names; 0 if it does not.
        markers: Those of `MARKERS` that the file holds.
    """

    body: str
    layout: str
    prefix: str = ""
    in_channels: int = 0
    context: int = 0
    added: int = 0
    classes: int = 0
    linear: bool = False
    guided: bool = False
    sized: bool = False
    tokens: int = 0
    markers: frozenset[str] = frozenset()

    @property
    def variant(self) -> str:
        """ "inpaint" (9 channels) or "edit" (8) for UNets that see a picture beside the noise, and
        "unclip" for those that are told one's embedding."""
        if self.classes:
            return "unclip"
        return {8: "edit", 9: "inpaint"}.get(self.in_channels, "") if self.body == "unet" else ""


def network_facts(shapes: Shapes) -> NetworkFacts | None:
    """Facts about the denoising network in a file; None if there is none."""
    for prefix in (UNET_PREFIX, ""):
        found = _facts(shapes, prefix)
        if found is not None:
            return found
    return None


def control_facts(shapes: Shapes) -> NetworkFacts | None:
    """Facts about a ControlNet; None if it is none."""
    if CONTROL_LORA in shapes:
        return replace(_unet(whole_shapes(shapes), "", "ldm"), layout="lora")
    # First: XLabs' names begin as those of ControlNets for UNets do.
    if (found := _transformer_control(shapes)) is not None:
        return found
    for prefix in ("control_model.", ""):
        ldm = f"{prefix}input_hint_block.0.weight" in shapes
        if ldm or f"{prefix}controlnet_cond_embedding.conv_in.weight" in shapes:
            return _unet(shapes, prefix, "ldm" if ldm else "diffusers")
    return None


def _transformer_control(shapes: Shapes) -> NetworkFacts | None:
    """ControlNets of transformers: two marks each, of which one alone would be another network."""
    for body, layout, prefix, marks in (
        ("flux", "diffusers", "", ("controlnet_x_embedder.weight", "x_embedder.weight")),
        ("flux", "ldm", "", ("controlnet_blocks.0.weight", "double_blocks.0.img_attn.qkv.weight")),
        ("sd3", "ldm", "", ("pos_embed_input.proj.weight", "transformer_blocks.0.attn.qkv.weight")),
        ("sd3", "diffusers", "", ("controlnet_blocks.0.weight", "pos_embed_input.proj.weight")),
        *(
            ("pixart", layout, prefix, (f"{prefix}{start}0.after_proj.weight",))
            for layout, prefix, start in (
                ("diffusers", "", "controlnet_blocks."),
                ("diffusers", "controlnet.", "controlnet_blocks."),
                ("ldm", "", "controlnet."),
            )
        ),
    ):
        if all(mark in shapes for mark in marks):
            return _transformer(shapes, prefix, body, layout)
    return None


def _facts(shapes: Shapes, prefix: str) -> NetworkFacts | None:
    def has(name: str) -> bool:
        return prefix + name in shapes

    if has("input_blocks.0.0.weight"):
        return _unet(shapes, prefix, "ldm")
    marks = ("conv_in.weight", "conv_out.weight", "time_embedding.linear_1.weight")
    if all(has(mark) for mark in marks):
        return _unet(shapes, prefix, "diffusers")
    for body, layout, mark in (
        ("sd3", "ldm", "joint_blocks.0.x_block.attn.qkv.weight"),
        ("flux", "ldm", "double_blocks.0.img_attn.qkv.weight"),
        ("flux", "diffusers", "single_transformer_blocks.0.attn.to_q.weight"),
        ("sd3", "diffusers", "transformer_blocks.0.attn.add_q_proj.weight"),
        ("pixart", "ldm", "blocks.0.cross_attn.q_linear.weight"),
        ("pixart", "diffusers", "caption_projection.linear_1.weight"),
    ):
        if has(mark):
            return _transformer(shapes, prefix, body, layout)
    return None


def _unet(shapes: Shapes, prefix: str, layout: str) -> NetworkFacts:
    first, added = (
        ("input_blocks.0.0.weight", "label_emb.0.0.weight")
        if layout == "ldm"
        else ("conv_in.weight", "add_embedding.linear_1.weight")
    )
    own = [name for name in shapes if name.startswith(prefix)]
    context = next((shapes[n][1] for n in own if n.endswith(".attn2.to_k.weight")), 0)
    projection = next((shapes[n] for n in own if n.endswith(".proj_in.weight")), ())
    markers = frozenset(name for name in MARKERS if name in shapes)
    told = shapes.get(prefix + added, (0, 0))[1]
    classes = shapes.get(prefix + "class_embedding.linear_1.weight", (0, 0))[1]
    unclip = context == _UNCLIP_CONTEXT or "noise_augmentor.data_mean" in markers
    if layout == "ldm" and unclip:
        told, classes = 0, told
    return NetworkFacts(
        body="unet",
        layout=layout,
        prefix=prefix,
        in_channels=shapes.get(prefix + first, (0, 0))[1],
        context=context,
        added=told,
        classes=classes,
        linear=len(projection) == 2,
        markers=markers,
    )


def _transformer(shapes: Shapes, prefix: str, body: str, layout: str) -> NetworkFacts:
    sizes = ("csize_embedder.mlp.0.weight", "adaln_single.emb.resolution_embedder.linear_1.weight")
    text = (
        "context_embedder.weight",
        "txt_in.weight",
        "y_embedder.y_proj.fc1.weight",
        "caption_projection.linear_1.weight",
    )
    return NetworkFacts(
        body=body,
        layout=layout,
        prefix=prefix,
        context=next((shapes[prefix + n][1] for n in text if prefix + n in shapes), 0),
        guided=any(
            prefix + name in shapes
            for name in (
                "guidance_in.in_layer.weight",
                "time_text_embed.guidance_embedder.linear_1.weight",
            )
        ),
        sized=any(prefix + name in shapes for name in sizes),
        tokens=shapes.get(prefix + "y_embedder.y_embedding", (0,))[0],
    )
