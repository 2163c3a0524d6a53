"""The options of `weft serve`, with ComfyUI's names where they mean the same."""

from __future__ import annotations

import argparse

from .memory_options import add_memory


def add_serve(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    add = parser.add_argument
    add(
        "--host",
        "--listen",
        nargs="?",
        const="0.0.0.0,::",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="addresses to listen on, separated by commas (default: 127.0.0.1); "
        "without a value: all, which needs --token",
    )
    add("--port", type=int, default=8188, help="port (default: 8188); 0 lets the system choose")
    add("--data", "--user-directory", metavar="DIR", help="database and state (WEFT_HOME/server)")
    add("--base-directory", metavar="DIR", help="folder with models/, input/, output/ and user/")
    add("--models", action="append", default=[], metavar="DIR", help="models folder; repeatable")
    add("--out", "--output-directory", metavar="DIR", help="finished files (default: out)")
    add("--input", "--input-directory", metavar="DIR", help="uploads (default: DATA/input)")
    add(
        "--extra-model-paths-config",
        action="append",
        default=[],
        nargs="+",
        metavar="FILE",
        help="a file in the format of ComfyUI's extra_model_paths.yaml",
    )
    add("--token", metavar="TEXT", help="what clients must show; or WEFT_TOKEN")
    add("--database", "--database-url", metavar="URL", help="instead of SQLite below --data")
    add("--workers", type=int, default=1, metavar="N", help="worker processes (default: 1)")
    add("--tls-certificate", "--tls-certfile", metavar="FILE", help="serve HTTPS")
    add("--tls-key", "--tls-keyfile", metavar="FILE")
    add("--allow-host", action="append", default=[], metavar="NAME", help="a name this server has")
    add(
        "--allow-origin",
        "--enable-cors-header",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="a foreign web page that may call, as scheme://host[:port]; may be repeated",
    )
    add("--max-upload-size", type=float, default=512, metavar="MB", help="(default: 512)")
    add(
        "--keep-jobs",
        type=int,
        default=10_000,
        metavar="N",
        help="finished jobs that are remembered (default: 10000); their files stay",
    )
    add("--nodes", action="append", default=[], metavar="MODULE", help="module with more nodes")
    add("--no-packs", "--disable-all-custom-nodes", action="store_true", help="load no packs")
    add(
        *("--no-metadata", "--disable-metadata"),
        action="store_true",
        help="save pictures without their workflow",
    )
    add("--no-model-hashes", action="store_true", help="do not hash models in the background")
    add("--no-warm", action="store_true", help="load libraries only when a job needs them")
    add("--verbose", nargs="?", const="DEBUG", default="INFO", metavar="LEVEL", help="log level")
    add("--quick-test-for-ci", action="store_true", help="start, answer once, and stop")
    add_memory(parser)
    for name in ("--log-stdout", "--dont-print-server", "--disable-auto-launch"):
        # What these ask of ComfyUI is how weft is.
        add(name, action="store_true", help=argparse.SUPPRESS)
