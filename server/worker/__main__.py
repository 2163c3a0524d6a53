"""`python -m weft.server.worker`: a worker process; started by the server, not by people."""

from __future__ import annotations

from .process import main

if __name__ == "__main__":
    main()
