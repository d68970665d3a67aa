"""Training whose steps are made in blocks of environments, by workers in this process or elsewhere.

The learner sends each worker the weights and the state of a block, and learns from the answers of all blocks. An answer
is a function of its request alone, and the learner has the bytes of ``Trainer.learn`` in the end, whichever workers
answered. ``freewheel.ray`` has workers on a cluster; ``Local`` is the same without one.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Protocol

from . import _freewheel
from .agents import Callback, Progress, Trainer

MIN_BLOCK = 4
"""Fewest environments of a block, unless a block has all."""


class Workers(Protocol):
    """Processes that answer requests."""

    def play(self, weights: bytes, requests: Sequence[bytes]) -> list[bytes]:
        """Answers to all ``requests``, in any order."""


class Local:
    """Worker in this process, which plays one block after the other."""

    def __init__(self, trainer: Trainer) -> None:
        self.worker = _freewheel.RolloutWorker(trainer.native.worker_config())

    def play(self, weights: bytes, requests: Sequence[bytes]) -> list[bytes]:
        return [self.worker.play(weights, request) for request in requests]


def smallest_block(num_envs: int) -> int:
    """Smallest possible number of environments of a block."""
    return next((n for n in range(MIN_BLOCK, num_envs) if num_envs % n == 0), num_envs)


def learn(
    trainer: Trainer,
    steps: int,
    workers: Workers | None = None,
    *,
    block: int | None = None,
    file: str | os.PathLike[str] | None = None,
    save_every: int = 100,
    callback: Callback | None = None,
) -> Trainer:
    """Learns from ``steps`` more environment steps, which ``workers`` make in blocks of ``block`` environments.

    The result has the same bytes for any workers and any blocks, and as after ``trainer.learn``. ``file`` is saved
    atomically after every ``save_every`` updates and at the end; ``Trainer.load(file)`` goes on from there. A true
    result of ``callback``, which gets the progress of each update, stops.
    """
    if steps < 0 or save_every < 1:
        raise ValueError("steps must be at least 0, and save_every at least 1")
    workers = workers or Local(trainer)
    block = smallest_block(trainer.num_envs) if block is None else block
    end, updates, stopped = trainer.step + steps, 0, False
    while trainer.step < end and not stopped:
        answers = workers.play(*trainer.native.begin_rollouts(block, end - trainer.step))
        *numbers, metrics = trainer.native.learn_from(answers)
        updates += 1
        progress = Progress(*numbers, dict(metrics))
        trainer.curve.append(progress)
        if file is not None and updates % save_every == 0:
            trainer.save(file)
        stopped = bool(callback and callback(progress))
    if file is not None:
        trainer.save(file)
    return trainer
