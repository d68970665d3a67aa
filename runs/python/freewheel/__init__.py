"""Freewheel: reinforcement-learning worlds with known optima, agents that learn in them, and the whole program.

    import freewheel
    agent = freewheel.train("classic/cartpole", "ppo", steps=100_000)[0]
    print(agent.evaluate(100).mean())

With Gymnasium installed, ``import freewheel`` registers every world: ``gymnasium.make("freewheel/grid-taxi-v0")``.
"""

from __future__ import annotations

from importlib.util import find_spec

from ._freewheel import agents, worlds
from .agents import Trainer, train
from .worlds import World

__all__ = ["Trainer", "World", "agents", "train", "worlds"]

if find_spec("gymnasium") is not None:
    from .envs import FreewheelEnv, FreewheelVectorEnv, register

    __all__ += ["FreewheelEnv", "FreewheelVectorEnv", "register"]
    register()
