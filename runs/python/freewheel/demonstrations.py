"""Demonstrations: recorded episodes as NumPy arrays and as data sets of Minari.

A store is a folder in Minari's own layout: ``minari.MinariDataset(store + "/data")`` loads it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _freewheel
from .worlds import World, to_json

if TYPE_CHECKING:
    from .agents import Trainer

Episode = dict[str, Any]


def record(
    world: str,
    store: str | os.PathLike[str],
    player: str | Trainer = "reference",
    *,
    episodes: int = 20,
    seed: int = 0,
    max_steps: int = 1000,
    delay: int = 0,
    noise: float = 0.0,
    blunders: float = 0.0,
    **settings: Any,
) -> int:
    """Records episodes and appends them to ``store``; returns the number of steps.

    ``player`` is ``reference``, ``random``, a scripted policy of the world, or a ``Trainer``. ``delay`` is a reaction
    delay in steps, ``noise`` the probability of a random action (or the size of the noise of a continuous action),
    ``blunders`` the probability of the worst action. Other arguments are settings of the world.
    """
    if episodes < 1 or max_steps < 1:
        raise ValueError("episodes and max_steps must be at least 1")
    name = player if isinstance(player, str) else player.native
    native = World(world, **settings).native
    return _freewheel.record_demonstrations(
        native,
        world,
        to_json(settings),
        os.fspath(store),
        name,
        episodes=episodes,
        seed=seed,
        max_steps=max_steps,
        delay=delay,
        noise=noise,
        blunders=blunders,
    )


def read(store: str | os.PathLike[str]) -> list[Episode]:
    """Episodes of a store, of Freewheel or of Minari with the data format ``arrow``.

    An episode of T steps has ``observations [T + 1, ..]``, ``actions [T]`` or ``[T, K]``, ``rewards [T]``,
    ``terminated``, ``truncated``, ``return`` and ``player``; ``action_mask [T + 1, A]`` and ``to_play [T + 1]`` where
    the world has them.
    """
    return _freewheel.read_demonstrations(os.fspath(store))


def transitions(episodes: list[Episode]) -> dict[str, np.ndarray]:
    """All steps of all episodes: ``obs``, ``action``, ``reward``, ``next_obs``, ``terminated``, ``truncated``."""
    if not episodes:
        raise ValueError("there are no episodes")

    def last(episode: Episode, key: str) -> np.ndarray:
        flags = np.zeros(len(episode["rewards"]), bool)
        if len(flags):
            flags[-1] = episode[key]
        return flags

    return {
        "obs": np.concatenate([episode["observations"][:-1] for episode in episodes]),
        "action": np.concatenate([episode["actions"] for episode in episodes]),
        "reward": np.concatenate([episode["rewards"] for episode in episodes]),
        "next_obs": np.concatenate([episode["observations"][1:] for episode in episodes]),
        "terminated": np.concatenate([last(episode, "terminated") for episode in episodes]),
        "truncated": np.concatenate([last(episode, "truncated") for episode in episodes]),
    }
