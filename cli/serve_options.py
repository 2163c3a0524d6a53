"""The options of `weft serve`, with ComfyUI's names where they mean the same."""

from __future__ import annotations

import argparse

from .comfy_flags import add_comfy_flags
from .memory_options import add_memory

DESCRIPTION = """\
Serve the editor, the API (/v1/docs describes it) and ComfyUI's protocol until Ctrl-C.

  weft serve                              for this machine: http://127.0.0.1:8188
  weft serve --listen --token             for others too, with a token that is made and shown
  weft serve --data state --out pictures  keep everything in folders of your choice
"""
EPILOG = """\
Options of ComfyUI that mean the same are taken under its names; others are refused and say what to
use. Environment: WEFT_TOKEN, WEFT_HOME, WEFT_CACHE. exit codes: 0 stopped, 2 cannot start.
"""


def add_serve(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.usage = "weft serve [OPTION ...]"  # the whole list would bury what an error says
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    _listening(parser.add_argument_group("where it listens, and for whom"))
    _folders(parser.add_argument_group("folders"))
    _work(parser.add_argument_group("jobs and nodes"))
    _starting(parser.add_argument_group("starting and logging"))
    add_memory(parser)
    add_comfy_flags(parser)


def _listening(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        *("--host", "--listen"),
        nargs="?",
        const="0.0.0.0,::",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="addresses, separated by commas (default: 127.0.0.1); without a value: all, which "
        "needs --token",
    )
    add("--port", type=int, default=8188, help="port (default: 8188); 0 lets the system choose")
    add(
        "--token",
        nargs="?",
        const="",
        metavar="TEXT",
        help="what clients must show, 16 characters or more; without a value one is made and "
        "shown; or WEFT_TOKEN",
    )
    add(
        *("--tls-certificate", "--tls-certfile"),
        metavar="FILE",
        help="serve HTTPS with this certificate (PEM)",
    )
    add(
        *("--tls-key", "--tls-keyfile"),
        metavar="FILE",
        help="the certificate's key, if it is not in the same file",
    )
    add(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name that the server is called by, such as a proxy's; may be repeated",
    )
    add(
        *("--allow-origin", "--enable-cors-header"),
        action="append",
        nargs="?",
        const="*",  # what ComfyUI means by it, which is refused with a reason
        default=[],
        metavar="ORIGIN",
        help="a foreign web page that may call, as scheme://host[:port]; may be repeated",
    )
    add(
        "--max-connections",
        type=int,
        default=4096,
        metavar="N",
        help="open connections, those of listeners too (default: 4096; fewer where the system "
        "allows fewer open files)",
    )
    add(
        "--max-connections-each",
        type=int,
        default=2048,
        metavar="N",
        help="of those, from one address (default: 2048); a proxy is one address",
    )
    add(
        "--max-upload-size",
        type=float,
        default=512,
        metavar="MB",
        help="largest uploaded file (default: 512)",
    )
    add(
        "--max-json-size",
        type=float,
        default=16,
        metavar="MB",
        help="largest request that is no upload, such as a workflow (default: 16)",
    )


def _folders(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        *("--data", "--user-directory"),
        metavar="DIR",
        help="database, users and settings (default: server below WEFT_HOME)",
    )
    add(
        *("--out", "--output-directory"),
        metavar="DIR",
        help="finished files (default: out)",
    )
    add(
        *("--input", "--input-directory"),
        metavar="DIR",
        help="uploads (default: input below --data)",
    )
    add(
        "--models",
        action="append",
        default=[],
        metavar="DIR",
        help="a folder with a folder for each kind of model; may be repeated",
    )
    add(
        "--extra-model-paths-config",
        action="append",
        default=[],
        nargs="+",
        metavar="FILE",
        help="more models, in the format of ComfyUI's extra_model_paths.yaml",
    )
    add(
        "--base-directory",
        metavar="DIR",
        help="a folder with models/, input/, output/ and user/, as ComfyUI has it",
    )
    add(
        *("--database", "--database-url"),
        metavar="URL",
        help="sqlite or postgresql (default: weft.sqlite below --data)",
    )


def _work(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--workers", type=int, default=1, metavar="N", help="processes that run jobs (default: 1)")
    add(
        "--worker-silence",
        type=float,
        default=120,
        metavar="SECONDS",
        help="replace a worker that hangs so long (default: 120); 0 waits for ever",
    )
    add(
        "--keep-jobs",
        type=int,
        default=10_000,
        metavar="N",
        help="finished jobs that are remembered of each user (default: 10000); their files stay",
    )
    add(
        "--nodes",
        action="append",
        default=[],
        metavar="MODULE",
        help="a Python module with more nodes; may be repeated",
    )
    add(
        *("--no-packs", "--disable-all-custom-nodes"),
        action="store_true",
        help="leave out the nodes of installed packs",
    )
    add(
        "--private",
        action="store_true",
        help="show files only to who uploaded them or whose job wrote them, and to administrators",
    )
    add(
        *("--no-metadata", "--disable-metadata"),
        action="store_true",
        help="save pictures without their workflow",
    )
    add(
        "--preview-method",
        choices=("none", "auto", "latent2rgb", "taesd"),
        help="how unfinished pictures are painted, also for clients of ComfyUI that do not ask "
        "for any (default: auto, for those that ask)",
    )
    add("--no-model-hashes", action="store_true", help="do not hash models in the background")


def _starting(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--verbose",
        nargs="?",
        const="DEBUG",
        type=str.upper,
        choices=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
        default="INFO",
        metavar="LEVEL",
        help="least that is logged: DEBUG, INFO (default), WARNING, ERROR",
    )
    add("--log-stdout", action="store_true", help="log to standard output, not standard error")
    add("--log-json", action="store_true", help="log JSON in a terminal too")
    add("--auto-launch", action="store_true", help="open a browser when it listens")
    add("--no-warm", action="store_true", help="load libraries only when a job needs them")
    add("--quick-test-for-ci", action="store_true", help="start, answer once, and stop")
