"""`weft`: parse the command line and hand over to one module a command."""

from __future__ import annotations

import argparse
import difflib
import importlib
import sys
from collections.abc import Sequence

from weft.nodes.threads import wait_passively

from .memory_options import add_memory, use_memory
from .serve_options import add_serve
from .share_options import add_inspect, add_share

DONE, FAILED, BAD_WORKFLOW, INTERRUPTED = 0, 1, 2, 130

_EPILOG = "exit codes: 0 done, 1 failed while running, 2 bad workflow or usage, 130 interrupted"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; its exit code.

    Args:
        arguments: Words after `weft`; None for those of the process.
    """
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command not in ("run", "sweep", "cache"):
        hint = _nearest_option(parser, options, rest)
        parser.error(f"unrecognized arguments: {' '.join(rest)}{hint}")
    if options.command is None:
        parser.print_help()
        return DONE
    options.rest = rest
    options.known = known_options(parser, options)
    wait_passively()
    if not use_memory(options):
        return BAD_WORKFLOW
    command = importlib.import_module(f".{options.command}", __package__)
    try:
        code: int = command.execute(options)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)  # noqa: T201
        return INTERRUPTED
    except BrokenPipeError:  # `weft nodes | head`
        sys.stderr.close()
        return DONE
    return code


def known_options(parser: argparse.ArgumentParser, options: argparse.Namespace) -> list[str]:
    """The long options of the command that was given, such as `--out`."""
    found: list[str] = []
    while True:
        deeper = None
        for action in parser._actions:
            found += [word for word in action.option_strings if word.startswith("--")]
            if isinstance(action, argparse._SubParsersAction):
                deeper = action.choices.get(getattr(options, action.dest, None) or "")
        if deeper is None:
            return found
        parser = deeper


def nearest_option(word: str, known: Sequence[str]) -> str | None:
    """The option that a misspelt word may have meant."""
    name = word.partition("=")[0]
    longer = [k for k in known if len(k) > 4 and (k.startswith(name) or name.startswith(k))]
    return next(iter([*difflib.get_close_matches(name, known, 1), *longer]), None)


def _nearest_option(
    parser: argparse.ArgumentParser, options: argparse.Namespace, rest: Sequence[str]
) -> str:
    known = known_options(parser, options)
    for word in rest:
        near = nearest_option(word, known) if word.startswith("--") else None
        if near is not None:
            return f". Did you mean {near}?"
    return ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="weft",
        description="A node-graph engine for diffusion images.",
        epilog=_EPILOG,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(dest="command", title="commands", metavar="COMMAND")

    run = commands.add_parser(
        "run",
        help="run a workflow file",
        epilog="Each public input of the workflow is an option too, such as --prompt or --seed "
        "(weft run FILE --inputs lists them). " + _EPILOG,
        allow_abbrev=False,
    )
    run.add_argument("file", help="workflow file in weft's format or ComfyUI's API format")
    run.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NODE.PARAM=VALUE",
        help="set an input of a node; may be repeated",
    )
    run.add_argument("--out", default="out", metavar="DIR", help="output folder (default: out)")
    run.add_argument("--json", action="store_true", help="print events as JSON lines")
    run.add_argument("--trace", metavar="FILE", help="write a timing trace, for Perfetto")
    run.add_argument(
        "--no-metadata",
        action="store_true",
        help="save images without the workflow in their metadata",
    )
    run.add_argument("--inputs", action="store_true", help="list the public inputs and exit")
    _folders(run)
    add_memory(run, report=True)

    _sweep(
        commands.add_parser(
            "sweep",
            help="run all combinations of some values and draw a contact sheet",
            epilog=_EPILOG,
            allow_abbrev=False,
        )
    )

    add_serve(commands.add_parser("serve", help="run the server", allow_abbrev=False))

    add_share(commands.add_parser("share", help="pack, check or run a shared workflow"), _folders)
    add_inspect(commands.add_parser("inspect", help="show the workflow and metadata in an image"))

    diff = commands.add_parser("diff", help="show the differences of two workflows or images")
    diff.add_argument("before", help="workflow file, image or bundle")
    diff.add_argument("after")
    diff.add_argument(
        "--layout", action="store_true", help="also compare positions and sizes of nodes"
    )
    diff.add_argument("--json", action="store_true")

    validate = commands.add_parser("validate", help="check workflow files and list all problems")
    validate.add_argument("file", nargs="+")
    validate.add_argument("--json", action="store_true", help="print a JSON line for each file")
    _folders(validate)

    convert = commands.add_parser(
        "convert", help="convert a workflow between weft's and ComfyUI's formats"
    )
    convert.add_argument(
        "file", help="workflow file of weft or ComfyUI (editor or API), image or bundle"
    )
    convert.add_argument(
        "--to",
        choices=("weft", "comfyui"),
        default="weft",
        help="target format (default: weft); comfyui is its API format",
    )
    convert.add_argument(
        "-o", "--output", metavar="FILE", help="write to this file instead of standard output"
    )

    nodes = commands.add_parser("nodes", help="list the node types, or describe one")
    nodes.add_argument("type", nargs="?", help="a node type")
    nodes.add_argument("--json", action="store_true", help="print the schema as JSON")

    cache = commands.add_parser(
        "cache", help="show or clear the disk cache, or explain cache misses"
    )
    tasks = cache.add_subparsers(dest="verb", required=True, metavar="VERB")
    stats = tasks.add_parser("stats", help="count the cached results and their bytes")
    stats.add_argument("--json", action="store_true")
    tasks.add_parser("clear", help="delete all cached results")
    explain = tasks.add_parser(
        "explain",
        help="show for each node whether the next run is a cache hit, and if not, why",
        allow_abbrev=False,
    )
    explain.add_argument("file")
    explain.add_argument("node", nargs="?", help="only this node")
    explain.add_argument("--set", action="append", default=[], metavar="NODE.PARAM=VALUE")
    explain.add_argument("--json", action="store_true")
    _folders(explain)

    models = commands.add_parser(
        "models", help="list, index, find, inspect, convert or fetch model files"
    )
    verbs = models.add_subparsers(dest="verb", required=True, metavar="VERB")
    listing = verbs.add_parser("list", help="list models by kind")
    listing.add_argument("kind", nargs="?", help="one kind, such as checkpoints")
    listing.add_argument("--long", action="store_true", help="with family, precision and hash")
    listing.add_argument("--json", action="store_true")
    _folders(listing)
    indexing = verbs.add_parser(
        "index", help="read and hash all model files now, as servers do in the background"
    )
    indexing.add_argument("--no-hashes", action="store_true", help="read the headers only")
    _folders(indexing)
    finding = verbs.add_parser("find", help="find model files by hash, in the index")
    finding.add_argument("hash", help="start of a SHA-256 (such as AutoV2) or of an AutoV3 hash")
    finding.add_argument("--json", action="store_true")
    _folders(finding)
    inspect = verbs.add_parser("inspect", help="show the kind, family and tensors of a model file")
    inspect.add_argument("model", help="path, or KIND/NAME in the model folders")
    inspect.add_argument("--json", action="store_true")
    _folders(inspect)
    conversion = verbs.add_parser(
        "convert",
        help="convert between a single file and a diffusers folder without loss, or from .ckpt",
    )
    conversion.add_argument("source", help="path, or KIND/NAME in the model folders")
    conversion.add_argument("target", help="new file name that ends in .safetensors, or new folder")
    conversion.add_argument("--json", action="store_true")
    _folders(conversion)
    pull = verbs.add_parser("pull", help="download the models in a manifest")
    pull.add_argument(
        "manifest", help='JSON: {"models": [{"kind", "name", "url", "sha256", "size"}]}'
    )
    pull.add_argument("--models", metavar="DIR", help="models folder (default: WEFT_HOME/models)")
    return parser


def _sweep(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="workflow file in weft's format or ComfyUI's API format")
    # These are read in the order of the line, which argparse does not keep: they stay in `rest`.
    parser.add_argument_group(
        "axes",
        "--set NODE.PARAM=VALUES or --PUBLIC-INPUT VALUES, after FILE; may be repeated. VALUES "
        'is a list (3,5,7), a range (1..4, 0..1..0.25) or texts ("a, b",c). The last axis runs '
        "across the sheet, the others down. A single value is set without an axis.",
    )
    parser.add_argument("--grid", metavar="FILE.png", help="file for the contact sheet")
    parser.add_argument(
        "--cell",
        type=int,
        metavar="PIXELS",
        help="longest side of an image on the sheet (default: as it fits, at most 1024)",
    )
    parser.add_argument(
        "--output",
        metavar="NAME",
        help="public name or NODE.OUTPUT of the images (default: the first public one)",
    )
    parser.add_argument(
        "--save", action="store_true", help="also write the files of the workflow's save nodes"
    )
    parser.add_argument("--out", default="out", metavar="DIR", help="output folder (default: out)")
    parser.add_argument("--json", action="store_true", help="print events as JSON lines")
    _folders(parser)
    add_memory(parser)


def _folders(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--models",
        action="append",
        default=[],
        metavar="DIR",
        help="models folder, with checkpoints/, controlnet/, ...; may be repeated",
    )
    parser.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="DIR",
        help="input folder, with images; may be repeated",
    )
    parser.add_argument(
        "--extra-model-paths-config",
        action="append",
        default=[],
        metavar="FILE",
        help="file with more model folders, in the format of ComfyUI's extra_model_paths.yaml",
    )


def _version() -> str:
    from weft import __version__

    return f"weft {__version__}"
