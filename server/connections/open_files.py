"""How many files and connections the system lets this process have open."""

from __future__ import annotations

import contextlib
import sys

_MOST = 65_536  # some systems say a billion, and programs that are started count up to the limit
_RESERVED = 96  # files: the database, the workers' pipes, logs, modules
_FALLBACK = 512  # where nobody tells; Windows has no such limit of its own


def raise_limit() -> int:
    """Raise the soft limit of open files to the hard one (to 65,536 at most); what it is now.

    Worker processes inherit it.
    """
    if sys.platform == "win32":
        return _FALLBACK
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return _MOST if soft == resource.RLIM_INFINITY else soft


def room_for(files: int, wanted: int) -> int:
    """How many connections there may be.

    Args:
        files: Most open files.
        wanted: Most connections that are wanted.

    Returns:
        As many as are wanted, if two thirds of the files are enough for them: an answer may need
        a file besides its connection, and some connections are open before they are counted.
    """
    return max(min(wanted, (files - _RESERVED) * 2 // 3), 8)
