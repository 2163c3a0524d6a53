"""`weft serve`: the server, until it is stopped."""

from __future__ import annotations

import argparse
import gc
import os
from pathlib import Path

from pydantic import SecretStr, ValidationError

from ..engine.errors import WeftError
from ..nodes.standard import home
from ..server.settings import Limits, Settings
from . import say
from .main import BAD_WORKFLOW


def execute(options: argparse.Namespace) -> int:
    """Do it; the exit code."""
    try:
        settings = settings_of(options)
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False):
            say.err(f"error: --{'.'.join(str(p) for p in each['loc'])}: {each['msg']}")
        return BAD_WORKFLOW
    gc.disable()  # nothing that is made while starting is garbage; `serve` turns it on again
    from ..server.serve import serve

    try:
        return serve(settings, level=options.verbose.upper(), once=options.quick_test_for_ci)
    except WeftError as error:
        say.error(error)
        return BAD_WORKFLOW
    finally:
        gc.enable()


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings that the options name.

    Raises:
        ValidationError: pydantic's; a value is out of range.
    """
    base = Path(options.base_directory) if options.base_directory else None
    token = options.token if options.token is not None else os.environ.get("WEFT_TOKEN")
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
        node_modules=tuple(options.nodes),
        packs=not options.no_packs,
        cpu=options.cpu,
        metadata=not options.no_metadata,
        hash_models=not options.no_model_hashes,
        warm=not options.no_warm,
        tls_certificate=Path(options.tls_certificate) if options.tls_certificate else None,
        tls_key=Path(options.tls_key) if options.tls_key else None,
        allowed_hosts=tuple(options.allow_host),
        allowed_origins=tuple(options.allow_origin),
        limits=Limits(
            upload_bytes=int(options.max_upload_size * 2**20), keep_jobs=options.keep_jobs
        ),
    )
