"""The table of handlers: every kind of attachment is known to one."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import pytest

import weft.diffusion as wd
from weft.diffusion import types
from weft.diffusion.denoising.handlers import HANDLERS
from weft.diffusion.types import Attachment


def kinds() -> set[type[Attachment]]:
    """Every class of attachments that a module of `types` declares."""
    modules = [import_module(f"{types.__name__}.{m.name}") for m in iter_modules(types.__path__)]
    found = [each for module in modules for each in vars(module).values()]
    return {k for k in found if isinstance(k, type) and issubclass(k, Attachment)} - {Attachment}


@pytest.mark.parametrize("kind", sorted(kinds(), key=lambda k: k.__name__))
def test_every_kind_of_attachment_has_one_handler_and_a_public_name(
    kind: type[Attachment],
) -> None:
    assert len([handler for handler in HANDLERS if kind in handler.kinds]) == 1
    assert getattr(types, kind.__name__) is kind  # the disk cache finds it by this name


def test_the_table_holds_the_kinds_that_there_are() -> None:
    assert {kind for handler in HANDLERS for kind in handler.kinds} == kinds()


def test_single_attachment_replaces_its_own_kind_and_others_pile_up() -> None:
    import torch

    entry = wd.ConditioningEntry(torch.zeros(1, 1, 4))
    first, second = types.Concat(torch.zeros(1)), types.Concat(torch.ones(1))
    one, two = types.ImagePrompt(torch.zeros(1, 4)), types.ImagePrompt(torch.ones(1, 4))
    found = entry.attach(one, first).attach(two, second)
    assert found.attached == (one, two, second)
    assert found.without(types.ImagePrompt).attached == (second,)
    assert entry.attached == ()
