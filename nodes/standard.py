"""The engine as most people use it: weft's own nodes, installed packs, the usual folders."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import importlib.util
import logging
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from ..engine.declaration.named_files import find_file
from ..engine.declaration.registry import Registry
from ..engine.engine import Engine
from ..engine.errors import FileError, WeftError
from ..engine.files.digest import FileDigests
from ..engine.files.model_paths import read_extra_model_paths
from ..engine.files.workspace import Workspace
from ..engine.graph.document import Document
from ..engine.share.lock import Runtime, make_lock, named_files
from ..engine.store.cache import MemoryCache
from ..engine.store.disk_cache import DiskCache
from ..engine.store.history import History
from ..engine.store.storage import Formats
from ..engine.store.values import Values
from .families_agree import check_families
from .formats import FORMATS
from .packs import load_packs
from .shared_file import described
from .threads import wait_passively
from .values import CODECS

log = logging.getLogger(__name__)

MODULES = (
    "basics.plain",
    "basics.flow",
    "basics.texts",
    "basics.regex",
    "basics.show",
    "models.loaders",
    "models.load_text_encoders",
    "models.load_parts",
    "text.conditioning",
    "text.area",
    "text.sets",
    "text.pairs",
    "text.control_prompt",
    "text.sdxl",
    "text.sd3",
    "text.flux",
    "text.pixart",
    "text.text_encoder",
    "text.inpaint",
    "text.reference",
    "latents.latent",
    "latents.vae",
    "latents.transform",
    "latents.composite",
    "latents.batches",
    "latents.arithmetic",
    "sampling.ksampler",
    "sampling.custom",
    "sampling.noise",
    "sampling.guiders",
    "sampling.samplers",
    "sampling.samplers_dpm",
    "sampling.samplers_sde",
    "sampling.sigmas",
    "sampling.schedules",
    "sampling.sigma_curves",
    "sampling.guidance",
    "sampling.thresholding",
    "sampling.guidance_rescale",
    "sampling.guidance_direction",
    "models.network_rules",
    "models.skip_layers",
    "models.free_u",
    "models.cheaper",
    "models.attention_scale",
    "models.model_sampling",
    "adapters.control",
    "adapters.unclip",
    "adapters.style",
    "pictures.upscale",
    "adapters.gligen",
    "adapters.ip_adapter",
    "adapters.lora",
    "adapters.hypernetwork",
    "adapters.hooks",
    "models.merge",
    "models.save",
    "models.merge_blocks",
    "models.compiling",
    "models.reuse",
    "pictures.image",
    "pictures.scale",
    "pictures.animation",
    "pictures.edit",
    "pictures.transform",
    "pictures.morphology",
    "pictures.luma",
    "pictures.batches",
    "pictures.composite",
    "pictures.mask",
    "pictures.mask_files",
)
# Its table of a language has what all nodes are called by: engine/declaration/translation.py.
COMMON = "weft.nodes"
_WEIGHTS = f"{__name__.partition('.')[0]}.diffusion.weights.residency"
THIMBLE = Path(__file__).parent.parent / "diffusion" / "thimble"


def standard_registry(
    extra: Iterable[Callable[..., Any] | ModuleType | Registry] = (),
    *,
    packs: bool = True,
    modules: Iterable[str] = (),
) -> Registry:
    """weft's own nodes, `extra` ones, and those of packs.

    A pack that cannot be loaded is skipped, and a node that two packs claim is left out; both stand
    in the registry's `faults`.

    Args:
        extra: Node functions, modules or registries to add.
        packs: Whether to load what installed packages offer under the entry point `weft.nodes`.
        modules: Names of more modules, which are loaded as packs are.

    Raises:
        DeclarationError: One of `extra` claims a name that is taken; or there is no module of a
            name in `modules`.
    """
    registry = Registry(importlib.import_module(f".{m}", __package__) for m in MODULES)
    registry.checks.append(check_families)
    for source in extra:
        registry.add(source)
    load_packs(registry, installed=packs, modules=modules)
    return registry


def home() -> Path:
    """weft's folder for state and models: `WEFT_HOME`, else `.weft` in the user's home."""
    named = os.environ.get("WEFT_HOME")
    return Path(named) if named else Path.home() / ".weft"


def standard_workspace(
    *,
    models: Sequence[str | Path] = (),
    inputs: Sequence[str | Path] = (),
    output: str | Path = "out",
    extra_model_paths: Sequence[str | Path] = (),
    reads_output: bool = False,
) -> Workspace:
    """The usual folders.

    Models are looked for in `models`, then in `WEFT_MODELS` (several, separated as in PATH), then
    in `models` below `WEFT_HOME`, and last in the package itself, which has thimble. Input files:
    in `inputs`, then `input` below `WEFT_HOME`, then among scikit-image's sample photos.

    Args:
        models: Folders with a folder for each kind of model.
        inputs: Input folders.
        output: Output folder.
        extra_model_paths: Files in the format of ComfyUI's `extra_model_paths.yaml`. One lying
            in a models folder, or beside it, is read without being named.
        reads_output: Whether an input named `picture.png [output]` is that finished file.

    Raises:
        FileError: A named file is missing or has another format.
    """
    roots = [Path(m) for m in models]
    roots += [Path(m) for m in os.environ.get("WEFT_MODELS", "").split(os.pathsep) if m]
    roots.append(home() / "models")
    lists = [Path(p) for p in extra_model_paths]
    for root in roots:
        for folder in (root, root.parent):
            found = folder / "extra_model_paths.yaml"
            if found.is_file() and found not in lists:
                lists.append(found)
    folders: dict[str, list[Path]] = {}
    for file in lists:
        for kind, paths in read_extra_model_paths(file).items():
            folders.setdefault(kind, []).extend(paths)
    samples = importlib.util.find_spec("skimage")
    photos = (
        [Path(p) / "data" for p in (samples.submodule_search_locations or [])] if samples else []
    )
    return Workspace(
        models=[*roots, THIMBLE],
        model_folders=folders,
        inputs=[*(Path(i) for i in inputs), home() / "input", *photos],
        output=Path(output),
        reads_output=reads_output,
        digests=FileDigests(home() / "digests.json"),
    )


def standard_disk_cache(values: Values) -> DiskCache | None:
    """The disk tier that the environment names.

    `WEFT_CACHE` is a folder or fsspec URL, or `off`; by default `cache` below `WEFT_HOME`.
    `WEFT_CACHE_GB` bounds it, 20 by default.

    Raises:
        FileError: `WEFT_CACHE_GB` is no number above 0.
    """
    place = os.environ.get("WEFT_CACHE", str(home() / "cache"))
    if place == "off":
        return None
    text = os.environ.get("WEFT_CACHE_GB", "20")
    try:
        budget = int(float(text) * 2**30)
    except (ValueError, OverflowError):
        budget = 0
    if budget <= 0:
        raise FileError(
            f"WEFT_CACHE_GB is {text!r}.",
            code="files.bad_config",
            expected="a number of GiB above 0",
            got=text,
            hint="Set WEFT_CACHE=off to store nothing.",
        )
    return DiskCache(place, values=values, formats=Formats(FORMATS), budget=budget)


def standard_holdings() -> list[tuple[str, int]]:
    """Which models are in memory, and their bytes."""
    from ..diffusion.weights.residency import memory_report

    return [(f"{h.name} ({h.kind})", h.nbytes) for h in memory_report().holdings]


def standard_memory() -> dict[str, Any]:
    """Who holds what in memory: `holdings`, `devices`, and both as `lines` for people."""
    if "torch" not in sys.modules:
        return {"holdings": [], "devices": [], "lines": ["no model is in memory"]}
    from ..diffusion.weights.residency import memory_report

    report = memory_report()
    return {**report.to_json(), "lines": report.lines()}


def standard_numerics() -> str:
    """What besides a workflow decides the numbers: device, precisions, and what was chosen of
    attention, storage in fp8 and compilation."""
    from ..diffusion.device import attention_choice, compute_device, compute_dtype, storage_dtype
    from ..diffusion.weights.budget import compile_mode

    device = compute_device()
    kinds = ("unet", "controlnet", "ip_adapter", "vae", "text_encoder", "clip_vision")
    words = [device.type, *(str(compute_dtype(kind, device)) for kind in kinds)]
    # Kernels differ in their last digits. "auto" says nothing, so that older keys stay valid.
    chosen = {
        "attention": attention_choice(),
        "unet": storage_dtype("unet"),
        "text": storage_dtype("text_encoder"),
        "compile": compile_mode(),
    }
    words += [f"{name}={value}" for name, value in chosen.items() if value not in (None, "auto")]
    return " ".join(words)


def standard_devices() -> list[dict[str, Any]]:
    """The device that this process computes on, as `name`, `type`, `index`, `total` and `free`
    bytes, and `reserved` and `idle` bytes of what torch has taken of it.

    Torch is not loaded where there can be no accelerator.
    """
    from ..diffusion.weights.budget import all_ram, free_bytes, free_ram, total_bytes

    cards = next(Path("/dev").glob("nvidia[0-9]*"), None) is not None or sys.platform == "darwin"
    if "torch" not in sys.modules and (os.environ.get("WEFT_DEVICE") == "cpu" or not cards):
        total, free = all_ram(), free_ram()
        cpu = {"name": "cpu", "type": "cpu", "index": None, "total": total, "free": free}
        return [{**cpu, "reserved": total, "idle": free}]
    import torch

    from ..diffusion.device import compute_device

    device = compute_device()
    total, free = total_bytes(device), free_bytes(device)
    found = {"name": str(device), "type": device.type, "index": device.index}
    reserved, idle = total, free
    if device.type == "cuda":
        found["name"] = f"{device} {torch.cuda.get_device_name(device)}"
        reserved = torch.cuda.memory_reserved(device)
        idle = reserved - torch.cuda.memory_allocated(device)
    return [{**found, "total": total, "free": free, "reserved": reserved, "idle": idle}]


def standard_release() -> int:
    """Let all networks go that nobody uses; the bytes set free."""
    if "torch" not in sys.modules:
        return 0
    from ..diffusion.weights.residency import RESIDENCY

    return RESIDENCY.release()


def standard_watch() -> Callable[[], None]:
    """Begin to watch what a call of a node uses beside its values.

    What is given is to be called after it. It raises if somebody wrote into a model's file whose
    tensors the call used where they lie.
    """
    manager = _residency()
    since = manager.now if manager is not None else 0

    def check() -> None:
        manager = _residency()
        if manager is not None:
            manager.check_files(since)

    return check


def _residency() -> Any:
    """The manager of weights; None if its module is not there, or another lane imports it now."""
    return getattr(sys.modules.get(_WEIGHTS), "RESIDENCY", None)


def own_places() -> list[Path]:
    """What weft itself writes while a workflow runs: caches, notes of what ran, digests of files.

    Models, inputs and the state of servers, which lie in the same home, are not among them. The
    folders among them exist then: what is held to these places cannot make them.
    """
    here = home()
    folders = [here / "cache", here / "journals"]
    cache = os.environ.get("WEFT_CACHE", "off")
    if cache != "off" and "://" not in cache:
        folders.append(Path(cache))
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    return [*folders, *(here / n for n in ("history.sqlite", "digests.json", "sha256.json"))]


def standard_runtime() -> Runtime:
    """What decides the numbers here, for locks of shared workflows."""
    packages = {}
    for name in ("torch", "diffusers", "transformers"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            packages[name] = importlib.metadata.version(name)
    return Runtime(
        weft=importlib.metadata.version("weft"), numerics=standard_numerics(), packages=packages
    )


class StandardEngine(Engine):
    """An engine with weft's nodes, installed packs and the usual folders.

    Args:
        nodes: More node functions, modules or registries.
        models: Folders with a folder for each kind of model, before the usual ones.
        inputs: Input folders, before the usual ones.
        output: Output folder.
        cache_bytes: How much may be remembered in memory.
        disk_cache: Whether results are kept on disk too; where, the environment says.
        packs: Whether to load installed node packs.
        registry: Replaces the node types altogether.
        workspace: Replaces the folders altogether.
        metadata: Whether saved files hold their workflow, lock and seeds.
        debug_purity: Whether the inputs of every call are hashed in full before and after it, to
            find a node that changes one; None leaves it to `WEFT_DEBUG=purity`. Nodes of packs
            and files are watched by samples in any case.
    """

    def __init__(
        self,
        *,
        nodes: Iterable[Callable[..., Any] | ModuleType | Registry] = (),
        models: Sequence[str | Path] = (),
        inputs: Sequence[str | Path] = (),
        output: str | Path = "out",
        cache_bytes: int = 4 * 2**30,
        disk_cache: bool = True,
        packs: bool = True,
        registry: Registry | None = None,
        workspace: Workspace | None = None,
        metadata: bool = True,
        debug_purity: bool | None = None,
    ) -> None:
        wait_passively()
        values = Values(CODECS)
        if registry is None:
            registry = standard_registry(nodes, packs=packs)
            for fault in registry.faults:
                log.warning("%s %s", fault.text, fault.hint)
        super().__init__(
            registry,
            workspace=workspace
            if workspace is not None
            else standard_workspace(models=models, inputs=inputs, output=output, reads_output=True),
            values=values,
            cache=MemoryCache(cache_bytes),
            disk=standard_disk_cache(values) if disk_cache else None,
            history=History(home() / "history.sqlite"),
            journals=home() / "journals",
            holdings=standard_holdings,
            numerics=standard_numerics,
            release=standard_release,
            metadata=metadata,
            lock=self._locked,
            ahead=self._hash_ahead,
            debug_purity=debug_purity,
            watch=standard_watch,
        )
        self._sha256 = FileDigests(home() / "sha256.json", "sha256").digest

    def _hash_ahead(self, document: Document, workspace: Workspace) -> None:
        """Find the hashes that `_locked` will ask for: 4 GB take seconds, once."""
        with contextlib.suppress(WeftError, OSError):  # the lock will say what is wrong
            for file in named_files(document, self.registry):
                if file.name is not None:
                    self._sha256(find_file(workspace, file.kind, file.name))

    def _locked(self, document: Document, workspace: Workspace) -> dict[str, Any] | None:
        try:
            lock = make_lock(
                document,
                self.registry,
                workspace,
                standard_runtime(),
                sha256=self._sha256,
                describe=described,
            )
        except (WeftError, OSError) as error:  # a picture is worth more than its lock
            log.warning("a picture gets no lock: %s", error)
            return None
        return lock.model_dump(exclude_none=True)
