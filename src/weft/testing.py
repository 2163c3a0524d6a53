"""For tests: what a run did, values of every socket type, the contract of a node.

from weft import testing

def test_brighten_keeps_its_contract() -> None:
    testing.check_node(brighten, image=testing.image(), by=1.5)

def test_new_seed_samples_again() -> None:
    log = testing.EventLog()
    engine.run(workflow.with_inputs(seed=2), on_event=log)
    testing.assert_ran(log, ["sample", "decode"])
"""

from __future__ import annotations

from .engine.contract.check import ContractError
from .engine.testing import EventLog, assert_ran
from .nodes.fixtures import SOCKETS, conditioning, image, latent, mask, value
from .nodes.testing import check_node, image_problem, mask_problem

__all__ = [
    "SOCKETS",
    "ContractError",
    "EventLog",
    "assert_ran",
    "check_node",
    "conditioning",
    "image",
    "image_problem",
    "latent",
    "mask",
    "mask_problem",
    "value",
]
