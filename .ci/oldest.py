"""Print the oldest versions that pyproject.toml admits, as constraints for pip."""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement

project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
wanted = [*project["dependencies"], *sum(project["optional-dependencies"].values(), [])]
for requirement in map(Requirement, wanted):
    (oldest,) = [each.version for each in requirement.specifier if each.operator in (">=", "==")]
    print(f"{requirement.name}=={oldest}")
