"""What a stranger's file may cost: memory, time, and everybody else's turn."""

from __future__ import annotations

import asyncio
import io
import json
import random
import struct
import threading
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.cases.places import case
from tests.server.fake import FakeWorkers
from tests.server.outer import png
from tests.server.outer import serving as outside
from tests.server.running import serving
from weft.diffusion.errors import DiffusionError
from weft.diffusion.pictures import floods
from weft.diffusion.pictures.file import read_image
from weft.diffusion.pictures.texts import MAX_TEXT, read_texts
from weft.diffusion.text import prompt_schedule
from weft.diffusion.text.prompt_schedule import read_schedule
from weft.engine.declaration.registry import Registry
from weft.engine.engine import Engine
from weft.engine.errors import NodeError, RunError, WeftError
from weft.engine.files.remembered import Remembered
from weft.engine.files.workspace import Workspace
from weft.engine.graph import document as documents
from weft.engine.graph.document import DocumentError, count_values, read_json
from weft.engine.running.results import MAX_TEXT as MOST_CHARACTERS
from weft.engine.share import packed
from weft.engine.validate import validate
from weft.engine.workflows.workflow import Workflow
from weft.nodes.basics import patterns, regex
from weft.nodes.standard.folders import standard_workspace
from weft.nodes.standard.registry import standard_registry
from weft.server.files.decoding import Decoder, Pixels
from weft.server.settings import Limits

PNG_HEAD = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def registry() -> Registry:
    return standard_registry([], packs=False)


def code_of(work: Any, *given: Any, **more: Any) -> str:
    """The code with which something is refused."""
    with pytest.raises((WeftError, DiffusionError)) as caught:
        work(*given, **more)
    return str(caught.value.code)


# -- bundles ---------------------------------------------------------------------------------------


def zipped(**files: bytes) -> bytes:
    """A zip, as `make_hostile_files.py` makes them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def burst(packed_size: int, unpacked_size: int) -> bytes:
    """A zip whose directory says how much it unpacks to, as ratio.zip does, and holds nothing."""
    filler = random.Random(1).randbytes(packed_size)
    members = {"weft-bundle.json": b'{"format": 1}', "inputs/f.bin": filler, "inputs/z.bin": b""}
    data = bytearray(zipped(**members))
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", unpacked_size)
    return bytes(data)


async def test_bundle_that_would_burst_is_refused_by_its_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ratios = (burst(0, 1500 * 2**20), burst(900_000, packed.MAX_UNPACKED + 1))
    opened: list[str] = []
    inside = zipfile.ZipFile.open
    monkeypatch.setattr(
        zipfile.ZipFile, "open", lambda self, m, *a: opened.append(str(m)) or inside(self, m, *a)
    )
    async with outside(tmp_path) as client:
        for ratio in ratios:
            answer = await client.post("/v1/share/check/file", data=ratio)
            told = await answer.json()
            assert (answer.status, told["error"]["code"]) == (422, "share.too_large")
    assert opened == []


def test_hostile_maker_lists_what_is_refused_here() -> None:
    """Its bundles are made anew above and in tests/engine/share/test_bundle.py, without 4 GB."""
    made = case("server/make_hostile_files.py").read_text("utf-8")
    assert all(f"'{name}'" in made for name in ("ratio.zip", "overlap.zip", "lie.zip", "many.zip"))
    assert all(name in made for name in ("itxt_many.png", "chunks.png", "frames.gif", "loop.tiff"))


def test_inputs_of_a_bundle_are_unpacked_one_at_a_time_when_asked_for() -> None:
    content = {f"inputs/{n}": bytes([n]) * 1000 for n in range(5)}
    data = zipped(**content)
    read: Counter[str] = Counter()
    source = packed.Source(lambda: io.BytesIO(data), 0, len(data), "x")
    files = packed.PackedBundle(source, lambda name: packed.is_input(name, "inputs/"))
    whole = files.read
    files.read = lambda name: read.update([name]) or whole(name)  # type: ignore[method-assign]
    inputs = packed.PackedInputs(files, "inputs/", [str(n) for n in range(5)])
    assert list(inputs) == ["0", "1", "2", "3", "4"]
    assert "3" in inputs
    assert read == {}
    assert inputs["3"] == b"\3" * 1000
    assert read == {"inputs/3": 1}


@given(st.binary(max_size=200), st.binary(max_size=50), st.binary(max_size=50))
def test_zip_within_other_bytes_reads_as_the_zip_itself(
    content: bytes, before: bytes, behind: bytes
) -> None:
    data = zipped(a=content, b=b"")
    whole = before + data + behind
    source = packed.Source(lambda: io.BytesIO(whole), len(before), len(data), "x")
    files = packed.PackedBundle(source, lambda _: True)
    assert {name: files.read(name) for name in files.names} == {"a": content, "b": b""}


# -- pictures --------------------------------------------------------------------------------------


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def flooded(*chunks: bytes) -> bytes:
    """A picture with more chunks behind its head."""
    whole = png(4, 4)
    return whole[:33] + b"".join(chunks) + whole[33:]


def gif(frames: int) -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return head + frame * frames + b";"


FLOODS = {
    "chunks.png": flooded(*[chunk(b"abCd", b"")] * (floods.MAX_CHUNKS + 1)),
    "texts.png": flooded(*[chunk(b"tEXt", b"k\0v")] * (floods.MAX_CHUNKS + 1)),
    "pixels.png": flooded(*[chunk(b"IDAT", b"")] * (floods.MAX_PIXEL_CHUNKS + 1)),
    "frames.gif": gif(floods.MAX_FRAMES + 1),
}


@pytest.mark.parametrize("name", FLOODS)
async def test_picture_of_countless_parts_is_refused_before_a_decoder_sees_it(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> Any:
        raise AssertionError("a decoder saw it")

    path = tmp_path / name
    path.write_bytes(FLOODS[name])
    async with outside(tmp_path, limits=Limits()) as client:
        monkeypatch.setattr(Image, "open", never)
        for kind in ("input", "output"):
            sent = await client.put(f"/v1/files/{kind}/{name}", data=io.BytesIO(FLOODS[name]))
            told = await sent.json()
            assert (sent.status, told["error"]["code"]) == (413, "files.too_many_parts")
        (tmp_path / "input" / name).write_bytes(FLOODS[name])  # by the machine's owner
        for path_of in (f"/v1/files/input/{name}?thumbnail=64",
                        f"/view?type=input&filename={name}&preview=webp"):  # fmt: skip
            assert (await client.get(path_of)).status == 413
        if name.endswith("png"):
            answer = await client.post("/v1/share/check/file", data=io.BytesIO(FLOODS[name]))
            assert 400 <= answer.status < 500
        assert code_of(read_image, path) == "image.too_many_parts"
        if name.endswith("png"):
            assert code_of(read_texts, path) == "image.too_many_parts"


@pytest.mark.parametrize(
    "body", [png(4, 4), gif(3), gif(floods.MAX_FRAMES), b"", b"GIF89a", PNG_HEAD, b"\xff\xd8\xff"]
)
def test_usual_and_torn_pictures_are_no_flood(body: bytes) -> None:
    file = io.BytesIO(body)
    assert floods.flood(file) is None
    assert file.tell() == 0


@given(st.integers(1, 8), st.integers(1, 5))
def test_frames_are_counted_as_pillow_counts_them(side: int, frames: int) -> None:
    pictures = [Image.new("P", (side, side), n) for n in range(frames)]
    for number, picture in enumerate(pictures):
        picture.putpalette([number * 40] * 768)
    body = io.BytesIO()
    pictures[0].save(body, "GIF", save_all=True, append_images=pictures[1:])
    body.seek(0)
    counted = Image.open(body).n_frames
    body.seek(0)
    most, floods.MAX_FRAMES = floods.MAX_FRAMES, counted
    try:
        assert floods.flood(body) is None
        floods.MAX_FRAMES = counted - 1
        assert floods.flood(body) is not None
    finally:
        floods.MAX_FRAMES = most


def test_texts_of_a_picture_unpack_to_no_more_than_their_bound_together(tmp_path: Path) -> None:
    def text(kind: bytes, name: bytes, size: int) -> bytes:
        rest = b"\0" if kind == b"zTXt" else b"\1\0\0\0"
        return chunk(kind, name + b"\0" + rest + zlib.compress(b" " * size, 9))

    path = tmp_path / "x.png"
    for kind in (b"zTXt", b"iTXt"):
        # Exactly full, then one more: a bound of 0 would be none for zlib.
        path.write_bytes(flooded(text(kind, b"a", MAX_TEXT), text(kind, b"b", 10 * MAX_TEXT)))
        assert code_of(read_texts, path) in ("image.damaged", "image.not_an_image")
        path.write_bytes(flooded(*[text(kind, b"%d" % n, MAX_TEXT // 2) for n in range(40)]))
        assert code_of(read_texts, path) in ("image.damaged", "image.not_an_image")


async def test_decodes_at_the_same_time_have_no_more_pixels_than_one_may(tmp_path: Path) -> None:
    names = []
    for number, side in enumerate((100, 10, 60, 60, 100, 10, 10, 80)):
        names.append(tmp_path / f"{number}.png")
        names[-1].write_bytes(png(side, side))
    decoder = Decoder(100 * 100)
    going, most, lock = 0, 0, threading.Lock()
    several = threading.Event()

    def work(path: Path) -> str:
        nonlocal going, most
        with Image.open(path) as picture:
            size = picture.width * picture.height
        with lock:
            going += size
            most = max(most, going)
            if going > size:
                several.set()
        with lock:
            going -= size
        return path.name

    done = await asyncio.gather(*(decoder.run(lambda n=n: work(n), n) for n in names))
    assert sorted(done) == sorted(n.name for n in names)
    assert 0 < most <= 100 * 100
    assert decoder._pixels.out == 0


async def test_pixels_are_given_in_turn_and_come_back_from_who_goes_away() -> None:
    pixels = Pixels(10)
    order: list[str] = []
    first_may_end = asyncio.Event()

    async def hold(name: str, count: int, until: asyncio.Event | None = None) -> None:
        async with pixels.of(count):
            order.append(name)
            if until is not None:
                await until.wait()

    first = asyncio.create_task(hold("first", 6, first_may_end))
    large = asyncio.create_task(hold("large", 99))  # gets all there are
    gone = asyncio.create_task(hold("gone", 1))
    small = asyncio.create_task(hold("small", 1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert order == ["first"]  # nobody small overtakes the large one for ever
    gone.cancel()
    first_may_end.set()
    await asyncio.gather(first, large, small)
    assert order == ["first", "large", "small"]
    assert pixels.out == 0


# -- texts and patterns ----------------------------------------------------------------------------


async def test_texts_that_double_are_refused_long_before_memory_ends(
    tmp_path: Path, registry: Registry
) -> None:
    engine = Engine(registry, workspace=Workspace(output=tmp_path))
    workflow = Workflow.load(case("server/join_doubling_20.json"), registry)
    given = {n: node.type for n, node in workflow.document.nodes.items()}
    assert list(given.values()).count("JoinText") >= 20
    with engine, pytest.raises(RunError) as caught:
        await engine.arun(workflow, outputs=[f"{list(given)[-1]}.value"])
    (problem,) = caught.value.problems
    assert problem.code == "text.too_long"
    assert int(problem.got or "0") <= 2 * MOST_CHARACTERS


LONG = "a" * (MOST_CHARACTERS // 2 + 1)
GROWING: dict[str, dict[str, Any]] = {
    "JoinText": {"a": LONG, "b": LONG},
    "ReplaceText": {"text": LONG, "find": "", "replace": LONG},
    "ReplacePattern": {"text": LONG, "pattern": "a*", "replace": r"\g<0>" * 1000},
    "ChangeCase": {"text": "ß" * len(LONG), "mode": "UPPERCASE"},
    "ExtractPattern": {"text": LONG, "pattern": "", "mode": "All Matches"},
}


@pytest.mark.parametrize("name", GROWING)
async def test_every_node_that_makes_texts_longer_is_bounded(
    tmp_path: Path, registry: Registry, name: str
) -> None:
    nodes = {"n": {"type": name, "inputs": GROWING[name]}}
    found = registry.find(name)
    assert found is not None
    workflow = Workflow.from_json({"nodes": nodes}, registry)
    with (
        Engine(registry, workspace=Workspace(output=tmp_path)) as engine,
        pytest.raises(RunError) as caught,
    ):
        await engine.arun(workflow, outputs=[f"n.{found.outputs[0].name}"])
    assert caught.value.problems[0].code in ("text.too_long", "text.slow_pattern")


def test_nodes_that_give_texts_are_known_here(registry: Registry) -> None:
    """A new one must be thought about: does it make its texts longer?"""
    given = {
        spec.type_id
        for spec in registry.values()
        for output in spec.outputs
        if str(output.type) in ("STRING", "LIST[STRING]")
    }
    shorter_or_equal = {"Text", "TextPart", "TrimText", "ShowValue"}
    assert given - set(GROWING) <= shorter_or_equal, given


def test_pattern_of_brackets_is_told_as_a_bad_pattern() -> None:
    document = json.loads(case("server/pattern_parens.json").read_text("utf-8"))
    pattern = document["workflow"]["nodes"]["m"]["inputs"]["pattern"]
    assert code_of(regex.match_pattern, text="a", pattern=pattern) == "text.bad_pattern"


@pytest.mark.parametrize(
    "pattern",
    [
        "(" * 400 + "a" + ")" * 400, "(?:" * 400 + "a" + ")?" * 400, "a" * 10_001,
        "a{1000000000}", "(?:a{1000}){1000}", "(?:(?:a{60}){60}){60}", "a{1000000,}",
        "(?:a{1000})(?#(){1000}", "(?x)(?:a{1000}) # (\n {1000}", "(?i-x:(?:a{1000}) {1000})",
        "[]a](?:b{1000}){1000}", r"\(?:(?:a{1000}){1000}", "(", "a{2}{3}", "*",
    ],
)  # fmt: skip
def test_pattern_that_would_take_gigabytes_or_fails_is_refused_before(pattern: str) -> None:
    for ask in (regex.match_pattern, regex.extract_pattern):
        assert code_of(ask, text="a", pattern=pattern) == "text.bad_pattern"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\d{4}-\d{2}-\d{2}", "2026-11-30"),
        (r"^(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}$", "1:2:3:4:5:6:7:8"),
        (r"(?x) a{3} \s # three\n", "aaa "),
        (r"(?:\w+,){10}", "a," * 10),
        (r"[{]5}", "{5}"),
        (r"a{,500}b", "aab"),
    ],
)
def test_usual_patterns_are_found(pattern: str, text: str) -> None:
    assert regex.match_pattern(text=text, pattern=pattern)


@given(st.text("a(){}0123456789,|?*[]^\\ #-x:", max_size=30))
def test_any_pattern_is_answered_or_refused_with_words(pattern: str) -> None:
    if patterns.written_out(pattern) > 20_000:
        return
    try:
        regex.match_pattern(text="a(b)", pattern=pattern)
    except NodeError as error:
        assert error.code in ("text.bad_pattern", "text.slow_pattern")


@pytest.mark.parametrize(
    ("prompt", "steps"),
    [
        ("[a|b]" * 4000, 10_000),
        ("".join(f"[a:b:{n}]" for n in range(1, 5000)), 10_000),
        ("[" + "a|" * 5000 + "b]" * 1, 10_000),
    ],
)
def test_prompt_that_changes_countless_times_is_refused(prompt: str, steps: int) -> None:
    assert code_of(read_schedule, prompt, steps) == "prompt.too_many_changes"


@given(st.text("[]()|:.05ab", max_size=40), st.integers(1, 30))
def test_bound_of_changes_is_never_below_what_a_prompt_does(prompt: str, steps: int) -> None:
    tree = prompt_schedule._read(prompt, steps, 0)
    count, changes = prompt_schedule._count(tree, steps)
    assert len(prompt_schedule._times(tree, steps)) <= changes
    assert len(prompt_schedule._render(tree, 0.0, 0, 1.0)) <= max(count, 1)
    assert len(read_schedule(prompt, steps)) <= max(changes, 1) + 1


# -- names of files --------------------------------------------------------------------------------


@pytest.fixture
def listings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """How often a workspace listed its files, by way."""
    count: Counter[str] = Counter()
    for name in ("inputs_like", "list_models"):
        usual = getattr(Workspace, name)

        def counted(self: Any, what: str, *, _usual: Any = usual, _name: str = name) -> Any:
            count[f"{_name} {what}"] += 1
            return _usual(self, what)

        monkeypatch.setattr(Workspace, name, counted)
    yield count


def test_missing_files_cost_one_listing_of_their_folder(
    registry: Registry, listings: Counter[str], tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "camera.png").touch()
    workspace = standard_workspace(inputs=[tmp_path / "in"])
    document = json.loads(case("server/missing_files_400.json").read_text("utf-8"))["workflow"]
    workflow = Workflow.from_json(document, registry)
    problems = validate(workflow.document, registry, workspace=workspace)
    missing = [p for p in problems if p.code == "files.not_found" or "input file" in p.message]
    assert len(missing) == 400
    assert "camera.png" in (missing[0].hint or "")
    assert listings == {"inputs_like *": 1}


@pytest.mark.parametrize(
    ("node", "name", "value"),
    [
        ("LoadCheckpoint", "ckpt_name", "none{}.safetensors"),
        ("CLIPTextEncode", "text", "embedding:none{}"),
    ],
)
def test_missing_models_cost_one_listing_of_their_kind(
    registry: Registry, listings: Counter[str], node: str, name: str, value: str
) -> None:
    nodes = {f"n{i}": {"type": node, "inputs": {name: value.format(i)}} for i in range(300)}
    workflow = Workflow.from_json({"nodes": nodes}, registry)
    problems = validate(workflow.document, registry, workspace=standard_workspace())
    assert sum("none" in (p.got or "") for p in problems) == 300
    assert set(listings.values()) == {1}


@given(st.lists(st.sampled_from(["a.png", "b/c.png", "B/C.PNG", "é.png", "e\u0301.png", "b", "d"])))
def test_remembered_folder_answers_as_the_folder_itself(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    """Also behind the few names that are looked for one by one."""
    folder = tmp_path_factory.getbasetemp() / "remembered"
    if not folder.exists():
        (folder / "checkpoints" / "b").mkdir(parents=True)
        for name in ("a.png", "é.png", "b/c.png"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).touch()
            (folder / "checkpoints" / name).touch()
    plain = Workspace(models=[folder], inputs=[folder])
    kept = Remembered(plain)
    for number in range(60):
        with pytest.raises(WeftError):
            kept.input(f"none{number}")
        with pytest.raises(WeftError):
            kept.model("checkpoints", f"none{number}")

    def told(look: Any, *given: str) -> Any:
        try:
            return look(*given)
        except WeftError as error:
            return error.code

    for name in names:
        assert told(kept.input, name) == told(plain.input, name)
        assert told(kept.model, "checkpoints", name) == told(plain.model, "checkpoints", name)
        assert kept.inputs_instead_of(name) == plain.inputs_instead_of(name)


# -- JSON ------------------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('a,[{"\\', max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=20,
)


def counted(value: Any) -> int:
    """Values in JSON data, itself too."""
    if isinstance(value, dict):
        return 1 + sum(map(counted, value.values()))
    return 1 + sum(map(counted, value)) if isinstance(value, list) else 1


@given(VALUES)
def test_values_are_never_counted_too_few_whichever_reader_reads(value: Any) -> None:
    text = json.dumps(value)
    quick, documents._QUICK = documents._QUICK, 0
    try:
        for each in (text, text.encode()):
            assert count_values(each) >= counted(value)
            assert read_json(each) == value  # the patient reader
    finally:
        documents._QUICK = quick
    assert read_json(text) == value


@pytest.mark.parametrize(
    "text", ['{"a": 1, "a": 2}', "[NaN]", "[1e999]", "[1,]", '["\n"]', "[" * 99]
)
def test_patient_reader_refuses_what_the_quick_one_does(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = code_of(read_json, text)
    monkeypatch.setattr(documents, "_QUICK", 0)
    assert code_of(read_json, text) == quick


def test_json_of_too_many_values_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_STRICT", None)
    monkeypatch.setattr(documents, "_PATIENT", None)
    for part in (b"[],", b"{},", b"1,", b'"",'):
        with pytest.raises(DocumentError) as caught:
            read_json(b"[" + part * documents.MAX_VALUES + b"1]")
        assert caught.value.code == "document.too_large"
    words = json.dumps("red, [round] " * documents.MAX_VALUES)
    monkeypatch.undo()
    assert read_json(words) == json.loads(words)  # signs in a text are no values


ROUTES = ("/v1/validate", "/v1/jobs", "/v1/explain", "/prompt", "/v1/workflows", "/settings/x",
          "/settings", "/v1/share/check", "/v1/share/comfyui")  # fmt: skip


async def test_large_json_is_refused_on_every_route_by_its_size(tmp_path: Path) -> None:
    """As `latency.py` tries it, with 60 MB."""
    assert "60MB" in case("server/latency.py").read_text("utf-8")
    async with outside(tmp_path, limits=Limits(json_bytes=10_000)) as client:
        body = b"[" + b"[]," * 5000 + b"1]"
        for path in ROUTES:
            answer = await client.post(path, data=body)
            assert answer.status == 413, path

            async def slowly() -> Any:
                yield body  # its length is not known beforehand

            assert (await client.post(path, data=slowly())).status == 413, path
        assert (await client.post("/userdata/x.json", data=body)).status == 200  # a file


@pytest.mark.parametrize("part", [b"[],", b"{},", b"1,"])
async def test_event_loop_goes_on_while_a_large_body_is_read(
    tmp_path: Path, part: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = 0
    reading = threading.Event()
    during: list[int] = []
    usual = documents._PATIENT.decode

    def decode(text: str) -> Any:
        reading.set()
        before = turns
        try:
            return usual(text)
        finally:
            during.append(turns - before)

    monkeypatch.setattr(documents._PATIENT, "decode", decode)
    async with serving(tmp_path, FakeWorkers()) as api:

        async def turn() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        turning = asyncio.create_task(turn())
        values = part * 300_000
        body = b'{"workflow": {"nodes": {"a": {"type": "Integer", "inputs": {"value": ['
        answer = await api.client.post("/v1/validate", data=body + values + b"1]}}}}}")
        turning.cancel()
        assert answer.status == 200
        assert reading.is_set()
        assert during[0] > 3  # the thread that reads gave the lock back again and again
