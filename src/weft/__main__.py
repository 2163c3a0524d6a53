"""`python -m weft` is `weft`."""

import sys

from .cli.main import main

sys.exit(main())
