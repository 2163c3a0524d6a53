"""The options of `weft serve`, which also have ComfyUI's names if they mean the same."""

from __future__ import annotations

import argparse

from .comfy_flags import add_comfy_flags
from .memory_options import add_memory

DESCRIPTION = """\
Serve the editor, the API (documented at /v1/docs) and ComfyUI's protocol until Ctrl-C.

  weft serve                              for this machine only: http://127.0.0.1:8188
  weft serve --listen --token             for other machines too, with a new token
  weft serve --data state --out pictures  keep everything in folders of your choice
"""
EPILOG = """\
Options with the same meaning in ComfyUI also work under ComfyUI's names; its other options report
what to use instead. Environment: WEFT_TOKEN, WEFT_HOME, WEFT_CACHE. Exit codes: 0 stopped, 2 cannot
start.
"""


def add_serve(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.usage = "weft serve [OPTION ...]"  # the whole list would bury what an error says
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    _listening(parser.add_argument_group("network and access"))
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
        help="addresses to listen on, separated by commas (default: 127.0.0.1); without a value, "
        "all addresses, which needs --token",
    )
    add("--port", type=int, default=8188, help="port (default: 8188); 0 takes a free one")
    add(
        "--token",
        nargs="?",
        const="",
        metavar="TEXT",
        help="token that clients must send, of 16 characters or more; without a value, a new token "
        "is made and printed (environment: WEFT_TOKEN)",
    )
    add(
        *("--tls-certificate", "--tls-certfile"),
        metavar="FILE",
        help="serve HTTPS with this certificate (PEM)",
    )
    add(
        *("--tls-key", "--tls-keyfile"),
        metavar="FILE",
        help="private key of the certificate, if it is in another file",
    )
    add(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="further host name of the server, such as a proxy's; may be repeated",
    )
    add(
        *("--allow-origin", "--enable-cors-header"),
        action="append",
        nargs="?",
        const="*",  # what ComfyUI means by it, which is refused with a reason
        default=[],
        metavar="ORIGIN",
        help="web page of another origin that may call the API (CORS), as scheme://host[:port]; "
        "may be repeated",
    )
    add(
        "--max-connections",
        type=int,
        default=4096,
        metavar="N",
        help="maximum number of open connections, event streams included (default: 4096; fewer if "
        "the system allows fewer open files)",
    )
    add(
        "--max-connections-each",
        type=int,
        default=2048,
        metavar="N",
        help="maximum number of open connections from one address (default: 2048); a proxy is one "
        "address",
    )
    add(
        "--max-upload-size",
        type=float,
        default=512,
        metavar="MB",
        help="maximum size of an uploaded file (default: 512)",
    )
    add(
        "--max-json-size",
        type=float,
        default=16,
        metavar="MB",
        help="maximum size of other requests, such as a workflow (default: 16)",
    )


def _folders(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        *("--data", "--user-directory"),
        metavar="DIR",
        help="folder for database, users and settings (default: server below WEFT_HOME)",
    )
    add(
        *("--out", "--output-directory"),
        metavar="DIR",
        help="output folder (default: out)",
    )
    add(
        *("--input", "--input-directory"),
        metavar="DIR",
        help="input folder, also for uploads (default: input below --data)",
    )
    add(
        "--models",
        action="append",
        default=[],
        metavar="DIR",
        help="models folder, with checkpoints/, controlnet/, ...; may be repeated",
    )
    add(
        "--extra-model-paths-config",
        action="append",
        default=[],
        nargs="+",
        metavar="FILE",
        help="file with more model folders, in the format of ComfyUI's extra_model_paths.yaml",
    )
    add(
        "--base-directory",
        metavar="DIR",
        help="folder with models/, input/, output/ and user/, laid out like ComfyUI's",
    )
    add(
        *("--database", "--database-url"),
        metavar="URL",
        help="URL of a sqlite or postgresql database (default: weft.sqlite below --data)",
    )


def _work(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--workers",
        type=int,
        default=1,
        metavar="N",
        help="number of worker processes that run jobs (default: 1)",
    )
    add(
        "--worker-silence",
        type=float,
        default=120,
        metavar="SECONDS",
        help="restart a worker that does not respond for this long (default: 120); 0 is never",
    )
    add(
        "--keep-jobs",
        type=int,
        default=10_000,
        metavar="N",
        help="number of finished jobs to remember for each user (default: 10000); older jobs are "
        "forgotten, their files stay",
    )
    add(
        "--nodes",
        action="append",
        default=[],
        metavar="MODULE",
        help="Python module with more nodes; may be repeated",
    )
    add(
        *("--no-packs", "--disable-all-custom-nodes"),
        action="store_true",
        help="do not load the nodes of installed packs",
    )
    add(
        "--private",
        action="store_true",
        help="restrict files to the user who uploaded or made them, and to administrators",
    )
    add(
        *("--no-metadata", "--disable-metadata"),
        action="store_true",
        help="save images without the workflow in their metadata",
    )
    add(
        "--preview-method",
        choices=("none", "auto", "latent2rgb", "taesd"),
        help="method of preview images, which ComfyUI clients then get without asking (default: "
        "auto, for clients that ask)",
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
        help="lowest level to log: DEBUG, INFO (default), WARNING, ERROR",
    )
    add(
        "--log-stdout", action="store_true", help="log to standard output instead of standard error"
    )
    add("--log-json", action="store_true", help="log JSON lines, also in a terminal")
    add("--auto-launch", action="store_true", help="open a browser when the server is ready")
    add(
        "--no-warm",
        action="store_true",
        help="load torch and other libraries at the first job, not at the start",
    )
    add("--quick-test-for-ci", action="store_true", help="start, answer one request, and stop")
