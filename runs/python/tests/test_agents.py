"""Agents: learning, prediction, files, and the checkpoints of the program."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import freewheel

# The program without Python, if the caller has built it; else the one of the package.
GIVEN = os.environ.get("FREEWHEEL_PROGRAM")
PROGRAM = [GIVEN] if GIVEN else [sys.executable, "-m", "freewheel"]


def program(*words, folder):
    done = subprocess.run([*PROGRAM, *map(str, words)], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_learning_reaches_the_reference():
    agents = freewheel.train("grid/cliff", "q-learning", steps=30_000, seeds=range(2), learning_rate=0.5)
    for agent in agents:
        assert agent.step == 30_000 and (agent.evaluate(5) == -13.0).all()
        action = agent.predict(36)
        assert action == freewheel.World("grid/cliff").action_names.index("up")
    assert len(agents[0].curve) == 100 and agents[0].curve[-1].step == 30_000


def test_curves_are_columns():
    agent = freewheel.train("classic/cartpole", "ppo", steps=8192)[0]
    table = freewheel.columns(agent.curve)
    assert {"step", "mean_return", "steps_per_second"} < set(table)
    assert len({len(column) for column in table.values()}) == 1
    assert any("loss" in name for name in table)
    pandas = pytest.importorskip("pandas")
    assert pandas.DataFrame(table)["step"].is_monotonic_increasing


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    files = []
    for cut in [[4096], [1000, 96, 3000], [4096]]:
        agent = freewheel.Trainer("classic/cartpole", "ppo", steps=4096, seed=3, num_envs=8)
        for steps in cut:
            agent.learn(steps)
        agent.save(tmp_path / "agent.fw")
        files.append((tmp_path / "agent.fw").read_bytes())
    assert files[0] == files[1] == files[2]
    loaded = freewheel.Trainer.load(tmp_path / "agent.fw")
    loaded.save(tmp_path / "again.fw")
    assert (tmp_path / "again.fw").read_bytes() == files[0]
    assert np.array_equal(loaded.evaluate(10), agent.evaluate(10))


def test_a_callback_stops_and_its_exceptions_are_raised():
    agent = freewheel.Trainer("grid/cliff", "sarsa", steps=100_000)
    agent.learn(100_000, lambda progress: progress.step >= 5000)
    assert 5000 <= agent.step < 8000

    def fail(progress):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        agent.learn(100_000, fail)

    def reenter(progress):
        agent.evaluate(1)

    with pytest.raises(RuntimeError, match="learning"):
        agent.learn(1000, reenter)
    agent.learn(1000)


def test_continuous_actions():
    agent = freewheel.train("classic/pendulum", "ppo", steps=2048)[0]
    action = agent.predict([1.0, 0.0, 0.0])
    assert action.dtype == np.float32 and action.shape == (1,)
    with pytest.raises(ValueError, match="observation"):
        agent.predict([1.0, 0.0])
    with pytest.raises(TypeError):
        agent.predict("left")


def test_masks_of_predictions():
    agent = freewheel.train("grid/taxi", "q-learning", steps=2000, world_settings={"mask": True})[0]
    for only in range(6):
        assert agent.predict(7, [action == only for action in range(6)]) == only


def test_a_run_of_the_program_is_loaded(tmp_path):
    words = ["classic/cartpole", "ppo", "--steps", 8192, "--seeds", 5, "--out", "runs", "--quiet"]
    program("train", *words, folder=tmp_path)
    (run,) = tmp_path.glob("runs/*/seed-5")
    loaded = freewheel.Trainer.load(run)
    assert loaded.step == 8192
    ours = freewheel.train("classic/cartpole", "ppo", steps=8192, seeds=[5])[0]
    ours.save(tmp_path / "ours.fw")
    obs = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    assert [loaded.predict(one) for one in obs] == [ours.predict(one) for one in obs]
    assert np.array_equal(loaded.evaluate(20), ours.evaluate(20))
    # Both learn on with the same bytes.
    for agent in [loaded, ours]:
        agent.learn(1024)
    assert [loaded.predict(one) for one in obs] == [ours.predict(one) for one in obs]
    table = freewheel.metrics(run)
    assert table["step"][-1] == 8192 and np.isfinite(table["evaluation.score"]).any()
    scores = freewheel.Trainer.load(run).evaluate(200)
    assert freewheel.results(run)["evaluation"]["episodes"] == 200 == len(scores)


def test_the_program_reads_a_run_of_python(tmp_path):
    agent = freewheel.train("grid/cliff", "q-learning", steps=30_000, learning_rate=0.5)[0]
    run = Path(agent.save_run(tmp_path / "mine"))
    assert run.name == "seed-0" and (run / "config.toml").exists()
    text = program("eval", run, "--episodes", 10, "--json", folder=tmp_path)
    assert '"score": -13.0' in text or '"score":-13.0' in text, text
    program("resume", run, "--quiet", folder=tmp_path)
    assert freewheel.results(run)["steps"] == 30_000
    with pytest.raises(ValueError, match="already"):
        agent.save_run(tmp_path / "mine")
    assert (freewheel.Trainer.load(run).evaluate(5) == -13.0).all()


def test_control_c_stops_learning(tmp_path):
    script = """
import freewheel, signal, sys
# A shell that starts the tests in the background has Ctrl-C ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
agent = freewheel.Trainer("classic/cartpole", "ppo", steps=10**10)
try:
    print("started", flush=True)
    agent.learn(10**10)
except KeyboardInterrupt:
    agent.save(sys.argv[1])
    print("stopped at", agent.step, flush=True)
"""
    file = tmp_path / "stopped.fw"
    child = subprocess.Popen([sys.executable, "-c", script, str(file)], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "started\n"
    time.sleep(1.0)
    child.send_signal(signal.SIGINT)
    begin = time.monotonic()
    out, _ = child.communicate(timeout=30)
    assert time.monotonic() - begin < 5 and child.returncode == 0
    step = int(out.split()[-1])
    assert step > 0 and freewheel.Trainer.load(file).step == step


def test_the_whole_program(tmp_path):
    done = subprocess.run([sys.executable, "-m", "freewheel", "--version"], capture_output=True, text=True)
    assert done.returncode == 0 and freewheel.__version__ in done.stdout
    script = Path(sys.executable).with_name("freewheel")
    assert subprocess.run([script, "envs", "grid/cliff"], capture_output=True).returncode == 0
    wrong = subprocess.run([sys.executable, "-m", "freewheel", "trian"], capture_output=True, text=True)
    assert wrong.returncode == 2 and "train" in wrong.stderr
