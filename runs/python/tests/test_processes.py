"""Processes, threads, descriptors and memory."""

import gc
import multiprocessing
import os
import sys
import threading
from pathlib import Path

import gymnasium
import numpy as np
import pytest

import freewheel

linux = pytest.mark.skipif(not Path("/proc/self").exists(), reason="counts need /proc")


def work(seed):
    """Work that uses many threads, on every kind of native object."""
    envs = gymnasium.make_vec("freewheel/go-9x9-v0", 64, autoreset_mode="SameStep")
    _, infos = envs.reset(seed=seed)
    for _ in range(40):
        _, _, _, _, infos = envs.step(infos["action_mask"].argmax(1))
    agent = freewheel.train("classic/cartpole", "ppo", steps=4096, seeds=[seed], num_envs=8)[0]
    return float(agent.evaluate(16).sum()), freewheel.World("grid/taxi").reference.value


@pytest.fixture(scope="module")
def expected():
    return work(3)


def child(queue):
    queue.put(work(3))


def grandchild(queue):
    process = multiprocessing.get_context("fork").Process(target=child, args=(queue,))
    process.start()
    process.join(120)
    queue.put(work(3))


@pytest.mark.parametrize("target", [child, grandchild])
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_processes(method, target, expected):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} here")
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    process = context.Process(target=target, args=(queue,))
    process.start()
    results = [queue.get(timeout=240) for _ in range(1 if target is child else 2)]
    process.join(60)
    assert process.exitcode == 0
    assert results == [expected] * len(results)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_objects_of_the_parent_work_in_a_forked_child(expected):
    envs = gymnasium.make_vec("freewheel/go-9x9-v0", 64, autoreset_mode="SameStep")
    _, infos = envs.reset(seed=1)
    agent = freewheel.Trainer("classic/cartpole", "ppo", steps=4096, num_envs=8)
    agent.learn(2048)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            obs, *_ = envs.step(infos["action_mask"].argmax(1))
            agent.learn(2048)
            os.write(writer, f"{obs.sum()} {agent.evaluate(8).sum()}".encode())
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0
    obs, *_ = envs.step(infos["action_mask"].argmax(1))
    agent.learn(2048)
    assert os.read(reader, 1000).decode() == f"{obs.sum()} {agent.evaluate(8).sum()}"
    os.close(reader), os.close(writer)


def test_async_vector_environments():
    make = [lambda: gymnasium.make("freewheel/classic-cartpole-v0")] * 2
    envs = gymnasium.vector.AsyncVectorEnv(make)
    sync = gymnasium.vector.SyncVectorEnv(make)
    assert np.array_equal(envs.reset(seed=0)[0], sync.reset(seed=0)[0])
    for _ in range(50):
        actions = sync.action_space.sample()
        assert np.array_equal(envs.step(actions)[0], sync.step(actions)[0])
    envs.close()


def counts():
    gc.collect()
    return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))


@linux
def test_a_thousand_environments_are_created_and_closed():
    def cycle():
        env = gymnasium.make("freewheel/grid-cliff-v0")
        env.reset(seed=0), env.step(0), env.close()
        envs = gymnasium.make_vec("freewheel/classic-cartpole-v0", 4, autoreset_mode="SameStep", copy=False)
        envs.reset(seed=0), envs.step(np.zeros(4, np.int64)), envs.close()

    def train():
        freewheel.train("grid/cliff", "q-learning", steps=100)[0].evaluate(2)

    for _ in range(20):
        cycle(), train()
    before, memory = counts(), resident()
    for _ in range(1000):
        cycle()
    for _ in range(200):
        train()
    assert counts() == before
    assert resident() - memory < 24e6


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@linux
@pytest.mark.parametrize("mode, copy", [("SameStep", True), ("SameStep", False), ("NextStep", True)])
def test_memory_is_flat_over_ten_million_steps(mode, copy):
    num_envs = 512
    envs = gymnasium.make_vec("freewheel/classic-cartpole-v0", num_envs, autoreset_mode=mode, copy=copy)
    envs.reset(seed=0)
    envs.action_space.seed(0)
    actions = [envs.action_space.sample() for _ in range(16)]
    steps, at = 10_000_000 // num_envs, []
    for step in range(steps + 1):
        envs.step(actions[step % 16])
        if step % (steps // 10) == 0:
            at.append(resident())
    assert max(at[2:]) - at[1] < 4e6, at


def test_the_interpreter_lock_is_released():
    """Python goes on in another thread while an agent learns."""
    count, stop = [0], threading.Event()

    def tick():
        while not stop.is_set():
            count[0] += 1

    thread = threading.Thread(target=tick)
    agent = freewheel.Trainer("classic/cartpole", "ppo", steps=20_000)
    thread.start()
    agent.learn(20_000)
    stop.set()
    thread.join()
    assert count[0] > 1000


def test_a_vector_environment_in_many_threads():
    envs = gymnasium.make_vec("freewheel/classic-cartpole-v0", 16, autoreset_mode="SameStep")
    envs.reset(seed=0)

    def steps():
        for _ in range(300):
            envs.step(np.zeros(16, np.int64))

    threads = [threading.Thread(target=steps) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join(60) for thread in threads]
    assert not any(thread.is_alive() for thread in threads)


@pytest.mark.skipif(getattr(sys, "_is_gil_enabled", lambda: True)(), reason="this interpreter has its lock")
def test_free_threaded():
    raise AssertionError("the stable ABI has no free-threaded builds; this module must not be importable here")
