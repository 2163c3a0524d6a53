"""IP-Adapter: an image prompt."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..checks import check_factor, check_window
from ..errors import ModelError
from ..families.call import Call, Handler
from ..pictures.image import check_image
from ..types import Image, IPAdapter, IPAdapterUse, Model
from .image_encoder import embed_image


def apply_ip_adapter(
    model: Model,
    ip_adapter: IPAdapter,
    image: Image,
    weight: float = 1.0,
    start: float = 0.0,
    end: float = 1.0,
) -> Model:
    """Apply an image prompt; several IP-Adapters add up.

    Args:
        model: The model to patch; a new description is returned, the weights are shared.
        ip_adapter: From `load_ip_adapter`.
        image: (N, H, W, 3) float32 in [0, 1]; the tokens of all N pictures act together.
        weight: Factor on the image attention; 1 = as trained, 0 = not applied at all.
        start, end: Part of the schedule in which it acts; 0 = the beginning, 1 = the end.

    Returns:
        A new model; the same one if weight is 0.

    Raises:
        ModelError: The adapter was made for another UNet; both files are named.
        ShapeError: The image is not (N, H, W, 3).
        ParameterError: start and end are not 0 <= start <= end <= 1, or weight is not finite.

    Source: Ye et al. 2023. The negative pass gets an all-zero image embedding.
    """
    import torch

    check_image(image)
    check_window(start, end)
    check_factor("weight", weight)
    check_adapter_fits(model, ip_adapter)
    if weight == 0:
        return model
    positive = embed_image(ip_adapter.clip_vision, image)
    use = IPAdapterUse(
        adapter=ip_adapter,
        positive=positive,
        negative=torch.zeros_like(positive),
        weight=float(weight),
        start=float(start),
        end=float(end),
    )
    return replace(model, attached=(*model.attached, use))


class IPAdapterHandler(Handler):
    """IP-Adapters of the model, in the attention layers of its UNet."""

    kinds = (IPAdapterUse,)

    def prepare(self, call: Call) -> None:
        uses = [each for each in call.attached if isinstance(each, IPAdapterUse)]
        if not uses:
            return
        import torch

        from ..weights.casting import module_in
        from .ip_attention import ActiveAdapter, IPAdapterNetwork, active_adapters

        adapters = []
        for use in uses:
            network = module_in(use.adapter.weights, call.like.dtype)
            assert isinstance(network, IPAdapterNetwork)
            tokens = [
                network.tokens((use.negative if row.negative else use.positive).to(call.like))
                for row in call.rows
            ]
            stacked = torch.cat([token.expand(call.batch, -1, -1) for token in tokens])
            adapters.append(ActiveAdapter(network, stacked, use.weight))
        call.inputs.around.append(lambda: active_adapters(adapters))


def check_adapter_fits(model: Model, ip_adapter: IPAdapter) -> None:
    """Refuse an adapter that was made for another UNet.

    Raises:
        ModelError: Text width or the attention layers differ.
    """
    unet, adapter = model.weights, ip_adapter.weights
    widths = cross_attention_widths(unet.config)
    wanted = (unet.config["cross_attention_dim"], tuple(range(1, 2 * len(widths), 2)), widths)
    config = adapter.config
    found = (config["cross_attention_dim"], config["ids"], config["widths"])
    if wanted != found:
        raise ModelError(
            "model.widths_do_not_fit",
            f'IP-Adapter "{adapter.path.name}" does not fit the UNet of "{unet.path.name}".',
            expected=f"text width {wanted[0]}, {len(widths)} layers of widths {_some(widths)}",
            got=f"text width {found[0]}, {len(found[1])} layers of widths {_some(found[2])}",
            hint="Use an adapter that was trained for this model family.",
        )


def cross_attention_widths(unet: Any) -> tuple[int, ...]:
    """Widths of a UNet's cross-attention layers in the order of adapter files: down, up, middle."""
    channels, layers = unet["block_out_channels"], unet["layers_per_block"]
    down: list[int] = []
    up: list[int] = []
    for width, block in zip(channels, unet["down_block_types"], strict=True):
        down += [width] * (layers if block.startswith("CrossAttn") else 0)
    for width, block in zip(reversed(channels), unet["up_block_types"], strict=True):
        up += [width] * (layers + 1 if block.startswith("CrossAttn") else 0)
    return (*down, *up, channels[-1])


def _some(widths: tuple[int, ...]) -> str:
    return ", ".join(str(width) for width in widths[:4]) + (", ..." if len(widths) > 4 else "")
