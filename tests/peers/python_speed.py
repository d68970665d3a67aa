"""Speed of vector environments in Python, one after the other in one process with one thread each.

    python_speed.py [SECONDS]    prints a table: environment steps a second with random actions, median of five rounds

A step of a batch is timed as a user has it: actions are drawn before, results are NumPy arrays. Packages that are not
installed are left out.
"""

import os
import statistics
import sys
import time
from importlib.metadata import PackageNotFoundError, version

os.environ.setdefault("RAYON_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import gymnasium  # noqa: E402
import numpy as np  # noqa: E402

import freewheel  # noqa: E402, F401

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 0.5
SIZES = [16, 256, 1024]


def freewheel_envs(name, mode, copy=True):
    # In Go, a step is one move of the player to move, as in the other packages.
    settings = {"opponent": "self"} if name.startswith("go-") else {}
    return lambda n: gymnasium.make_vec(f"freewheel/{name}-v0", n, autoreset_mode=mode, copy=copy, **settings)


def sync(name):
    return lambda n: gymnasium.make_vec(name, n, vectorization_mode="sync")


def own_vector(name):
    return lambda n: gymnasium.make_vec(name, n, vectorization_mode="vector_entry_point")


def envpool_envs(name):
    def make(n):
        import envpool

        return envpool.make_gymnasium(name, num_envs=n, num_threads=1, seed=0)

    return make


def puffer(module, cls):
    def make(n):
        import importlib

        return getattr(importlib.import_module(module), cls)(num_envs=n)

    return make


class OpenSpielGo:
    """Games of OpenSpiel in a loop, as its own vector environments step them: observations, masks, new games."""

    def __init__(self, n):
        import pyspiel

        self.game = pyspiel.load_game("go", {"board_size": 9, "komi": 7.5})
        self.states = [self.game.new_initial_state() for _ in range(n)]
        self.single_action_space = gymnasium.spaces.Discrete(self.game.num_distinct_actions())
        self.action_space = None
        self.obs = np.zeros((n, self.game.observation_tensor_size()), np.float32)

    def observe(self):
        mask = np.empty((len(self.states), self.single_action_space.n), np.int8)
        for i, state in enumerate(self.states):
            self.obs[i] = state.observation_tensor()
            mask[i] = state.legal_actions_mask()
        return {"action_mask": mask}

    def reset(self):
        return self.obs, self.observe()

    def step(self, actions):
        reward = np.zeros(len(self.states))
        for i, action in enumerate(actions):
            state = self.states[i]
            state.apply_action(int(action))
            if state.is_terminal():
                reward[i] = state.returns()[0]
                self.states[i] = self.game.new_initial_state()
        return self.obs, reward, None, None, self.observe()


CASES = {
    "FrozenLake": {
        "Gymnasium sync": sync("FrozenLake-v1"),
        "EnvPool": envpool_envs("FrozenLake-v1"),
        "freewheel": "grid-frozenlake-4x4",
    },
    "Taxi": {"Gymnasium sync": sync("Taxi-v4"), "EnvPool": envpool_envs("Taxi-v3"), "freewheel": "grid-taxi"},
    "CliffWalking": {
        "Gymnasium sync": sync("CliffWalking-v1"),
        "EnvPool": envpool_envs("CliffWalking-v0"),
        "freewheel": "grid-cliff",
    },
    "CartPole": {
        "Gymnasium sync": sync("CartPole-v1"),
        "Gymnasium vector": own_vector("CartPole-v1"),
        "EnvPool": envpool_envs("CartPole-v1"),
        "PufferLib": puffer("pufferlib.ocean.cartpole.cartpole", "Cartpole"),
        "freewheel": "classic-cartpole",
    },
    "Go 9x9": {
        "EnvPool": envpool_envs("Go9x9-v1"),
        "OpenSpiel": lambda n: OpenSpielGo(n),
        "PettingZoo": None,
        "PufferLib": puffer("pufferlib.ocean.go.go", "Go"),
        "freewheel": "go-9x9",
    },
}


def rate(make, n):
    """Environment steps a second of one environment maker; `None` if its package is missing."""
    try:
        envs = make(n)
    except (ImportError, PackageNotFoundError) as error:
        print(f"left out: {error}", file=sys.stderr)
        return None
    infos = envs.reset()[1]
    space = getattr(envs, "single_action_space", envs.action_space)
    rng = np.random.default_rng(0)
    # Taxi of Gymnasium and of EnvPool has masks of actions that change nothing, as has ours with `mask=True`: without.
    go = getattr(space, "n", 0) == 82
    key = next((key for key in ("action_mask", "legal_action_mask") if go and key in infos), None)
    actions = rng.integers(space.n, size=(64, n))
    if hasattr(envs, "action_space") and getattr(envs.action_space, "dtype", None) is not None:
        actions = actions.astype(envs.action_space.dtype)
    best = []
    for _ in range(5):
        count, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < SECONDS:
            for batch in actions:
                if key:
                    # A random legal move for each environment: the same work for every peer with masks.
                    mask = infos[key]
                    batch = np.where(mask[np.arange(n), batch], batch, mask.argmax(1))
                infos = envs.step(batch)[4]
            count += len(actions) * n
        best.append(count / (time.perf_counter() - begin))
    if hasattr(envs, "close"):
        envs.close()
    return statistics.median(best)


def pettingzoo_go(seconds):
    """Moves a second of one game of PettingZoo's Go and of ours with the same interface: `(theirs, ours)`."""
    from pettingzoo.classic import go_v5

    import freewheel.go

    def moves(env):
        rng, count, begin, seed = np.random.default_rng(0), 0, time.perf_counter(), 0
        while time.perf_counter() - begin < seconds:
            env.reset(seed=seed)
            seed += 1
            for _ in env.agent_iter():
                obs, _, terminated, truncated, _ = env.last()
                over = terminated or truncated
                env.step(None if over else int(rng.choice(np.flatnonzero(obs["action_mask"]))))
                count += not over
        return count / (time.perf_counter() - begin)

    return moves(go_v5.env(board_size=9, komi=7.0)), moves(freewheel.go.env("go/9x9"))


def show(value):
    return "-" if value is None else f"{value / 1e6:.3f}"


print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, millions of environment steps a second, one thread")
for package in ["freewheel", "gymnasium", "numpy", "envpool", "pufferlib", "pettingzoo"]:
    try:
        print(f"  {package} {version(package)}")
    except PackageNotFoundError:
        print(f"  {package} not installed")
print(f"\n| world | environments | {' | '.join(['package', 'rate', 'ours over theirs'])} |\n|---|---|---|---|---|")
for world, makers in CASES.items():
    name = makers["freewheel"]
    for n in SIZES:
        ours = {
            "freewheel NEXT_STEP": rate(freewheel_envs(name, "NextStep"), n),
            "freewheel SAME_STEP": rate(freewheel_envs(name, "SameStep"), n),
            "freewheel SAME_STEP, copy=False": rate(freewheel_envs(name, "SameStep", False), n),
        }
        for package, value in ours.items():
            print(f"| {world} | {n} | {package} | {show(value)} | |", flush=True)
        for package, make in makers.items():
            if package == "freewheel" or make is None:
                continue
            value = rate(make, n)
            if value is not None:
                ratio = ours["freewheel NEXT_STEP"] / value
                print(f"| {world} | {n} | {package} | {show(value)} | {ratio:.1f} |", flush=True)
try:
    theirs, ours = pettingzoo_go(4 * SECONDS)
    print(f"| Go 9x9, AEC | 1 | PettingZoo | {show(theirs)} | {ours / theirs:.1f} |")
    print(f"| Go 9x9, AEC | 1 | freewheel.go | {show(ours)} | |")
except ImportError as error:
    print(f"left out: {error}", file=sys.stderr)
