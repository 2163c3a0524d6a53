"""A VAE layer by layer, each in tiles: the same image as in one go, in less device memory.

Tiles decoded by themselves differ: group norms and attention look at all that they are given. So
here every layer is run over all tiles before the next one begins. A convolution sees one cell more
than it writes; norms use the statistics of the whole map; attention takes its queries in portions.
Maps between layers wait on the host: the largest is the picture's size times the channels there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..importing import importing
from .tiling_progress import OnTile, TilingProgress

if TYPE_CHECKING:
    from torch import Tensor

QUERIES = 4096
"""Places whose attention is computed at a time."""


def can_run_in_tiles(network: Any) -> bool:
    """Whether a VAE is built of what is known here: diffusers' AutoencoderKL with group norms."""
    with importing():
        from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from torch import nn

    parts: list[Any] = [getattr(network, name, None) for name in ("encoder", "decoder")]
    return isinstance(network, AutoencoderKL) and all(
        isinstance(part.conv_norm_out, nn.GroupNorm) for part in parts
    )


def decode_in_tiles(network: Any, samples: Tensor, tile: int, told: OnTile | None = None) -> Tensor:
    """The result of `network.decode`.

    Args:
        network: AutoencoderKL.
        samples: (B, C, h, w) on the network's device.
        tile: Side of a tile in pixels.
        told: Called at every tile, with layers done and layers in all.

    Returns:
        (B, 3, 8h, 8w) on the host.
    """
    import torch

    decoder = network.decoder
    scale = 2 ** (len(decoder.up_blocks) - 1)
    progress = TilingProgress(told, len(samples) * _passes(decoder, decoder.up_blocks))
    pictures = []
    for item in torch.split(samples, 1):
        z = item if network.post_quant_conv is None else network.post_quant_conv(item)
        layers = _Layers(z.device, tile, progress)
        x = _middle(layers, decoder.mid_block, layers.conv(z.cpu(), decoder.conv_in, scale), scale)
        pixels = scale
        for block in decoder.up_blocks:
            for resnet in block.resnets:
                x = layers.resnet(x, resnet, pixels)
            for upsampler in block.upsamplers or ():
                x = layers.upsample(x, upsampler.conv, pixels)
                pixels //= 2
        pictures.append(layers.conv(x, decoder.conv_out, 1, norm=decoder.conv_norm_out))
    return torch.cat(pictures)


def encode_in_tiles(network: Any, pixels: Tensor, tile: int, told: OnTile | None = None) -> Tensor:
    """The mean of what `network.encode` gives.

    Args:
        network: AutoencoderKL.
        pixels: (B, 3, H, W) in [-1, 1], sides multiples of 8.
        tile: Side of a tile in pixels.
        told: Called at every tile, with layers done and layers in all.

    Returns:
        (B, C, H/8, W/8) on the host.
    """
    import torch

    encoder = network.encoder
    progress = TilingProgress(told, len(pixels) * _passes(encoder, encoder.down_blocks))
    latents = []
    for item in torch.split(pixels, 1):
        layers = _Layers(item.device, tile, progress)
        x, scale = layers.conv(item.cpu(), encoder.conv_in, 1), 1
        for block in encoder.down_blocks:
            for resnet in block.resnets:
                x = layers.resnet(x, resnet, scale)
            for downsampler in block.downsamplers or ():
                x = layers.downsample(x, downsampler.conv, scale)
                scale *= 2
        x = _middle(layers, encoder.mid_block, x, scale)
        moments = layers.conv(x, encoder.conv_out, scale, norm=encoder.conv_norm_out)
        if network.quant_conv is not None:
            moments = network.quant_conv(moments.to(item.device)).cpu()
        latents.append(moments.chunk(2, dim=1)[0])
    return torch.cat(latents)


class _Layers:
    """Layers over maps (1, C, H, W) on the host, tile by tile on a device.

    Args:
        device: Where the network is.
        tile: Side of a tile in pixels of the picture.
        progress: Told of every tile and layer.
    """

    def __init__(self, device: Any, tile: int, progress: TilingProgress) -> None:
        self._device = device
        self._tile = tile
        self._progress = progress

    def conv(self, x: Tensor, conv: Any, scale: int, *, norm: Any = None) -> Tensor:
        """A 3x3 convolution, after norm and SiLU where a norm is given."""
        prepared = self._activation(x, norm)
        out = x.new_empty(1, conv.out_channels, *x.shape[-2:])
        for rows, columns in self._tiles(x, scale):
            out[..., rows, columns] = self._seen(x, rows, columns, lambda p: conv(prepared(p)))
        self._progress.layer()
        return out

    def resnet(self, x: Tensor, block: Any, scale: int) -> Tensor:
        """Two convolutions and the way around them; the result may take the place of `x`."""
        hidden = self.conv(x, block.conv1, scale, norm=block.norm1)
        prepared = self._activation(hidden, block.norm2)
        shortcut = block.conv_shortcut
        out = x if shortcut is None else hidden.new_empty(hidden.shape)
        for rows, columns in self._tiles(x, scale):
            more = self._seen(hidden, rows, columns, lambda p: block.conv2(prepared(p)))
            part = x[..., rows, columns].to(self._device)
            around = part if shortcut is None else shortcut(part)
            out[..., rows, columns] = (around.to(x.device) + more) / block.output_scale_factor
        self._progress.layer()
        return out

    def upsample(self, x: Tensor, conv: Any, scale: int) -> Tensor:
        """Twice as large (nearest), then a 3x3 convolution."""
        import torch.nn.functional as F

        height, width = x.shape[-2:]
        out = x.new_empty(1, conv.out_channels, 2 * height, 2 * width)
        for rows, columns in self._tiles(x, scale):
            double = (
                slice(2 * rows.start, 2 * rows.stop),
                slice(2 * columns.start, 2 * columns.stop),
            )
            out[..., double[0], double[1]] = self._seen(
                x, rows, columns, lambda p: conv(F.interpolate(p, scale_factor=2.0)), times=2
            )
        self._progress.layer()
        return out

    def downsample(self, x: Tensor, conv: Any, scale: int) -> Tensor:
        """A 3x3 convolution with stride 2, with a row and a column of zeros at the end."""
        import torch.nn.functional as F

        height, width = x.shape[-2] // 2, x.shape[-1] // 2
        out = x.new_empty(1, conv.out_channels, height, width)
        for rows, columns in self._tiles(out, 2 * scale):
            part = x[
                ..., 2 * rows.start : 2 * rows.stop + 1, 2 * columns.start : 2 * columns.stop + 1
            ]
            missing = (2 * (columns.stop - columns.start) + 1 - part.shape[-1],
                       2 * (rows.stop - rows.start) + 1 - part.shape[-2])  # fmt: skip
            padded = F.pad(part.to(self._device), (0, missing[0], 0, missing[1]))
            out[..., rows, columns] = conv(padded).to(out.device)
        self._progress.layer()
        return out

    def attention(self, x: Tensor, block: Any) -> Tensor:
        """Self-attention over all places, queries in portions."""
        import torch
        import torch.nn.functional as F

        flat = x.to(self._device).flatten(2)
        places = block.group_norm(flat).transpose(1, 2)
        key, value = block.to_k(places)[:, None], block.to_v(places)[:, None]
        found = []
        for portion in places.split(QUERIES, dim=1):
            self._progress.tile()
            seen = F.scaled_dot_product_attention(block.to_q(portion)[:, None], key, value)
            found.append(block.to_out[0](seen[:, 0]))
        more = torch.cat(found, dim=1).transpose(1, 2)
        out: Tensor = (flat + more) / block.rescale_output_factor
        self._progress.layer()
        return out.reshape(x.shape).to(x.device)

    def _tiles(self, x: Tensor, scale: int) -> Iterator[tuple[slice, slice]]:
        height, width = x.shape[-2:]
        side = max(1, self._tile // scale)
        for top in range(0, height, side):
            for left in range(0, width, side):
                self._progress.tile()
                yield slice(top, min(top + side, height)), slice(left, min(left + side, width))

    def _seen(
        self,
        x: Tensor,
        rows: slice,
        columns: slice,
        function: Callable[[Tensor], Tensor],
        times: int = 1,
    ) -> Tensor:
        """What a function with 3x3 convolutions gives for a tile, from one cell more around it."""
        top, left = max(rows.start - 1, 0), max(columns.start - 1, 0)
        part = x[..., top : rows.stop + 1, left : columns.stop + 1].to(self._device)
        found = function(part)
        down, right = times * (rows.start - top), times * (columns.start - left)
        tall, wide = times * (rows.stop - rows.start), times * (columns.stop - columns.start)
        return found[..., down : down + tall, right : right + wide].to(x.device)

    def _activation(self, x: Tensor, norm: Any) -> Callable[[Tensor], Tensor]:
        """Group norm with the statistics of the whole of x, and SiLU; nothing without a norm."""
        import torch
        import torch.nn.functional as F

        if norm is None:
            return lambda part: part
        size = x.shape[1] // norm.num_groups
        moments = [
            torch.var_mean(group.to(self._device).float(), correction=0)
            for group in torch.split(x, size, dim=1)
        ]
        variance, mean = (
            torch.stack(m).repeat_interleave(size) for m in zip(*moments, strict=True)
        )
        # A norm that is not called does not visit its device by itself.
        weight, bias = (each.to(self._device).float() for each in (norm.weight, norm.bias))
        factor = weight * torch.rsqrt(variance + norm.eps)
        shift = bias - mean * factor
        factor, shift = factor[:, None, None], shift[:, None, None]
        return lambda part: F.silu((part.float() * factor + shift).to(part.dtype))


def _middle(layers: _Layers, block: Any, x: Tensor, scale: int) -> Tensor:
    first, *others = block.resnets
    x = layers.resnet(x, first, scale)
    for attention, resnet in zip(block.attentions, others, strict=True):
        x = x if attention is None else layers.attention(x, attention)
        x = layers.resnet(x, resnet, scale)
    return x


def _passes(part: Any, blocks: Any) -> int:
    """Layers that are run over all tiles, for the report of progress."""
    resnets = sum(len(block.resnets) for block in blocks) + len(part.mid_block.resnets)
    sampling = len(blocks) - 1
    attentions = sum(a is not None for a in part.mid_block.attentions)
    return 2 + 2 * resnets + sampling + attentions
