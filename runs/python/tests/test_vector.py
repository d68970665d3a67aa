"""Vector environments against Gymnasium's ``SyncVectorEnv`` of single environments."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode

import freewheel

CASES = [
    ("freewheel/grid-cliff-v0", {"time_limit": 60}),
    ("freewheel/grid-frozenlake-4x4-v0", {}),
    ("freewheel/grid-taxi-v0", {"mask": True, "time_limit": 50}),
    ("freewheel/classic-cartpole-v0", {}),
    ("freewheel/classic-pendulum-v0", {}),
    ("freewheel/market-gbm-v0", {}),
    ("freewheel/go-5x5-v0", {"opponent": "self"}),
]
N = 5


def legal_actions(envs, infos):
    """Random actions, legal where there are masks. A row without a mask is about to be reset."""
    actions = envs.action_space.sample()
    if "action_mask" in infos:
        for i, mask in enumerate(infos["action_mask"]):
            if not mask[actions[i]]:
                actions[i] = np.argmax(mask)
    return actions


def assert_same_infos(ours, theirs, where):
    assert ours.keys() == theirs.keys(), where
    for key, value in theirs.items():
        if isinstance(value, dict):
            assert_same_infos(ours[key], value, (where, key))
            continue
        present = theirs.get(f"_{key}", np.ones(N, bool))
        assert value.dtype == ours[key].dtype, (where, key)
        for i in np.flatnonzero(present if key[0] != "_" else np.ones(N, bool)):
            assert data_equivalence(np.asarray(ours[key][i]), np.asarray(value[i])), (where, key, i)


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
@pytest.mark.parametrize("id, settings", CASES)
def test_equal_to_sync(id, settings, mode):
    mode = AutoresetMode(mode)
    ours = gymnasium.make_vec(id, N, vectorization_mode="vector_entry_point", autoreset_mode=mode, **settings)
    theirs = gymnasium.make_vec(
        id, N, vectorization_mode="sync", vector_kwargs={"autoreset_mode": mode}, **settings
    )
    assert ours.metadata["autoreset_mode"] == mode
    assert ours.single_observation_space == theirs.single_observation_space
    assert ours.observation_space == theirs.observation_space and ours.action_space == theirs.action_space
    seeds = [11 + i for i in range(N)]
    (a, a_infos), (b, b_infos) = ours.reset(seed=seeds), theirs.reset(seed=11)
    ours.action_space.seed(2)
    endings = 0
    for step in range(600):
        assert a.dtype == b.dtype and np.array_equal(a, b), step
        assert_same_infos(a_infos, b_infos, step)
        actions = legal_actions(ours, a_infos)
        a, a_reward, a_term, a_trunc, a_infos = ours.step(actions)
        b, b_reward, b_term, b_trunc, b_infos = theirs.step(actions)
        assert a_reward.dtype == b_reward.dtype and np.array_equal(a_reward, b_reward), step
        assert np.array_equal(a_term, b_term) and np.array_equal(a_trunc, b_trunc), step
        endings += int((a_term | a_trunc).sum())
    assert endings > 0


@pytest.mark.parametrize("id, settings", CASES)
def test_batch_equals_environments_with_seeds_of_their_own(id, settings):
    """One seed for the batch: environment i is the single environment with the random stream i."""
    ours = gymnasium.make_vec(id, N, vectorization_mode="vector_entry_point", autoreset_mode="SameStep", **settings)
    make = [lambda i=i: gymnasium.make(id, index=i, **settings) for i in range(N)]
    theirs = gymnasium.vector.SyncVectorEnv(make, autoreset_mode=AutoresetMode.SAME_STEP)
    next_step = gymnasium.make_vec(id, N, vectorization_mode="vector_entry_point", **settings)
    (a, infos), (b, _) = ours.reset(seed=4), theirs.reset(seed=[4] * N)
    assert np.array_equal(next_step.reset(seed=4)[0], a)
    ours.action_space.seed(2)
    for step in range(400):
        assert np.array_equal(a, b), step
        actions = legal_actions(ours, infos)
        a, a_reward, a_term, a_trunc, infos = ours.step(actions)
        b, b_reward, b_term, b_trunc, b_infos = theirs.step(actions)
        assert np.array_equal(a_reward, b_reward) and np.array_equal(a_term, b_term), step
        assert_same_infos(infos, b_infos, step)
        for i in np.flatnonzero(a_term | a_trunc):
            assert np.array_equal(infos["final_obs"][i], b_infos["final_obs"][i])


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
@pytest.mark.parametrize("id", ["freewheel/classic-cartpole-v0", "freewheel/grid-taxi-v0"])
def test_arrays_that_are_not_copied(id, mode):
    make = lambda copy: gymnasium.make_vec(id, 8, autoreset_mode=mode, copy=copy)
    fresh, shared = make(True), make(False)
    (a, _), (b, _) = fresh.reset(seed=1), shared.reset(seed=1)
    fresh.action_space.seed(1)
    kept = a.copy()
    for _ in range(300):
        actions = fresh.action_space.sample()
        c, d = fresh.step(actions), shared.step(actions)
        assert np.array_equal(c[0], d[0]) and np.array_equal(c[1], d[1])
    assert np.array_equal(a, kept)
    if "cartpole" in id:
        assert d[0] is b
        if mode == "SameStep":
            with pytest.raises(ValueError):
                b[0, 0] = 1.0
            # The array stays valid without its environments.
            last = b.copy()
            del shared, d
            assert np.array_equal(last, b)


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_states_of_batches_are_restored(mode):
    envs = gymnasium.make_vec("freewheel/grid-frozenlake-4x4-v0", 6, autoreset_mode=mode)
    envs.reset(seed=0)
    envs.action_space.seed(0)
    for _ in range(20):
        envs.step(envs.action_space.sample())
    state = envs.clone_state()
    actions = [envs.action_space.sample() for _ in range(50)]
    first = [envs.step(one)[:4] for one in actions]
    envs.restore_state(state)
    second = [envs.step(one)[:4] for one in actions]
    assert data_equivalence(first, second)
    for wrong in [b"", state[:-1], state + b"x"]:
        with pytest.raises(ValueError):
            envs.restore_state(wrong)
    envs.restore_state(state)
    assert data_equivalence([envs.step(one)[:4] for one in actions], first)


def test_wrappers_of_gymnasium_work():
    envs = gymnasium.make_vec("freewheel/classic-cartpole-v0", 4)
    envs = gymnasium.wrappers.vector.RecordEpisodeStatistics(envs)
    envs.reset(seed=0)
    envs.action_space.seed(0)
    lengths = []
    for _ in range(200):
        *_, infos = envs.step(envs.action_space.sample())
        if "episode" in infos:
            lengths += infos["episode"]["l"][infos["_episode"]].tolist()
    assert lengths and 8 <= min(lengths)
    mean = freewheel.World("classic/cartpole").baseline.value
    assert abs(np.mean(lengths) - mean) < 15
