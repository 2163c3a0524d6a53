"""`weft serve`: the server, until it is stopped."""

from __future__ import annotations

import argparse
import gc
import os
import secrets
import sys
import threading
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr, ValidationError

from weft.engine.errors import WeftError
from weft.nodes.standard.folders import home
from weft.server.guard.hosts import is_loopback
from weft.server.logs import log
from weft.server.settings import Limits, Settings

from . import say
from .main import BAD_WORKFLOW

_OPTIONS = {
    "output": "out",
    "previews": "preview-method",
    "upload_bytes": "max-upload-size",
    "sockets": "max-connections",
    "sockets_each": "max-connections-each",
    "json_bytes": "max-json-size",
}


def execute(options: argparse.Namespace) -> int:
    """Do it; the exit code."""
    try:
        settings = settings_of(options)
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False):
            name = ".".join(str(part) for part in each["loc"])
            say.err(f"error: --{_OPTIONS.get(name, name).replace('_', '-')}: {each['msg']}")
        return BAD_WORKFLOW
    if options.log_stdout:
        os.dup2(1, 2)  # the workers' log as well
    if options.log_json:
        os.environ["WEFT_LOG"] = "json"
    gc.disable()  # nothing that is made while starting is garbage; `serve` turns it on again
    from weft.server.serve import serve

    made = settings.token.get_secret_value() if settings.token and options.token == "" else None

    def listening(urls: Sequence[str]) -> None:
        _tell_reach(settings.hosts, options.token)
        _greet(urls[0], made, browse=options.auto_launch)

    try:
        return serve(
            settings,
            level=options.verbose,
            once=options.quick_test_for_ci,
            listening=listening,
        )
    except WeftError as error:
        say.error(error)
        return BAD_WORKFLOW
    finally:
        gc.enable()


def _tell_reach(hosts: Sequence[str], token: str | None) -> None:
    """Say on which addresses others reach the server, and what token lets them in.

    Args:
        hosts: Where it listens.
        token: As the command line has it: None for one of the environment, empty for one made now.
    """
    wide = [host for host in hosts if not is_loopback(host)]
    if not wide:
        return
    how = {None: "in WEFT_TOKEN", "": "that was made and is shown once"}
    log.warning(
        "this server is reachable from other machines on %s; anyone with the token %s can use it",
        *(", ".join(wide), how.get(token, "of --token")),
    )


def _greet(url: str, made: str | None, *, browse: bool) -> None:
    """Show a token that was made, not in the log but on standard output; open a browser."""
    near = url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
    if made is not None:
        near = f"{near}/?token={made}"
        say.out(f"token: {made}")
        say.out(f"open:  {near}")
        sys.stdout.flush()  # a pipe would keep it back
    if browse:  # in a thread: it may wait for the browser, which waits for the server
        threading.Thread(target=webbrowser.open, args=(near,), daemon=True).start()


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings that the options name.

    Raises:
        ValidationError: pydantic's; a value is out of range.
    """
    base = Path(options.base_directory) if options.base_directory else None
    token = options.token if options.token is not None else os.environ.get("WEFT_TOKEN")
    if options.token == "":
        token = secrets.token_urlsafe(32)
    data = options.data or (base / "user" if base else home() / "server")
    uploads = options.input or (base / "input" if base else None)
    return Settings(
        host=options.host,
        port=options.port,
        data=Path(data),
        models=tuple(Path(m) for m in [*options.models, *([base / "models"] if base else [])]),
        input=Path(uploads) if uploads else None,
        output=Path(options.out or (base / "output" if base else "out")),
        extra_model_paths=tuple(Path(f) for fs in options.extra_model_paths_config for f in fs),
        token=SecretStr(token) if token else None,
        database=SecretStr(options.database) if options.database else None,
        workers=options.workers,
        worker_silence=options.worker_silence,
        node_modules=tuple(options.nodes),
        packs=not options.no_packs,
        cpu=options.cpu,
        metadata=not options.no_metadata,
        private=options.private,
        hash_models=not options.no_model_hashes,
        warm=not options.no_warm,
        previews=options.preview_method,
        tls_certificate=Path(options.tls_certificate) if options.tls_certificate else None,
        tls_key=Path(options.tls_key) if options.tls_key else None,
        allowed_hosts=tuple(options.allow_host),
        allowed_origins=tuple(options.allow_origin),
        limits=Limits(
            upload_bytes=int(options.max_upload_size * 2**20),
            keep_jobs=options.keep_jobs,
            sockets=options.max_connections,
            sockets_each=options.max_connections_each,
            json_bytes=int(options.max_json_size * 2**20),
        ),
    )
