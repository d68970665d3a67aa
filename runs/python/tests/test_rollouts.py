"""Rollouts in blocks: the bytes of an undivided run, from any workers, in any order, after a kill."""

import importlib.util
import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

import freewheel
from freewheel import _freewheel, rollouts

CASES = {
    "ppo": ("classic/cartpole", "ppo", {"num_envs": 16, "num_steps": 32}),
    "a2c": ("classic/pendulum", "a2c", {"num_envs": 8}),
    "masks": ("grid/taxi", "ppo", {"num_envs": 8, "num_steps": 16, "world_settings": {"mask": True}}),
    "game": ("go/5x5", "ppo", {"num_envs": 8, "num_steps": 8, "world_settings": {"opponent": "self"}}),
    "dqn": ("classic/cartpole", "dqn", {"num_envs": 8, "train_freq": 64, "learning_starts": 512}),
}
SEARCH = {"num_envs": 8, "simulations": 8, "hidden_sizes": [16], "learning_starts": 64, "train_freq": 64}
STEPS = 4096


def trainer(case, steps=STEPS):
    world, agent, settings = CASES[case]
    return freewheel.Trainer(world, agent, steps=steps, seed=3, **settings)


def saved(learned, folder):
    learned.save(folder / "saved.fw")
    return (folder / "saved.fw").read_bytes()


@pytest.fixture(scope="module")
def undivided(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undivided")
    return {case: saved(trainer(case).learn(STEPS), folder) for case in CASES}


class Strange:
    """Two workers that answer each request twice, in an order of their own."""

    def __init__(self, learner):
        config = learner.native.worker_config()
        self.workers = [_freewheel.RolloutWorker(config) for _ in range(2)]

    def play(self, weights, requests):
        answers = []
        for number, request in reversed(list(enumerate(requests))):
            one, other = (worker.play(weights, request) for worker in self.workers)
            assert one == other
            answers.insert(number % 2, one)
        return answers


@pytest.mark.parametrize("case", CASES)
def test_blocks_give_the_bytes_of_an_undivided_run(case, undivided, tmp_path):
    learned = trainer(case)
    for block in {4, 8, learned.num_envs}:
        learned = trainer(case)
        curve = []
        rollouts.learn(learned, STEPS, block=block, callback=lambda progress: curve.append(progress) and None)
        assert saved(learned, tmp_path) == undivided[case], block
        assert curve == learned.curve and curve[-1].step == STEPS and curve[-1].steps_per_second > 0
    learned = trainer(case)
    rollouts.learn(learned, STEPS, Strange(learned))
    assert saved(learned, tmp_path) == undivided[case]
    # Parts of `learn` and of rollouts, which end within a rollout.
    learned = trainer(case)
    rollouts.learn(learned, 1000)
    learned.learn(1000)
    rollouts.learn(learned, STEPS - learned.step)
    assert learned.step == STEPS


def test_searches_depend_on_the_blocks_and_not_on_the_workers(tmp_path):
    def new():
        return freewheel.Trainer("go/5x5", "alphazero", seed=3, steps=256, **SEARCH)

    expected = saved(new().learn(256), tmp_path)
    assert saved(rollouts.learn(new(), 256, block=8), tmp_path) == expected
    halves = saved(rollouts.learn(new(), 256, block=4), tmp_path)
    learned = new()
    assert saved(rollouts.learn(learned, 256, Strange(learned), block=4), tmp_path) == halves


def play(config, weights, request):
    return _freewheel.RolloutWorker(config).play(weights, request)


def test_workers_in_other_processes(undivided, tmp_path):
    learned = trainer("ppo")
    config = learned.native.worker_config()
    with multiprocessing.get_context("spawn").Pool(2) as pool:

        class Pool:
            def play(self, weights, requests):
                return pool.starmap(play, [(config, weights, request) for request in requests], 1)

        rollouts.learn(learned, STEPS, Pool())
    assert saved(learned, tmp_path) == undivided["ppo"]


def test_other_weights_are_refused_and_nothing_is_lost(undivided, tmp_path):
    learned = trainer("ppo")
    worker = rollouts.Local(learned)
    weights, requests = learned.native.begin_rollouts(8, STEPS)
    answers = worker.play(weights, requests)
    other = freewheel.Trainer("classic/cartpole", "ppo", steps=STEPS, seed=4, num_envs=16, num_steps=32)
    other_weights, other_requests = other.native.begin_rollouts(8, STEPS)
    with pytest.raises(ValueError, match="the weights are not those of step 0"):
        worker.play(other_weights, requests)
    with pytest.raises(ValueError, match="damaged"):
        worker.play(weights, [requests[0][:-1]])
    for wrong, text in [
        (rollouts.Local(other).play(other_weights, other_requests), "other weights of the same step"),
        (answers[:1], "of 8 environments, not of 16"),
        (answers[1:], "environment 0 is missing"),
        ([answers[0], answers[0]], "environment 8 is missing"),
        ([], "of 0 environments"),
        ([answers[0], answers[1][:-9]], "damaged"),
    ]:
        with pytest.raises(ValueError, match=text):
            learned.native.learn_from(wrong)
    learned.native.learn_from(answers)
    with pytest.raises(ValueError, match="weights of step 0, and this is step 512"):
        learned.native.learn_from(answers)
    rollouts.learn(learned, STEPS - learned.step, worker)
    assert saved(learned, tmp_path) == undivided["ppo"]


CODE = """
import sys, freewheel
from freewheel import rollouts
file = sys.argv[1]
world, agent, settings = ("classic/cartpole", "ppo", {"num_envs": 16, "num_steps": 32})
try:
    trainer = freewheel.Trainer.load(file)
except FileNotFoundError:
    trainer = freewheel.Trainer(world, agent, steps=4096, seed=3, **settings)
print("ready", flush=True)
rollouts.learn(trainer, 4096 - trainer.step, file=file, save_every=1)
"""


def test_a_killed_learner_goes_on_from_its_file(undivided, tmp_path):
    file = tmp_path / "run.fw"
    command = [sys.executable, "-c", CODE, os.fspath(file)]
    kills = 0
    for wait in [0.0, 0.05, 0.1, 0.2, 0.3]:
        child = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert child.stdout.readline() == b"ready\n"
        time.sleep(wait)
        kills += child.poll() is None
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
    assert kills > 0
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert file.read_bytes() == undivided["ppo"]


def test_wrong_use():
    learned = trainer("ppo")
    for block, text in [(0, "must divide"), (3, "must divide"), (2, "at least 4"), (32, "must divide")]:
        with pytest.raises(ValueError, match=text):
            rollouts.learn(learned, 100, block=block)
    with pytest.raises(ValueError, match="save_every"):
        rollouts.learn(learned, 100, save_every=0)
    tabular = freewheel.Trainer("grid/cliff", "q-learning", num_envs=8)
    with pytest.raises(ValueError, match="q-learning cannot be made by other processes"):
        rollouts.learn(tabular, 100)
    stacked = freewheel.Trainer("classic/cartpole", "ppo", num_envs=8, frame_stack=2)
    with pytest.raises(ValueError, match="leave out frame_stack"):
        rollouts.learn(stacked, 100)
    with pytest.raises(ValueError, match="not settings of a worker"):
        _freewheel.RolloutWorker("nonsense")
    gymnasium = pytest.importorskip("gymnasium")
    own = freewheel.Trainer(lambda: gymnasium.make("CartPole-v1"), "ppo", num_envs=8)
    with pytest.raises(ValueError, match="use an id"):
        rollouts.learn(own, 100)


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="Ray is installed")
def test_without_ray_the_error_names_the_mend():
    with pytest.raises(ImportError, match=r"pip install 'freewheel\[ray\]'"):
        import freewheel.ray  # noqa: F401
