"""Names that must never lead anywhere, through every route, every query and every node input.

Which there are is read from the router, from the code and from the registry: a new route or node is
tried without anybody thinking of it.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from yarl import URL

from tests.server.outer import BAD_NAMES, Client, plant, serving, settings
from weft.engine.declaration.node import NodeSpec
from weft.engine.declaration.registry import Registry
from weft.engine.declaration.widgets import InputFile, ModelFile
from weft.engine.errors import RunError, ValidationError, WeftError
from weft.engine.workflows.workflow import Workflow
from weft.nodes.standard.engine import StandardEngine
from weft.nodes.standard.folders import standard_workspace
from weft.nodes.standard.registry import standard_registry
from weft.server.api.routing import ATTRIBUTE, Endpoint
from weft.server.catalog import Catalog

BODIES = {"POST": b"{}", "PUT": b"x", "PATCH": b"{}"}
REGISTRY = standard_registry([], packs=False)
MISSING = "nothing-of-this-name.png"


def state_of(folder: Path) -> dict[Path, bytes]:
    """Every file beside those that the server may write on behalf of clients."""
    served = [folder / name for name in ("input", "output", "data", "weft-home")]
    return {
        path: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not any(path.is_relative_to(s) for s in served)
    }


def routes_of(client: Client) -> Iterator[tuple[str, str, object]]:
    """Method, path and handler of every route that answers at once."""
    assert client.app is not None
    for route in client.app.router.routes():
        path = route.resource.canonical if route.resource is not None else "/"
        if route.method != "HEAD" and not path.startswith(("/v1/events", "/ws", "/api/ws")):
            yield route.method, path, route.handler


async def reaches_nothing(client: Client, method: str, url: str) -> None:
    place = URL(url, encoded=True)
    async with client.request(
        method, place, data=BODIES.get(method), allow_redirects=False
    ) as answer:
        text = await answer.read()
    assert b"SECRET" not in text, (method, url)
    assert b"root:" not in text, (method, url)
    assert b"[extensions]" not in text, (method, url)
    assert answer.status < 500 or answer.status == 503, (method, url, text[:200])


@pytest.mark.slow
async def test_bad_names_in_every_part_of_every_route_reach_nothing(tmp_path: Path) -> None:
    plant(tmp_path)
    async with serving(tmp_path) as client:
        before, tried = state_of(tmp_path), 0
        for method, path, _ in routes_of(client):
            for part in re.findall(r"\{\w+\}", path):
                shape = re.sub(r"\{\w+\}", "input", path.replace(part, "\0"))
                for name in BAD_NAMES:
                    for text in {quote(name, safe=""), quote(name)}:
                        await reaches_nothing(client, method, shape.replace("\0", text))
                        tried += 1
        assert tried > 4000
        assert (await client.get("/v1/health")).status == 200
        assert state_of(tmp_path) == before


def query_names(handler: object, endpoint: Endpoint | None) -> list[str]:
    """The names that a handler may read from a query: declared, or found in its module."""
    if endpoint is not None:
        return list(endpoint.query.model_fields) if endpoint.query is not None else []
    text = inspect.getsource(inspect.getmodule(handler))  # type: ignore[arg-type]
    found = re.findall(r"query(?:\.get\(|\[)\"(\w+)\"", text)
    return sorted({*found, *re.findall(r"_whole\(request, \"(\w+)\"", text)})


@pytest.mark.slow
async def test_bad_names_in_every_query_reach_nothing(tmp_path: Path) -> None:
    plant(tmp_path)
    async with serving(tmp_path) as client:
        before, tried = state_of(tmp_path), set()
        for method, path, handler in routes_of(client):
            if method != "GET" or path.startswith("/api/"):
                continue  # `/api/x` is the handler of `/x`
            shape = re.sub(r"\{\w+\}", "input", path)
            names = query_names(handler, getattr(handler, ATTRIBUTE, None))
            for name, bad in itertools.product(names, BAD_NAMES):
                text = quote(bad, safe="", errors="surrogatepass")
                more = "" if name == "type" else "&type=input"
                if name == "subfolder":
                    more += "&filename=secret.txt"
                await reaches_nothing(client, method, f"{shape}?{name}={text}{more}")
                tried.add((path, name))
        assert {("/view", "filename"), ("/view", "subfolder"), ("/userdata", "dir")} <= tried
        assert {("/view_metadata/{kind}", "filename"), ("/v2/userdata", "path")} <= tried
        assert state_of(tmp_path) == before


# -- nodes -----------------------------------------------------------------------------------------


def naming(kind: type[Any]) -> list[tuple[str, str]]:
    """Every input of every node that names a file of a kind: node type and parameter."""
    return [
        (spec.type_id, parameter.name)
        for spec in REGISTRY.values()
        for parameter in spec.parameters.values()
        if isinstance(parameter.file, kind)
    ]


def mentioning() -> list[tuple[str, str]]:
    return [
        (spec.type_id, parameter.name)
        for spec in REGISTRY.values()
        for parameter in spec.parameters.values()
        if parameter.mentions is not None
    ]


def found_in(catalog: Catalog, places: list[tuple[str, str]], text: str) -> list[Any]:
    """What validation says of these inputs with this value."""
    nodes: dict[str, Any] = {}
    for number, (kind, name) in enumerate(places):
        nodes[f"n{number}"] = {"type": kind, "inputs": {name: text}}
    ports = {(f"n{number}", name) for number, (_, name) in enumerate(places)}
    workflow = Workflow.from_json({"nodes": nodes}, catalog.registry)
    problems = catalog.problems(workflow, owner="local")
    return [p for p in problems if (p.node, p.port) in ports]


@pytest.mark.parametrize("kind", [InputFile, ModelFile])
def test_bad_names_in_every_node_input_are_told_as_missing(tmp_path: Path, kind: type[Any]) -> None:
    plant(tmp_path)
    for folder in (tmp_path / "models", tmp_path / "models" / "vae", tmp_path / "models" / "loras"):
        folder.mkdir()
        (folder.parent / "secret.txt").write_text("SECRET")
    catalog = Catalog(settings(tmp_path, models=(tmp_path / "models",)))
    places = naming(kind)
    assert len(places) >= (3 if kind is InputFile else 20)
    missing = found_in(catalog, places, MISSING)
    assert {p.code for p in missing} == {"files.not_found"}
    assert len(missing) == len(places)
    for name in BAD_NAMES:
        if name == ".hidden" and kind is InputFile:
            continue  # lies there, and holds nothing that a workflow may not read
        told = found_in(catalog, places, name)
        assert [(p.code, p.node, p.port) for p in told] == [
            (p.code, p.node, p.port) for p in missing
        ], name
        assert "SECRET" not in json.dumps([p.to_json() for p in told])


def test_bad_names_within_texts_are_told_as_missing(tmp_path: Path) -> None:
    plant(tmp_path)
    folder = tmp_path / "models" / "embeddings"
    folder.mkdir(parents=True)
    (folder.parent / "secret.safetensors").write_text("SECRET")
    catalog = Catalog(settings(tmp_path, models=(tmp_path / "models",)))
    places = mentioning()
    assert len(places) > 10
    for name in ("../secret", "sub/../../secret", "..\\secret", "/etc/passwd", "nothing"):
        told = found_in(catalog, places, f"a cat, embedding:{name}, asleep")
        assert {p.code for p in told} == {"files.not_found"}, name
        assert len(told) == len(places)


def writers() -> list[NodeSpec]:
    """Nodes that write and are given a text."""
    found = []
    for spec in REGISTRY.values():
        texts = {p.name for p in spec.parameters.values() if p.type.name == "STRING"}
        if "writes" in spec.effects and texts:
            assert texts == {"filename_prefix"}, f"{spec.type_id}: does it name a file? Try it."
            found.append(spec)
    return found


SOURCES: dict[str, dict[str, Any]] = {
    "IMAGE": {"type": "EmptyImage", "inputs": {"width": 8, "height": 8}},
    "LATENT": {"type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64}},
    "MODEL": {"type": "LoadCheckpoint", "inputs": {"ckpt_name": "thimble.safetensors"}},
}
CHECKPOINT = {"MODEL": "model", "CLIP": "clip", "VAE": "vae"}
CLIP = {"link": "model.clip"}
EQUAL = {"type": "CLIPMergeSubtract", "inputs": {"clip1": CLIP, "clip2": CLIP}}
OTHER = {"type": "CLIPMergeSubtract", "inputs": {"clip1": CLIP, "clip2": {"link": "equal.clip"}}}
ONE_OF_SOME: dict[str, tuple[str, str, dict[str, Any]]] = {
    "ExtractLoRA": ("text_encoder_diff", "other.clip", {"equal": EQUAL, "other": OTHER}),
}
"""What needs one of its optional inputs: which, its source, and the nodes that lead there."""


def writing(registry: Registry, spec: NodeSpec, name: str) -> Workflow:
    """A workflow in which a node that writes gets everything that it needs, and a name."""
    inputs: dict[str, Any] = {"filename_prefix": name}
    nodes: dict[str, Any] = {"write": {"type": spec.type_id, "inputs": inputs}}
    for parameter in spec.parameters.values():
        if not parameter.is_socket or not parameter.required:
            continue
        kind = parameter.type.name
        source = "MODEL" if kind in CHECKPOINT else kind
        nodes[source.lower()] = SOURCES[source]
        made = registry[SOURCES[source]["type"]]
        output = next(o.name for o in made.outputs if o.type.name == kind)
        inputs[parameter.name] = {"link": f"{source.lower()}.{output}"}
    if spec.type_id in ONE_OF_SOME:
        port, source, more = ONE_OF_SOME[spec.type_id]
        nodes |= {"model": SOURCES["MODEL"], **more}
        inputs[port] = {"link": source}
    return Workflow.from_json({"nodes": nodes}, registry)


@pytest.mark.slow
@pytest.mark.parametrize("spec", writers(), ids=lambda spec: spec.type_id)
async def test_bad_prefixes_of_every_node_that_writes_stay_below_the_output_folder(
    tmp_path: Path, spec: NodeSpec
) -> None:
    plant(tmp_path)
    output = tmp_path / "output"
    before = state_of(tmp_path)
    with StandardEngine(
        registry=REGISTRY, workspace=standard_workspace(models=[], inputs=[], output=output)
    ) as engine:
        refused = 0
        for name in BAD_NAMES:
            if name in ("link.txt", ".hidden"):
                continue  # a number follows, so that it is another file's name
            try:
                await engine.arun(writing(REGISTRY, spec, name))
            except (RunError, ValidationError) as error:
                assert {p.code for p in error.problems} == {"files.bad_name"}, (name, error)
                refused += 1
            except WeftError as error:
                raise AssertionError(f"{name!r}: {error}") from error
            assert state_of(tmp_path) == before, name
        assert refused > 25


async def test_prefix_through_a_link_makes_no_folder_outside(tmp_path: Path) -> None:
    plant(tmp_path)
    workspace = standard_workspace(models=[], inputs=[], output=tmp_path / "output")
    with pytest.raises(WeftError) as caught:
        await asyncio.to_thread(workspace.write, "linked/new/x", ".txt", lambda f: f.write(b"x"))
    assert caught.value.code == "files.bad_name"
    assert not (tmp_path / "new").exists()
