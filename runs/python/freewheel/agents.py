"""Agents that learn in the worlds."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from . import _freewheel


class Progress(NamedTuple):
    """Progress of training."""

    step: int
    """Environment steps so far."""
    episodes: int
    """Training episodes so far."""
    mean_return: float
    """Mean return of the latest 100 training episodes; NaN before the first has ended."""
    mean_length: float
    """Mean length of these episodes, in steps."""
    steps_per_second: float
    metrics: dict[str, float]
    """Metrics of the agent since the last report, such as ``policy_loss``."""


class Trainer:
    """Agent that learns in a world.

    Keyword arguments are settings of the agent, such as ``gamma=0.9``; ``world_settings`` are those of the world. Without
    ``preset=False``, the settings that the program knows for this world are used where none are given. The files of
    ``save`` are those of the Rust library.
    """

    def __init__(
        self,
        world: str,
        agent: str,
        *,
        steps: int | None = None,
        seed: int = 0,
        num_envs: int | None = None,
        preset: bool = True,
        world_settings: dict[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        self.native = _freewheel.Trainer(
            world,
            agent,
            total_steps=steps,
            seed=seed,
            num_envs=num_envs,
            settings_json=json.dumps(settings),
            world_settings_json=json.dumps(world_settings or {}),
            preset=preset,
        )
        self.curve: list[Progress] = []
        """Progress of training, about a hundred reports a call of ``learn``."""

    @classmethod
    def load(cls, file: str | os.PathLike[str]) -> Trainer:
        """Trainer that ``save`` or the Rust library saved; learning goes on with the same bytes."""
        trainer = cls.__new__(cls)
        trainer.native, trainer.curve = _freewheel.Trainer.load(os.fspath(file)), []
        return trainer

    def save(self, file: str | os.PathLike[str]) -> None:
        """Saves all that learning needs to go on."""
        self.native.save(os.fspath(file))

    @property
    def step(self) -> int:
        """Environment steps so far."""
        return self.native.step

    def learn(self, steps: int, callback: Callable[[Progress], bool | None] | None = None) -> Trainer:
        """Learns from ``steps`` more environment steps; a true result of ``callback`` stops."""

        def report(*values: Any) -> bool:
            progress = Progress(*values[:5], dict(values[5]))
            self.curve.append(progress)
            return bool(callback and callback(progress))

        self.native.learn(steps, report)
        return self

    def evaluate(self, episodes: int = 100) -> np.ndarray:
        """Scores of ``episodes`` episodes with the greedy policy; NaN for an episode without a score."""
        return np.asarray(self.native.evaluate(episodes))

    def predict(self, obs: Any, mask: Any = None) -> int | np.ndarray:
        """Greedy action for one observation; ``mask`` tells for each action whether it is legal."""
        obs = np.ascontiguousarray(obs, dtype=np.float32).reshape(-1)
        return self.native.predict(obs, None if mask is None else [bool(legal) for legal in mask])


def train(
    world: str,
    agent: str,
    *,
    steps: int,
    seeds: Iterable[int] = (0,),
    callback: Callable[[Progress], bool | None] | None = None,
    **settings: Any,
) -> list[Trainer]:
    """Trains ``agent`` in ``world`` for each of ``seeds``; returns the trainers."""
    return [Trainer(world, agent, steps=steps, seed=seed, **settings).learn(steps, callback) for seed in seeds]
