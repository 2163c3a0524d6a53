"""Families whose network is diffusers' UNet2DConditionModel: SD1.x, SD2.x, SDXL, Playground."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from ..control.control_lora import KIND as CONTROL_LORA
from ..control.control_lora import control_of
from ..control.control_types import kinds_of, picture_number
from ..errors import ModelError, ShapeError
from .family import Control, Family, Inputs, Residuals, Row, repeat_tokens

if TYPE_CHECKING:
    from torch import Tensor

    from ..formats.network_facts import NetworkFacts
    from ..types import Concat, ControlNet, ControlUse, Model

T2I = "t2i_adapter"
LCM_GUIDANCE = 7.5
"""What a guidance-distilled UNet (`time_cond_proj`) is told when the prompt says nothing."""


def is_modern(facts: NetworkFacts) -> bool:
    """Whether a UNet without sizes is of SD2.x rather than SD1.x: linear projections, or width."""
    return facts.context == 1024 or (facts.linear and facts.context != 768)


GREY = (0.8223, -0.6876, 0.6364, 0.1380)
"""A grey picture in the latents of SD1.x, which inpainting networks were trained to paint over."""


class UNetFamily(Family):
    """Text through cross-attention; inpainting and editing pictures as further channels."""

    control_fits = (
        ("level widths", "block_out_channels"),
        ("layers per level", "layers_per_block"),
        ("text width", "cross_attention_dim"),
    )

    def prepare(self, model: Model, rows: Sequence[Row], shape: Any, like: Tensor) -> Inputs:
        batch = shape[0]
        context = repeat_tokens(rows, batch, like)
        wanted = model.weights.config["cross_attention_dim"]
        if context.shape[-1] != wanted:
            raise ShapeError(
                "conditioning.does_not_fit",
                "The prompt was encoded by a text encoder of another model.",
                expected=f"width {wanted} ({self.words})",
                got=str(context.shape[-1]),
                hint="Encode it with the text encoder of the checkpoint that is sampled.",
            )
        inputs: dict[str, Any] = {"encoder_hidden_states": context}
        extra = model.weights.config["in_channels"] - shape[1]
        if extra:
            inputs["concat"] = self._concat(rows, shape, extra).to(like)
        width = model.weights.config.get("time_cond_proj_dim")
        if width:
            inputs["timestep_cond"] = _guidance_embedding(rows, batch, width).to(like)
        grounding = rows[0].entry.grounding
        if grounding is not None:
            from ..grounding.gligen import check_gligen, objects
            from ..weights.casting import module_in

            check_gligen(model, grounding.net)
            module: Any = module_in(grounding.net.weights, like.dtype)
            told = objects(rows, batch, shape, like)
            inputs["gligen"] = (module, module.position_net(**told))
        classes = model.weights.config.get("projection_class_embeddings_input_dim")
        if classes and "class_embed_type" in model.weights.config:
            inputs["class_labels"] = _image_vectors(rows, batch, classes, like)
        added = self._added(model, rows, shape, like)
        if added:
            inputs["added_cond_kwargs"] = added
        return inputs

    def forward(
        self, network: Any, x: Tensor, timestep: float, inputs: Inputs, residuals: Residuals
    ) -> Tensor:
        import torch

        t = torch.full((x.shape[0],), timestep, device=x.device)
        more = {n: value for n, value in inputs.items() if n not in {"concat", "gligen"}}
        acting: AbstractContextManager[None] = nullcontext()
        if "gligen" in inputs:
            from ..grounding.gligen_network import active_gligen

            module, told = inputs["gligen"]
            acting = active_gligen(module)
            more["cross_attention_kwargs"] = {"gligen": {"objects": told}}
        if "concat" in inputs:
            x = torch.cat([x, inputs["concat"]], dim=1)
        with acting:
            output: Tensor = network(
                x,
                t,
                down_block_additional_residuals=residuals.get("down"),
                mid_block_additional_residual=residuals.get("mid"),
                # diffusers empties the list it is given
                down_intrablock_additional_residuals=list(residuals["inside"])
                if "inside" in residuals
                else None,
                return_dict=False,
                **more,
            )[0]
        return output

    def control_picture(
        self, use: ControlUse, size: tuple[int, int], batch: int, like: Tensor
    ) -> Tensor:
        if use.net.weights.kind != T2I:
            return super().control_picture(use, size, batch, like)
        from ..control.apply import fit_hint

        config, cell = use.net.weights.config, self.latent.downscale
        step = config["downscale_factor"]  # adapters take whole blocks of pixels
        height, width = (math.ceil(side * cell / step) * step for side in size)
        picture = fit_hint(use.image, (height, width), batch, like)
        return picture if config["in_channels"] == 3 else picture.mean(1, keepdim=True)

    def control_module(self, model: Model, net: ControlNet) -> Any:
        if net.weights.kind != CONTROL_LORA:
            return super().control_module(model, net)
        return control_of(model.weights, net.weights).module

    def check_control(self, model: Model, use: ControlUse) -> None:
        super().check_control(model, use)
        weights = use.net.weights
        if weights.kind != T2I:
            return
        # A light one tells its last level's width by the one before.
        levels = tuple(model.weights.config["block_out_channels"])
        found = weights.config["channels"][: len(levels)]
        if found != levels[: len(found)] or len(found) < len(levels) - 1:
            raise ModelError(
                "model.widths_do_not_fit",
                f'T2I-Adapter "{weights.path.name}" does not fit the network of '
                f'"{model.weights.path.name}": other level widths.',
                expected=str(levels),
                got=str(found),
                hint="Use an adapter that was trained for this model family.",
            )

    def control(
        self, control: Control, x: Tensor, timestep: float, inputs: Inputs, network: Any
    ) -> Residuals:
        import torch

        if control.net.weights.kind == T2I:  # it looks at the picture alone
            if not control.kept:
                control.kept["features"] = control.module(control.picture)
            return {"inside": [part * control.strength for part in control.kept["features"]]}
        arguments: dict[str, Any] = {
            "encoder_hidden_states": inputs["encoder_hidden_states"],
            "added_cond_kwargs": inputs.get("added_cond_kwargs"),
            "controlnet_cond": control.picture,
            "conditioning_scale": control.strength,
        }
        if kinds := kinds_of(control.net):
            number = picture_number(control.net)
            told = torch.zeros(x.shape[0], kinds, device=x.device)
            if number is not None:
                told[:, number] = 1.0
            arguments["control_type"] = told
            arguments["control_type_idx"] = [] if number is None else [number]
        t = torch.full((x.shape[0],), timestep, device=x.device)
        down, mid = control.module(x, t, return_dict=False, **arguments)
        return {"down": down, "mid": mid}

    def _added(self, model: Model, rows: Sequence[Row], shape: Any, like: Tensor) -> dict[str, Any]:
        """SDXL's sizes and pooled text."""
        return {}

    def _concat(self, rows: Sequence[Row], shape: Any, extra: int) -> Tensor:
        """Further channels: (mask, picture) for inpainting, the picture for editing."""
        import torch

        channels = self.latent.channels
        if extra not in {channels, channels + 1}:
            raise ModelError(
                "model.unsupported_layout",
                f"This UNet takes {extra} channels beside the latent.",
                expected=f"none, {channels} (InstructPix2Pix) or {channels + 1} (inpainting)",
                got=str(extra),
            )
        parts = []
        for row in rows:
            picture, mask = self._picture(row.entry.concat, shape, extra > channels)
            parts.append(picture if mask is None else torch.cat([mask, picture], dim=1))
        return torch.cat(parts)

    def _picture(
        self, concat: Concat | None, shape: Any, masked: bool
    ) -> tuple[Tensor, Tensor | None]:
        import torch
        import torch.nn.functional as F

        batch, _, height, width = shape
        if concat is None:  # nothing is known of the picture: all is to be painted
            blank = torch.zeros(batch, self.latent.channels, height, width)
            if not masked:
                return blank, None
            grey = torch.tensor(GREY)[:, None, None].expand_as(blank)
            return grey, torch.ones(batch, 1, height, width)
        samples, mask = concat.samples, concat.mask
        if samples.shape[-2:] != (height, width):
            raise ShapeError(
                "concat.does_not_fit",
                "The picture beside the noise has another size than the run.",
                expected=f"{8 * width} x {8 * height}",
                got=f"{8 * samples.shape[-1]} x {8 * samples.shape[-2]}",
                hint="Sample the latent that came with this conditioning.",
            )
        # Inpainting networks were trained on scaled latents, InstructPix2Pix on unscaled ones.
        samples = self.latent.to_network(samples) if masked else samples
        if not masked:
            return _each(samples, batch), None
        if mask is None:
            return _each(samples, batch), torch.ones(batch, 1, height, width)
        small = F.interpolate(mask[:, None].float(), size=(height, width), mode="bilinear")
        return _each(samples, batch), _each(small.round(), batch)


def _image_vectors(rows: Sequence[Row], batch: int, width: int, like: Tensor) -> Tensor:
    """What unCLIP's UNets are told of pictures; zeros where there is none."""
    import torch

    vectors = [row.entry.image_vector for row in rows]
    parts = [torch.zeros(1, width) if vector is None else vector for vector in vectors]
    return torch.cat([part.expand(batch, -1) for part in parts]).to(like)


def _each(x: Tensor, batch: int) -> Tensor:
    """A batch of one or more as (batch, ...), repeated in turn."""
    return x[[number % len(x) for number in range(batch)]]


def _guidance_embedding(rows: Sequence[Row], batch: int, width: int) -> Tensor:
    """Sines and cosines of the guidance an LCM was distilled for. Source: Luo et al. 2023."""
    import math

    import torch

    said = [row.entry.guidance for row in rows for _ in range(batch)]
    values = [LCM_GUIDANCE if each is None else 0.0 if each == "off" else each for each in said]
    silent = torch.tensor([each == "off" for each in said])
    half = width // 2
    steps = torch.exp(torch.arange(half) * -(math.log(10000.0) / (half - 1)))
    angles = (torch.tensor(values) - 1.0)[:, None] * 1000.0 * steps[None]
    waves = torch.cat([angles.sin(), angles.cos()], dim=1)
    waves = waves.masked_fill(silent[:, None], 0.0)
    return torch.nn.functional.pad(waves, (0, width - waves.shape[1]))
