"""Run the application: sockets, signals, logs."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import ssl
from collections.abc import Callable, Sequence

from aiohttp import web

from weft.engine.errors import WeftError

from .app import create_app
from .connections.listen import Listener
from .connections.open_files import raise_limit, room_for
from .connections.table import ConnectionTable
from .guard.hosts import is_loopback
from .guard.middleware import POLICY
from .logs import log, to_standard_error
from .settings import Settings

Listening = Callable[[Sequence[str]], None]


def serve(
    settings: Settings,
    *,
    level: str = "INFO",
    once: bool = False,
    listening: Listening | None = None,
) -> int:
    """Serve until SIGINT or SIGTERM; the exit code.

    Args:
        settings: What to serve.
        level: The least that is logged.
        once: Stop as soon as it listens.
        listening: Called with the addresses once it listens.

    Raises:
        WeftError: It cannot start: a port is taken, a folder or pack cannot be used.
    """
    to_standard_error(level)
    return asyncio.run(_serve(settings, listening, once=once))


async def _serve(settings: Settings, listening: Listening | None, *, once: bool) -> int:
    files = raise_limit()
    app = create_app(settings)
    runner = web.AppRunner(
        app,
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=2.0,
        keepalive_timeout=settings.patience.idle,
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows, where Ctrl-C ends it anyhow
            loop.add_signal_handler(name, stop.set)
    listener: Listener | None = None
    try:
        try:
            await runner.setup()
        except OSError as error:
            raise WeftError(
                f"The server cannot start: {error}.",
                code="server.start",
                hint="Check permissions and free space of --data, --input and --out.",
            ) from error
        assert runner.server is not None
        limits = settings.limits
        table = ConnectionTable(room_for(files, limits.sockets), limits.sockets_each)
        listener = Listener(runner.server, table, settings.patience, _tls(settings))
        addresses = await _listen(listener, settings)
        gc.freeze()  # what is there now stays, and need not be looked through again and again
        gc.enable()
        gc.set_threshold(20_000, 20, 20)  # jobs come and go by the thousand, and have no cycles
        for address in addresses:
            log.info("listening", extra={"url": address})
        if table.most < limits.sockets:
            log.warning(
                "the system allows %d open files, so the server accepts at most %d connections",
                *(files, table.most),
            )
        if settings.tls_certificate is None and not all(map(is_loopback, settings.hosts)):
            log.warning(
                "tokens and images are sent without encryption: set --tls-certificate, or allow "
                "access only through a proxy with TLS"
            )
        if settings.private and app[POLICY].is_open:
            log.warning(
                "--private has no effect yet: until there is a token or a user, everyone sees "
                "everything"
            )
        if listening is not None:
            listening(addresses)
        if not once:
            await stop.wait()
        log.info("stopping")
    finally:
        if listener is not None:
            listener.close()
        await runner.cleanup()
    return 0


async def _listen(listener: Listener, settings: Settings) -> list[str]:
    for host in settings.hosts:
        try:
            await listener.listen(host, settings.port)
        except OSError as error:
            raise WeftError(
                f"The server cannot listen on port {settings.port} of {host}: "
                f"{error.strerror or error}.",
                code="server.port",
                hint="Stop the program that uses the port, or choose another with --port.",
            ) from error
    scheme = "http" if settings.tls_certificate is None else "https"
    found = listener.addresses
    return [f"{scheme}://{f'[{a[0]}]' if ':' in a[0] else a[0]}:{a[1]}" for a in found]


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls_certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise WeftError(
            f"The certificate {settings.tls_certificate} cannot be used: {error}.",
            code="server.tls",
            hint="Use a PEM file, with its private key in --tls-key.",
        ) from error
    return context
