"""Worlds: rules, a reference score and a baseline score."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any, NamedTuple

from . import _freewheel


class Reference(NamedTuple):
    """Best score of a world."""

    value: float
    """Score of the reference."""
    certainty: str
    """``exact``; ``bracket``: reached, below a proved upper bound; ``bestknown``: without a proof."""
    upper: float | None
    """Proved bound on the score of every policy, if one is known."""


class Baseline(NamedTuple):
    """Score of a policy that has learned nothing."""

    value: float
    name: str


class World:
    """World ``id``, such as ``grid/taxi``, with settings as keyword arguments.

    Raises ``ValueError`` for an unknown world or setting, and for a value out of range.
    """

    def __init__(self, id: str, **settings: Any) -> None:
        self.native = _freewheel.World(id, json.dumps(settings))

    def __repr__(self) -> str:
        return f"World({self.native.id!r})"

    @property
    def id(self) -> str:
        return self.native.id

    @property
    def version(self) -> int:
        return self.native.version

    @cached_property
    def reference(self) -> Reference:
        """Best score of the world; solved at the first use."""
        return Reference(*self.native.reference())

    @cached_property
    def baseline(self) -> Baseline:
        """Score of a policy that has learned nothing; solved at the first use."""
        return Baseline(*self.native.baseline())

    def normalized(self, score: float) -> float:
        """Score on the scale on which the baseline is 0 and the reference is 1."""
        base = self.baseline.value
        return (score - base) / (self.reference.value - base)
