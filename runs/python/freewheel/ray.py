"""Freewheel on a Ray cluster: rollouts by actors for a central learner, and sweeps by Ray Tune over runs.

    import freewheel.ray
    agent = freewheel.ray.train("classic/cartpole", "ppo", steps=1_000_000, workers=16, num_envs=64, file="run.fw")

``train`` has the bytes of ``freewheel.train``, for any number of workers and whichever of them die. Calling it again
goes on from ``file``. ``tuner`` is a sweep by Ray Tune whose trials are runs of the program.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from . import _freewheel, rollouts
from .agents import Callback, Trainer
from .runs import flat

try:
    import ray
    from ray import exceptions
except ImportError as error:
    raise ImportError("freewheel.ray needs Ray: pip install 'freewheel[ray]'", name="ray") from error

MAX_ATTEMPTS = 20
"""Number of workers that may die with one request, before it is taken for the cause."""


@ray.remote(max_restarts=0)
class _Worker:
    """Actor that answers requests; it keeps nothing that an answer depends on."""

    def __init__(self, config: str) -> None:
        self.worker = _freewheel.RolloutWorker(config)

    def play(self, weights: bytes, request: bytes) -> bytes:
        return self.worker.play(weights, request)

    def pid(self) -> int:
        return os.getpid()


class Workers:
    """Ray actors that make the steps of a trainer.

    A request is sent to the actor with the fewest requests, at most ``in_flight`` to each. The requests of an actor
    that has died, with its process or its node, are sent to others, and a new actor takes its place. ``resources`` are
    those of one actor, in the form of ``ray.remote``.
    """

    deaths: int
    """Number of actors that have died so far."""
    received: int
    """Bytes of all answers so far."""

    def __init__(
        self, trainer: Trainer, count: int, *, in_flight: int = 2, resources: dict[str, Any] | None = None
    ) -> None:
        if count < 1 or in_flight < 1:
            raise ValueError("there must be at least 1 worker, and in_flight must be at least 1")
        self._config, self._in_flight = trainer.native.worker_config(), in_flight
        self._resources = {"num_cpus": 1, **(resources or {})}
        self._actors = [self._start() for _ in range(count)]
        self.deaths = self.received = 0

    def _start(self) -> Any:
        return _Worker.options(**self._resources).remote(self._config)

    def pids(self) -> list[int]:
        """Process ids of the actors, on their nodes."""
        return ray.get([actor.pid.remote() for actor in self._actors])

    def play(self, weights: bytes, requests: Sequence[bytes]) -> list[bytes]:
        """Answers to all ``requests``, in their order."""
        shared = ray.put(weights)
        waiting, attempts = deque(range(len(requests))), [0] * len(requests)
        answers: list[bytes] = [b""] * len(requests)
        # Request and actor of each answer that is not there yet.
        running: dict[Any, tuple[int, Any]] = {}
        while waiting or running:
            load = {actor: 0 for actor in self._actors}
            for _, actor in running.values():
                if actor in load:
                    load[actor] += 1
            while waiting:
                actor = min(load, key=load.__getitem__)
                if load[actor] == self._in_flight:
                    break
                index = waiting.popleft()
                running[actor.play.remote(shared, requests[index])] = (index, actor)
                load[actor] += 1
            ready, _ = ray.wait(list(running), num_returns=1)
            for answer in ready:
                index, actor = running.pop(answer)
                try:
                    answers[index] = ray.get(answer)
                    self.received += len(answers[index])
                except exceptions.RayTaskError as error:
                    raise error.as_instanceof_cause() from None
                except exceptions.RayError as error:
                    attempts[index] += 1
                    if attempts[index] == MAX_ATTEMPTS:
                        raise RuntimeError(f"{MAX_ATTEMPTS} workers died with one request") from error
                    waiting.appendleft(index)
                    self._replace(actor)
        return answers

    def _replace(self, actor: Any) -> None:
        """Starts another actor in the place of one that has died, if that has not been done."""
        if actor in self._actors:
            self.deaths += 1
            ray.kill(actor)
            self._actors[self._actors.index(actor)] = self._start()

    def close(self) -> None:
        """Ends the actors."""
        for actor in self._actors:
            ray.kill(actor)
        self._actors = []


def train(
    world: str,
    agent: str,
    *,
    steps: int,
    workers: int,
    block: int | None = None,
    file: str | os.PathLike[str] | None = None,
    save_every: int = 100,
    in_flight: int = 2,
    resources: dict[str, Any] | None = None,
    callback: Callback | None = None,
    **settings: Any,
) -> Trainer:
    """Trains ``agent`` in ``world`` for ``steps`` steps, which ``workers`` actors make; returns the trainer.

    If ``file`` is there, training goes on from it: so the same call continues a run whose head node has died. Other
    arguments are those of ``freewheel.rollouts.learn``, of ``Workers`` and of ``Trainer``.
    """
    if file is not None and os.path.exists(file):
        trainer = Trainer.load(file)
    else:
        trainer = Trainer(world, agent, steps=steps, **settings)
    actors = Workers(trainer, workers, in_flight=in_flight, resources=resources)
    try:
        left = max(steps - trainer.step, 0)
        return rollouts.learn(
            trainer, left, actors, block=block, file=file, save_every=save_every, callback=callback
        )
    finally:
        actors.close()


def tuner(
    world: str,
    agent: str,
    space: dict[str, Any],
    *,
    steps: int,
    folder: str | os.PathLike[str],
    period: float = 1.0,
    **tune_config: Any,
) -> Any:
    """Sweep with Ray Tune: a ``ray.tune.Tuner`` whose trials are runs of the program, as of ``freewheel train``.

    ``space`` has the settings to search, such as ``{"learning_rate": tune.loguniform(1e-4, 1e-2)}``: those of the agent
    by name, others with their table (``world.time_limit``), and ``seed``. ``folder`` is a folder that all nodes share;
    each trial has a folder there, which is a results folder of the program. If ``folder`` has a sweep already, it is
    restored: trials that had ended stay, and the others go on from the newest checkpoints of their runs. A trial
    reports ``step``, ``score`` and the other numbers of each evaluation while it learns, and at the end those of
    ``eval.json``. Other arguments are those of ``ray.tune.TuneConfig``, such as ``metric="score", mode="max"``.
    """
    from ray import tune

    folder = Path(folder).absolute()

    def trial(parameters: dict[str, Any]) -> None:
        own = folder / tune.get_context().get_trial_name()
        run(world, agent, parameters, steps=steps, folder=own, period=period, report=tune.report)

    if (folder / "tuner.pkl").exists():
        return tune.Tuner.restore(os.fspath(folder), trial, resume_errored=True, param_space=space)
    return tune.Tuner(
        trial,
        param_space=space,
        tune_config=tune.TuneConfig(trial_dirname_creator=_trial_folder, **tune_config),
        run_config=tune.RunConfig(name=folder.name, storage_path=os.fspath(folder.parent)),
    )


def _trial_folder(trial: Any) -> str:
    """Name of the folder of a trial: that of its run."""
    return str(trial)


def run(
    world: str,
    agent: str,
    parameters: dict[str, Any],
    *,
    steps: int,
    folder: Path,
    period: float = 1.0,
    report: Callable[[dict[str, Any]], None] = lambda _: None,
) -> dict[str, Any]:
    """Trains one run of the program below ``folder``, or finishes it; returns its results (``eval.json``)."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {key: value for key, value in parameters.items() if key != "seed"}
    words = ["train", world, agent, "--steps", str(steps), "--seeds", str(parameters.get("seed", 0))]
    for key, value in settings.items():
        words += ["--set", f"{key if '.' in key else 'agent.' + key}={json.dumps(value)}"]
    words += ["--out", os.fspath(folder), "--threads", "1", "--quiet"]
    errors = folder / "errors.txt"
    with open(errors, "w") as log:
        program = [sys.executable, "-m", "freewheel", *words]
        child = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=log, preexec_fn=_die_with_parent)
        try:
            read = len(_lines(folder))
            while (code := child.poll()) is None:
                time.sleep(period)
                lines = _lines(folder)
                for line in lines[read:]:
                    numbers = flat(json.loads(line))
                    if "evaluation.score" in numbers:
                        report({**numbers, "score": numbers["evaluation.score"]})
                read = len(lines)
        finally:
            # A scheduler that stops the trial: the program saves a checkpoint.
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
                child.wait()
    if code != 0:
        raise RuntimeError(f"freewheel {' '.join(words)}: exit code {code}\n{errors.read_text()}")
    errors.unlink()
    results = json.loads(next(folder.glob("*/seed-*/eval.json")).read_text())
    report({**flat(results), "step": steps, "score": flat(results)["evaluation.mean"]})
    return results


def _die_with_parent() -> None:
    """Ends the program with the actor that runs the trial, where the system can do so."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _lines(folder: Path) -> list[str]:
    """Whole lines of the metrics of the run below ``folder``."""
    for file in folder.glob("*/seed-*/metrics.jsonl"):
        return file.read_text().split("\n")[:-1]
    return []
