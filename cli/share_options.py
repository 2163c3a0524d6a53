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
    pack = verbs.add_parser("pack", help="pack a workflow and its input files into one bundle")
    pack.add_argument("file", help="workflow file, or an image with an embedded workflow")
    pack.add_argument(
        "-o", "--to", metavar="FILE", help="NAME.weft.png or NAME.weft.zip (default: beside FILE)"
    )
    pack.add_argument("--author", metavar="TEXT")
    pack.add_argument(
        "--license", metavar="TEXT", help="license of the workflow and its input images"
    )
    pack.add_argument(
        "--no-picture", action="store_true", help="do not run the workflow to make its image"
    )
    folders(pack)

    check = verbs.add_parser(
        "check", help="show what a bundle or workflow needs, and its effects on this machine"
    )
    check.add_argument("file", help="bundle, workflow file, or image with an embedded workflow")
    check.add_argument("--json", action="store_true")
    folders(check)

    run = verbs.add_parser("run", help="check a bundle, ask for permission, and run it")
    run.add_argument("file", help="bundle: .weft.png or .weft.zip")
    run.add_argument("--out", default="out", metavar="DIR", help="output folder (default: out)")
    run.add_argument(
        "--accept",
        metavar="EFFECTS",
        default=None,
        help="permit these effects without asking: reads,writes,network,packs",
    )
    run.add_argument(
        "--verify",
        action="store_true",
        help="compare the image with the bundle's; exit code 1 if they differ",
    )
    run.add_argument(
        "--use",
        action="append",
        default=[],
        metavar="FOLDER/NAME=OTHER",
        help="replace a missing model by another; may be repeated",
    )
    folders(run)


def add_inspect(parser: argparse.ArgumentParser) -> None:
    """Declare those of `weft inspect`."""
    parser.add_argument("picture", help="PNG, WebP or JPEG")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--workflow", metavar="FILE", help="write the embedded workflow to a file")
    parser.add_argument("--strip", metavar="FILE", help="write a copy without metadata")
