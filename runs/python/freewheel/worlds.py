"""Worlds: rules, a reference score and a baseline score."""

from __future__ import annotations

import json
import os
from functools import cached_property
from typing import Any, NamedTuple

from . import _freewheel


class Reference(NamedTuple):
    """Best score of a world."""

    value: float
    """Score of the reference."""
    certainty: str
    """``exact``; ``bracket``: reached, and within a proved bound; ``best-known``: without a proof."""
    bound: float | None
    """Proved bound on the score of every policy, if one is known."""


class Baseline(NamedTuple):
    """Score of a policy that has learned nothing."""

    value: float
    name: str
    """Name of the policy, such as ``random``."""


class Setting(NamedTuple):
    """Setting of a world or an agent."""

    name: str
    about: str
    """Meaning, unit and range."""
    default: Any
    """Default; ``None`` if it depends on the world, or if the setting is optional."""


def to_json(settings: dict[str, Any]) -> str:
    """Settings as JSON; numbers and arrays of NumPy and paths are allowed."""

    def plain(value: Any) -> Any:
        if hasattr(value, "tolist"):
            return value.tolist()
        if isinstance(value, os.PathLike):
            return os.fspath(value)
        raise TypeError(f"a setting cannot be a value of the type {type(value).__name__}: {value!r}")

    return json.dumps(settings, default=plain)


def settings_of(fields: list[tuple[str, str, str]]) -> list[Setting]:
    """Settings of a world or agent of the registry."""
    return [Setting(name, about, json.loads(default)) for name, about, default in fields]


class World:
    """World ``id``, such as ``grid/taxi``, with settings as keyword arguments.

    Raises ``ValueError`` for an unknown world or setting, and for a value out of range.
    """

    def __init__(self, id: str, **settings: Any) -> None:
        self._name, self._settings = id, settings
        self.native = _freewheel.World(id, to_json(settings))

    def __repr__(self) -> str:
        settings = "".join(f", {key}={value!r}" for key, value in self._settings.items())
        return f"World({self._name!r}{settings})"

    def __reduce__(self):
        return _world, (self._name, self._settings)

    @property
    def id(self) -> str:
        """Name of the world."""
        return self.native.id

    @property
    def version(self) -> int:
        """Version of the rules; scores of different versions are not comparable."""
        return self.native.version

    @property
    def action_names(self) -> list[str]:
        """Names of the discrete actions, or of the numbers of a continuous action."""
        return self.native.action_names

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
        low, high = self.baseline.value, self.reference.value
        if low == high:
            raise ValueError(f"{self.id}: the baseline equals the reference ({low}); there is no scale between them")
        return (score - low) / (high - low)


def _world(id: str, settings: dict[str, Any]) -> World:
    return World(id, **settings)


def world_settings(id: str) -> list[Setting]:
    """Settings of a world, which ``World``, ``gymnasium.make`` and ``make_vec`` take as keyword arguments."""
    return settings_of(_freewheel.world_settings(id))


def agent_settings(id: str) -> list[Setting]:
    """Settings of an agent, which ``Trainer`` and ``train`` take as keyword arguments."""
    return settings_of(_freewheel.agent_settings(id))
