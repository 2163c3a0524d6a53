"""Chinese models of SD1.x's UNet (Taiyi): BERT's text against transformers, and a whole folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import weft.diffusion as wd

from .. import families, models

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "\u7ea2", "\u5706", "\u8272"]
LENGTH = 12


def bert(kind: str) -> Any:
    import transformers

    torch.manual_seed(3)
    config = transformers.BertConfig(
        vocab_size=len(WORDS),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=1,
        intermediate_size=96,
        max_position_embeddings=32,
        num_labels=64,
    )
    return getattr(transformers, kind)(config).eval()


@pytest.mark.parametrize("kind", ["BertModel", "BertForTokenClassification"])
def test_chinese_folder_encodes_as_transformers_and_makes_a_picture(
    tmp_path: Path, kind: str
) -> None:
    encoder = bert(kind)
    made = families.Made(tmp_path, models.tiny_unet(), models.tiny_vae(), (encoder,))
    root = families.folder(tmp_path / "taiyi", made, ("text_encoder",))
    (root / "tokenizer" / "tokenizer.json").unlink()
    (root / "tokenizer" / "vocab.txt").write_text("\n".join(WORDS), "utf-8")
    stated = {"model_max_length": LENGTH}
    (root / "tokenizer" / "tokenizer_config.json").write_text(json.dumps(stated))
    model, clip, vae = wd.load_checkpoint(root)
    assert (model.family, clip.weights.extras["role"]) == ("sd1", "BERT")

    ids = torch.tensor([[2, 5, 7, 6, 3] + [0] * (LENGTH - 5)])
    with torch.no_grad():
        expected = encoder(input_ids=ids, attention_mask=torch.ones_like(ids))[0]
    text = wd.encode_text(clip, "\u7ea2\u8272\u5706")
    assert float((text.entries[0].tokens - expected).abs().max()) < 1e-5

    latent = wd.sample(
        model,
        text,
        wd.encode_text(clip, ""),
        wd.empty_latent(64, 64),
        seed=0,
        steps=2,
        cfg=3.0,
        sampler_name="euler",
        scheduler="normal",
    )
    assert wd.decode_latent(vae, latent).isfinite().all()
