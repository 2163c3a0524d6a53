"""`training` and `benchmarks` are folders of the repository, not part of the installed package."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
