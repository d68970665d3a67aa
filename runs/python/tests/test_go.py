"""Go with the interface of PettingZoo."""

import numpy as np
import pytest

pytest.importorskip("pettingzoo")
from pettingzoo.test import api_test, seed_test  # noqa: E402

import freewheel.go  # noqa: E402


@pytest.mark.parametrize("world", ["go/5x5", "go/9x9"])
def test_api(world):
    api_test(freewheel.go.env(world), num_cycles=1000)


def test_seeds():
    seed_test(lambda: freewheel.go.env("go/5x5"), num_cycles=500)


def play(env, seed):
    """Random legal game; rewards of both players, and the moves."""
    env.reset(seed=seed)
    rng, moves = np.random.default_rng(seed), []
    total = {"black_0": 0.0, "white_0": 0.0}
    for agent in env.agent_iter():
        observation, reward, terminated, truncated, _ = env.last()
        total[agent] += reward
        if terminated or truncated:
            env.step(None)
            continue
        moves.append(int(rng.choice(np.flatnonzero(observation["action_mask"]))))
        env.step(moves[-1])
    return total, moves


def test_games_are_zero_sum_and_equal_to_the_single_environment():
    env = freewheel.go.env("go/5x5")
    for seed in range(5):
        total, moves = play(env, seed)
        assert total["black_0"] == -total["white_0"] and len(moves) > 5
        single = freewheel.FreewheelEnv("go/5x5", opponent="self")
        single.reset(seed=seed)
        for number, move in enumerate(moves):
            _, reward, terminated, truncated, info = single.step(move)
            assert (terminated or truncated) == (number == len(moves) - 1)
        mover = ["black_0", "white_0"][(len(moves) - 1) % 2]
        assert total[mover] == reward


def test_illegal_moves_are_errors():
    env = freewheel.go.env("go/5x5")
    with pytest.raises(ValueError):
        env.step(0)
    env.reset(seed=0)
    env.step(0)
    with pytest.raises(ValueError):
        env.step(0)
    with pytest.raises(ValueError):
        env.step(None)
    with pytest.raises(ValueError, match="opponent"):
        freewheel.go.env("grid/cliff")
    with pytest.raises(ValueError, match="two"):
        freewheel.go.env("go/5x5", opponent="random")
