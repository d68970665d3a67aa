"""Freewheel: reinforcement-learning worlds with known optima, agents that learn in them, and the whole program.

    import freewheel
    agent = freewheel.train("classic/cartpole", "ppo", steps=100_000)[0]
    print(agent.evaluate(100).mean())

With Gymnasium installed, ``import freewheel`` registers every world: ``gymnasium.make("freewheel/grid-taxi-v0")``.
The modules ``freewheel.go`` (PettingZoo) and ``freewheel.dm`` (dm_env) are imported by name.
"""

from __future__ import annotations

from importlib.util import find_spec

from . import demonstrations
from ._freewheel import __version__, agents, worlds
from .agents import Progress, Trainer, columns, train
from .runs import metrics, results
from .worlds import Baseline, Reference, Setting, World, agent_settings, world_settings

__all__ = [
    "Baseline",
    "Progress",
    "Reference",
    "Setting",
    "Trainer",
    "World",
    "__version__",
    "agent_settings",
    "agents",
    "columns",
    "demonstrations",
    "metrics",
    "results",
    "train",
    "world_settings",
    "worlds",
]

if find_spec("gymnasium") is not None:
    from .envs import FreewheelEnv, FreewheelVectorEnv, register

    __all__ += ["FreewheelEnv", "FreewheelVectorEnv", "register"]
    register()
