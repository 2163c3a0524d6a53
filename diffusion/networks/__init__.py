"""Kinds of model files: how each is recognised, named, configured and built. No torch at import.

One file a kind; `KINDS` lists them, and everything that knows kinds reads it: recognition
(`identify`), loading (`configuring`, `building`), number types (`Network.precision`), messages, and
the folders of a workspace, which the engine is handed (`nodes.standard.folders`). To add a kind,
write its file, add its row here, and give it a header in `tests/model_headers.py`.
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
    instantid,
    ip_adapter,
    ip_adapter_faceid,
    ip_adapter_faceid_plus,
    ip_adapter_full_face,
    ip_adapter_instantx,
    ip_adapter_other,
    ip_adapter_plus,
    ip_adapter_portrait,
    lllite,
    lora,
    motion,
    offset_weights,
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
    offset_weights.ICLIGHT,
    offset_weights.OTHER,
    vae.KIND,
    vae.PREVIEW_DECODER,
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
    ip_adapter_plus.KIND,
    ip_adapter_full_face.KIND,
    ip_adapter_portrait.KIND,
    ip_adapter_faceid.KIND,
    ip_adapter_faceid_plus.KIND,
    ip_adapter_instantx.KIND,
    ip_adapter_other.KIND,
    instantid.KIND,
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


def _folders() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {"diffusers": ("diffusers",)}  # whole models as folders
    for kind in _ALL:
        if kind.folder is not None:
            found[kind.folder] = (*found.get(kind.folder, (kind.folder,)), *kind.more_folders)
    return dict(sorted(found.items()))


FOLDERS: Mapping[str, tuple[str, ...]] = _folders()
"""Folders of models by the name that nodes ask for -> their names on disk, which are ComfyUI's."""
