"""Kinds of model files: how each is recognised, named, configured and built. No torch at import.

One file a kind; `KINDS` lists them, and everything that knows kinds reads it: recognition
(`identify`), loading (`configuring`, `building`), number types (`Network.precision`) and messages.
The workspace's folders are compared with it by a test, since the engine may not know networks. To
add a kind, write its file, add its row here, and give it a header in
`tests/cases/test_models_told_apart.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import (
    anytext,
    coadapter,
    controlnet,
    controlnet_xs,
    controlnext,
    ctrlora,
    gligen,
    image_encoder,
    ip_adapter,
    lllite,
    lora,
    motion,
    others,
    photomaker,
    pulid,
    sparse_ctrl,
    t2i_style,
    text_encoder,
    unet,
    upscaler,
    vae,
    xlabs_ip_adapter,
)
from .kind import Network, NetworkKind

_ALL = (
    unet.CHECKPOINT,
    unet.KIND,
    *unet.OFFSETS,
    vae.KIND,
    text_encoder.KIND,
    text_encoder.EMBEDDING,
    image_encoder.KIND,
    image_encoder.STYLE_MODEL,
    controlnet.KIND,
    controlnet.T2I_ADAPTER,
    controlnet_xs.KIND,
    sparse_ctrl.KIND,
    controlnext.KIND,
    lllite.KIND,
    anytext.KIND,
    ctrlora.KIND,
    t2i_style.KIND,
    coadapter.KIND,
    *motion.KINDS,
    ip_adapter.KIND,
    *ip_adapter.OTHERS,
    xlabs_ip_adapter.KIND,
    pulid.KIND,
    photomaker.KIND,
    lora.KIND,
    lora.NUMBERED,
    gligen.KIND,
    upscaler.KIND,
    others.HYPERNETWORK,
    others.AMBIGUOUS,
    others.UNKNOWN,
)
KINDS: Mapping[str, NetworkKind] = {kind.name: kind for kind in _ALL}
"""Every kind of model file, by name."""
NETWORKS: Mapping[str, Network] = {
    network.name: network for kind in _ALL for network in kind.networks
}
"""Every network that weft builds, by name."""
