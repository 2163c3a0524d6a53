"""The settings of a server. Immutable; made once from the command line or a test."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from weft.nodes.standard.folders import home

PORT = 8188
Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(_Frozen):
    """How much of anything a client may ask for.

    Attributes:
        body_bytes: Largest body of a request that is no upload.
        json_bytes: Largest body of a request that is JSON.
        upload_bytes: Largest uploaded file.
        nodes: Most nodes in a submitted workflow, subgraphs expanded.
        queued: Most jobs waiting; a submission beyond gets 429.
        queued_each: Most jobs of one person waiting.
        uploads_a_day: Most bytes that one person may upload within a day.
        library_bytes: Most bytes of one person's workflows, all revisions together.
        page: Most items in one page of a list.
        pixels: Most pixels of an uploaded picture.
        name_length: Longest name of a file or folder, in characters.
        events_kept: How many events a client that was away can catch up on.
        connections: Most open event streams.
        keep_jobs: How many jobs of each owner that are over are remembered; the oldest are
            forgotten.
        sockets: Most open connections of any kind. Fewer where the system allows fewer open files.
        sockets_each: Of those, most of one address.
    """

    body_bytes: Count = 64 * 2**20
    json_bytes: Count = 16 * 2**20
    upload_bytes: Count = 512 * 2**20
    nodes: Count = 100_000
    queued: Count = 100_000
    queued_each: Count = 50_000
    uploads_a_day: Count = 100 * 2**30
    library_bytes: Count = 4 * 2**30
    page: Count = 500
    pixels: Count = 100_000_000
    name_length: Count = 255
    events_kept: Count = 10_000
    connections: Count = 1000
    keep_jobs: Count = 10_000
    sockets: Count = 4096
    sockets_each: Count = 2048


class Patience(_Frozen):
    """How many seconds a connection may take. Whoever is slower is closed, and may come again.

    Attributes:
        head: From the opening, or the first byte of a request, until its head is whole.
        idle: Between two requests.
        body: After so long a body must have come at `body_rate`, and in every such stretch again.
        body_rate: Least bytes a second of a body that we wait for.
        reading: Until some of an answer is read. Also the time after which a connection counts as
            dead that acknowledges nothing.
    """

    head: Seconds = 20.0
    idle: Seconds = 75.0
    body: Seconds = 30.0
    body_rate: Annotated[int, Field(ge=0)] = 500
    reading: Seconds = 120.0


class Settings(_Frozen):
    """All of it.

    Attributes:
        host: Addresses to listen on, separated by commas.
        port: 0 lets the system choose.
        data: Folder for the database and other state; made when missing. No file API reaches it.
        models: Folders with a folder for each kind of model, before the usual ones.
        input: Folder for uploads; None for `input` below `data`.
        inputs: More folders with input pictures, only read.
        output: Folder for finished files.
        extra_model_paths: Files in the format of ComfyUI's `extra_model_paths.yaml`.
        token: What clients must show; None for no token, which only loopback allows.
        database: SQLAlchemy URL; None for a SQLite file below `data`.
        workers: Worker processes.
        node_modules: Python modules with more nodes, by import name.
        packs: Whether nodes of installed packs are loaded.
        cpu: Whether workers leave accelerators alone.
        metadata: Whether saved pictures hold their workflow.
        private: Whether files are for who uploaded them or whose job wrote them, and for
            administrators; else for everybody who may use the server.
        hash_models: Whether model files are hashed in the background, while no job runs.
        warm: Whether workers load their heavy libraries before the first job.
        previews: How unfinished pictures are painted, in ComfyUI's words (`none`: not at all), also
            for clients of ComfyUI that ask for none; None for the usual way, for those that ask.
        cancel_grace: Seconds that a cancelled job may go on before its worker is killed.
        stop_grace: Seconds that a running job may go on when the server stops.
        worker_silence: Seconds without a sign of life after which a worker counts as hanging and
            is replaced; 0 to wait for ever.
        worker_answer: Seconds that a request waits for a worker's answer.
        attempts: How often a job is started before a crash of its worker counts as its failure.
        tls_certificate: PEM file; None for plain HTTP.
        tls_key: PEM file of its key.
        allowed_hosts: More host names that requests may be addressed to.
        allowed_origins: Foreign web pages that may call, as `scheme://host[:port]`.
        limits: How much of anything.
        patience: How long a connection may take.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = PORT
    data: Path = Field(default_factory=lambda: home() / "server")
    models: tuple[Path, ...] = ()
    input: Path | None = None
    inputs: tuple[Path, ...] = ()
    output: Path = Path("out")
    extra_model_paths: tuple[Path, ...] = ()
    token: SecretStr | None = None
    database: SecretStr | None = None
    workers: Annotated[int, Field(ge=0, le=64)] = 1
    node_modules: tuple[str, ...] = ()
    packs: bool = True
    cpu: bool = False
    metadata: bool = True
    private: bool = False
    hash_models: bool = True
    warm: bool = True
    previews: Literal["none", "auto", "latent2rgb", "taesd"] | None = None
    cancel_grace: Annotated[float, Field(ge=0)] = 10.0
    stop_grace: Annotated[float, Field(ge=0)] = 5.0
    worker_silence: Annotated[float, Field(ge=0)] = 120.0
    worker_answer: Seconds = 30.0
    attempts: Count = 2
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    limits: Limits = Limits()
    patience: Patience = Patience()

    @field_validator("host")
    @classmethod
    def _some_host(cls, host: str) -> str:
        if not all(part.strip() for part in host.split(",")):
            raise ValueError("must be one or more addresses separated by commas")
        return host

    @property
    def hosts(self) -> tuple[str, ...]:
        """The addresses to listen on."""
        return tuple(part.strip() for part in self.host.split(","))

    @property
    def uploads(self) -> Path:
        """The folder for uploads."""
        return self.input if self.input is not None else self.data / "input"

    @property
    def pins(self) -> Path:
        """Where the bytes of input files lie that jobs were submitted with."""
        return self.data / "pins"
