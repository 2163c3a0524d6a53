"""The options of `weft share` and `weft inspect`."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def add_share(
    parser: argparse.ArgumentParser, folders: Callable[[argparse.ArgumentParser], None]
) -> None:
    """Declare those of `weft share`.

    Args:
        parser: Of the command.
        folders: Declares the options that name folders.
    """
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    pack = verbs.add_parser("pack", help="put a workflow and all it needs into one file")
    pack.add_argument("file", help="workflow file, or a picture that holds its workflow")
    pack.add_argument(
        "-o", "--to", metavar="FILE", help="NAME.weft.png or NAME.weft.zip (default: beside FILE)"
    )
    pack.add_argument("--author", metavar="TEXT")
    pack.add_argument("--license", metavar="TEXT", help="of the workflow and its input pictures")
    pack.add_argument("--no-picture", action="store_true", help="do not run it for its picture")
    folders(pack)

    check = verbs.add_parser("check", help="say what a bundle or workflow needs and would do here")
    check.add_argument("file", help="bundle, workflow file, or picture that holds its workflow")
    check.add_argument("--json", action="store_true")
    folders(check)

    run = verbs.add_parser("run", help="check a bundle, ask, and run it")
    run.add_argument("file", help="bundle: .weft.png or .weft.zip")
    run.add_argument("--out", default="out", metavar="DIR", help="output folder (default: out)")
    run.add_argument(
        "--accept",
        metavar="EFFECTS",
        default=None,
        help="run without asking if it does no more than this: reads,writes,network,packs",
    )
    run.add_argument(
        "--verify",
        action="store_true",
        help="compare the picture with the bundle's; exit code 1 when they differ",
    )
    run.add_argument(
        "--use",
        action="append",
        default=[],
        metavar="FOLDER/NAME=OTHER",
        help="use another model in the place of one that is missing; may be repeated",
    )
    folders(run)


def add_inspect(parser: argparse.ArgumentParser) -> None:
    """Declare those of `weft inspect`."""
    parser.add_argument("picture", help="PNG, WebP or JPEG")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--workflow", metavar="FILE", help="write the workflow that it holds")
    parser.add_argument("--strip", metavar="FILE", help="write a copy without anything in it")
