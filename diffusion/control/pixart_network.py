"""PixArt's ControlNet: copies of the transformer's first blocks, run in parallel to it.

Its first block begins with what the transformer's own first block gives, plus the picture; each
copy's outcome goes through a layer and is added before the next block of the transformer.

Source: Chen et al. 2024, "PixArt-delta", section 4 (ControlNet-Transformer); names of tensors as in
diffusers' research project.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ..importing import importing


class PixArtControlNetwork(nn.Module):
    """Arguments are those of `formats.control_shapes.pixart_control_config`."""

    def __init__(
        self,
        num_layers: int,
        num_attention_heads: int,
        attention_head_dim: int,
        cross_attention_dim: int,
    ) -> None:
        super().__init__()
        with importing():
            from diffusers.models.attention import BasicTransformerBlock

        width = num_attention_heads * attention_head_dim

        def block(first: bool) -> nn.ModuleDict:
            parts: dict[str, nn.Module] = {
                "transformer_block": BasicTransformerBlock(
                    width,
                    num_attention_heads,
                    attention_head_dim,
                    cross_attention_dim=cross_attention_dim,
                    activation_fn="gelu-approximate",
                    num_embeds_ada_norm=1000,
                    attention_bias=True,
                    norm_type="ada_norm_single",
                    norm_elementwise_affine=False,
                    norm_eps=1e-6,
                ),
                "after_proj": nn.Linear(width, width),
            }
            if first:
                parts["before_proj"] = nn.Linear(width, width)
            return nn.ModuleDict(parts)

        self.controlnet_blocks = nn.ModuleList(block(n == 0) for n in range(num_layers))

    def forward(self, hidden: Tensor, picture: Tensor, **told: Any) -> list[Tensor]:
        """The residuals for the transformer's second block, its third, and so on.

        Args:
            hidden: (B, T, C) after the transformer's first block.
            picture: (B, T, C), the control picture through the transformer's patch embedding.
            told: Text, mask and time as the transformer's blocks get them.
        """
        additions = []
        state = picture
        for number, block in enumerate(self.controlnet_blocks):
            assert isinstance(block, nn.ModuleDict)
            if number == 0:
                state = hidden + block["before_proj"](state)
            state = block["transformer_block"](state, **told)
            additions.append(block["after_proj"](state))
        return additions
