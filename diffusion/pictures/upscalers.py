"""Upscaling networks: ESRGAN's, and the compact one of Real-ESRGAN.

Own modules, for the library of the field (spandrel) asks for torchvision.

Source: RRDBNet of Wang et al. 2018 (ESRGAN), with pixels folded for factors 1 and 2 as in Wang et
al. 2021 (Real-ESRGAN, BSD-3); SRVGGNetCompact of the latter.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SLOPE, RESIDUAL = 0.2, 0.2


class _Dense(nn.Module):
    """Five convolutions, each of which sees all before it; scaled and added to its input."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        for number in range(1, 6):
            outputs = features if number == 5 else growth
            inputs = features + (number - 1) * growth
            setattr(self, f"conv{number}", nn.Conv2d(inputs, outputs, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        seen = [x]
        for number in range(1, 5):
            found = getattr(self, f"conv{number}")(torch.cat(seen, 1))
            seen.append(F.leaky_relu(found, SLOPE))
        last: Tensor = self.get_submodule("conv5")(torch.cat(seen, 1))
        return x + RESIDUAL * last


class _Block(nn.Module):
    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.rdb1 = _Dense(features, growth)
        self.rdb2 = _Dense(features, growth)
        self.rdb3 = _Dense(features, growth)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.rdb3(self.rdb2(self.rdb1(x)))
        return x + RESIDUAL * found


class RRDB(nn.Module):
    """ESRGAN's network: (B, C, H, W) in [0, 1] -> (B, C, scale H, scale W), about [0, 1].

    Args:
        channels: Of pictures.
        features: Width of the trunk.
        growth: Channels that a dense convolution adds.
        blocks: Residual blocks.
        ups: Doublings of the size.
        fold: Side of the squares of pixels that become channels first; 1 = none.
        scale: 2 ** ups / fold.
    """

    def __init__(
        self, *, channels: int, features: int, growth: int, blocks: int, ups: int, fold: int,
        scale: int,
    ) -> None:  # fmt: skip
        super().__init__()
        self.fold, self.scale, self.ups = fold, scale, ups
        self.conv_first = nn.Conv2d(channels * fold**2, features, 3, padding=1)
        self.body = nn.Sequential(*(_Block(features, growth) for _ in range(blocks)))
        self.conv_body = nn.Conv2d(features, features, 3, padding=1)
        for number in range(1, ups + 1):
            setattr(self, f"conv_up{number}", nn.Conv2d(features, features, 3, padding=1))
        self.conv_hr = nn.Conv2d(features, features, 3, padding=1)
        self.conv_last = nn.Conv2d(features, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        if self.fold > 1:
            x = F.pad(x, (0, -width % self.fold, 0, -height % self.fold), mode="replicate")
            x = F.pixel_unshuffle(x, self.fold)
        first = self.conv_first(x)
        found = first + self.conv_body(self.body(first))
        for number in range(1, self.ups + 1):
            found = F.interpolate(found, scale_factor=2, mode="nearest")
            found = F.leaky_relu(getattr(self, f"conv_up{number}")(found), SLOPE)
        out: Tensor = self.conv_last(F.leaky_relu(self.conv_hr(found), SLOPE))
        return out[..., : height * self.scale, : width * self.scale]


class SRVGG(nn.Module):
    """The compact network: plain convolutions, whose result is added to the picture's pixels.

    Args:
        channels: Of pictures.
        features: Width.
        layers: Convolutions.
        scale: Factor of the size.
    """

    def __init__(self, *, channels: int, features: int, layers: int, scale: int) -> None:
        super().__init__()
        self.scale = scale
        steps: list[nn.Module] = []
        for number in range(layers):
            last = number == layers - 1
            inputs = channels if number == 0 else features
            outputs = channels * scale**2 if last else features
            steps.append(nn.Conv2d(inputs, outputs, 3, padding=1))
            if not last:
                steps.append(nn.PReLU(features))
        self.body = nn.Sequential(*steps)

    def forward(self, x: Tensor) -> Tensor:
        added = F.pixel_shuffle(self.body(x), self.scale)
        return added + F.interpolate(x, scale_factor=self.scale, mode="nearest")
