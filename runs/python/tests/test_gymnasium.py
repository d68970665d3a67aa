"""Gymnasium's own checks, and comparisons with Gymnasium's environments."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.utils.env_match import check_environments_match

import freewheel

IDS = sorted(id for id in gymnasium.registry if id.startswith("freewheel/") and id != "freewheel/World-v0")
# Worlds whose steps take long, and those that need another program.
SOME = [
    "freewheel/grid-cliff-v0",
    "freewheel/grid-taxi-v0",
    "freewheel/grid-frozenlake-4x4-v0",
    "freewheel/classic-cartpole-v0",
    "freewheel/classic-pendulum-v0",
    "freewheel/market-gbm-v0",
    "freewheel/go-5x5-v0",
]


class Legal(gymnasium.Wrapper, gymnasium.utils.RecordConstructorArgs):
    """Replaces an illegal action by the next legal one, for checks that sample all actions."""

    def __init__(self, env):
        gymnasium.utils.RecordConstructorArgs.__init__(self)
        gymnasium.Wrapper.__init__(self, env)

    def reset(self, **kwargs):
        obs, info = self.env.reset(**kwargs)
        self.mask = info.get("action_mask")
        return obs, info

    def step(self, action):
        if self.mask is not None:
            legal = np.flatnonzero(self.mask)
            action = legal[np.searchsorted(legal, action) % len(legal)]
        obs, reward, terminated, truncated, info = self.env.step(action)
        self.mask = info.get("action_mask")
        return obs, reward, terminated, truncated, info


def test_every_world_is_registered():
    registered = {gymnasium.spec(id).kwargs["world"] for id in IDS}
    others = {name for name, _ in freewheel.worlds()} - registered
    # Their names have numbers to choose, or they need a file.
    assert others == {"grid/deepsea-N", "grid/random-WxH-S", "grid/frozenlake-N-S", "go/NxN", "market/replay"}
    assert len(IDS) > 50 and set(SOME) < set(IDS)


@pytest.mark.parametrize("id", IDS)
def test_check_env(id):
    env = gymnasium.make(id)
    if env.unwrapped.world.native.masked:
        check_env(Legal(env.unwrapped), skip_render_check=True)
    else:
        check_env(env.unwrapped, skip_render_check=id not in SOME)


@pytest.mark.parametrize("id", SOME)
def test_check_environments_match(id):
    make = lambda: Legal(gymnasium.make(id, render_mode="ansi"))
    check_environments_match(make(), make(), num_steps=300, seed=3)


@pytest.mark.parametrize("id", SOME)
def test_episodes_are_functions_of_seed_and_number(id):
    def play(env, actions):
        all = []
        for action in actions:
            all.append(env.step(action))
            if all[-1][2] or all[-1][3]:
                all.append(env.reset())
        return all

    a, b = Legal(gymnasium.make(id)), Legal(gymnasium.make(id))
    a.action_space.seed(5)
    actions = [a.action_space.sample() for _ in range(200)]
    assert data_equivalence(a.reset(seed=7), b.reset(seed=7))
    first, second = play(a, actions), play(b, actions)
    assert data_equivalence(first, second)
    b.reset(seed=8)
    a.reset(seed=7)
    assert data_equivalence(play(a, actions), first)


def test_deterministic_rules_equal_gymnasiums():
    theirs, ours = gymnasium.make("CliffWalking-v1"), gymnasium.make("freewheel/grid-cliff-v0")
    assert theirs.action_space == ours.action_space and theirs.observation_space == ours.observation_space
    theirs.action_space.seed(0)
    assert theirs.reset(seed=0)[0] == ours.reset(seed=0)[0]
    for _ in range(20_000):
        action = theirs.action_space.sample()
        a, b = theirs.step(action), ours.step(action)
        assert (int(a[0]), float(a[1]), bool(a[2])) == (int(b[0]), float(b[1]), bool(b[2]))
        if b[2] or b[3]:
            theirs.reset(), ours.reset()
            # Gymnasium's environment has no time limit of its own.
        elif a[2] or a[3]:
            raise AssertionError("only Gymnasium's episode has ended")


def test_settings_are_keyword_arguments():
    settings = {setting.name: setting for setting in freewheel.world_settings("grid/taxi")}
    assert "mask" in settings and settings["mask"].about
    env = gymnasium.make("freewheel/grid-taxi-v0", mask=True, time_limit=7)
    _, info = env.reset(seed=0)
    assert info["action_mask"].dtype == np.int8 and 0 < info["action_mask"].sum() < 6
    for step in range(7):
        action = int(np.flatnonzero(info["action_mask"])[0])
        *_, terminated, truncated, info = env.step(action)
    assert truncated and not terminated
    other = gymnasium.make("freewheel/World-v0", world="grid/deepsea-10")
    assert other.observation_space.n >= 100


def test_rendering():
    env = gymnasium.make("freewheel/grid-cliff-v0", render_mode="rgb_array")
    env.reset(seed=0)
    first = env.render()
    assert first.dtype == np.uint8 and first.ndim == 3 and first.shape[2] == 3 and first.std() > 1
    env.step(0)
    assert (env.render() != first).any()
    text = gymnasium.make("freewheel/grid-cliff-v0", render_mode="ansi")
    text.reset(seed=0)
    assert "\x1b[0;38;2;" in text.render()
    with pytest.raises(ValueError, match="render_mode"):
        freewheel.FreewheelEnv("grid/cliff", render_mode="human")


def test_reference_and_baseline():
    env = gymnasium.make("freewheel/grid-cliff-v0").unwrapped
    assert env.reference() == (-13.0, "exact", -13.0)
    assert env.baseline().name == "random" and env.baseline().value < -13.0
    assert env.normalized(-13.0) == 1.0 and env.normalized(env.baseline().value) == 0.0


@pytest.mark.parametrize("id", [SOME[2], SOME[3], SOME[6]])
def test_states_are_restored_exactly(id):
    env = Legal(gymnasium.make(id))
    env.reset(seed=1)
    env.action_space.seed(1)
    for _ in range(3):
        env.step(env.action_space.sample())
    state, mask = env.unwrapped.clone_state(), env.mask
    assert isinstance(state, bytes)
    actions = [env.action_space.sample() for _ in range(5)]
    runs = []
    for _ in range(3):
        env.unwrapped.restore_state(state)
        env.mask = mask
        run = []
        for action in actions:
            run.append(env.step(action))
            if run[-1][2] or run[-1][3]:
                break
        runs.append(run)
    assert data_equivalence(runs[0], runs[1]) and data_equivalence(runs[0], runs[2])
    with pytest.raises(ValueError):
        env.unwrapped.restore_state(state[:-1])
