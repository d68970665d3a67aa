"""Errors are Python exceptions with a text; nothing panics."""

import gymnasium
import numpy as np
import pytest

import freewheel
from freewheel import _freewheel


def test_unknown_names_are_corrected():
    with pytest.raises(ValueError, match="grid/taxi"):
        freewheel.World("grid/taxy")
    with pytest.raises(ValueError, match="time_limit"):
        freewheel.World("grid/taxi", time_limt=3)
    with pytest.raises(ValueError, match="slippery"):
        gymnasium.make("freewheel/grid-frozenlake-4x4-v0", slipery=True)
    with pytest.raises(ValueError, match="ppo"):
        freewheel.Trainer("classic/cartpole", "pppo")
    with pytest.raises(ValueError, match="gamma"):
        freewheel.Trainer("classic/cartpole", "ppo", gamma=1.5)
    with pytest.raises(ValueError, match="num_envs"):
        freewheel.Trainer("classic/cartpole", "ppo", num_envs=0)
    with pytest.raises(TypeError, match="setting"):
        freewheel.World("grid/taxi", time_limit=object())
    with pytest.raises(ValueError, match="ppo"):
        freewheel.agent_settings("pppo")


def test_actions_are_checked():
    env = gymnasium.make("freewheel/grid-taxi-v0", mask=True).unwrapped
    _, info = env.reset(seed=0)
    state = env.clone_state()
    illegal = int(np.argmin(info["action_mask"]))
    for action in [6, -1, 2**40, illegal]:
        with pytest.raises(ValueError, match="action"):
            env.step(action)
    for action in [1.0, "up", None, np.array([0, 1]), np.float64(1)]:
        with pytest.raises(TypeError, match="integer"):
            env.step(action)
    assert env.clone_state() == state
    pendulum = gymnasium.make("freewheel/classic-pendulum-v0").unwrapped
    pendulum.reset(seed=0)
    for action in [np.array([np.nan]), np.array([0.0, 0.0])]:
        with pytest.raises(ValueError):
            pendulum.step(action)
    with pytest.raises(TypeError):
        pendulum.step("left")


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_batches_of_actions_are_checked(mode):
    envs = gymnasium.make_vec("freewheel/grid-taxi-v0", 3, autoreset_mode=mode, mask=True)
    _, infos = envs.reset(seed=0)
    state = envs.clone_state()
    legal, illegal = infos["action_mask"].argmax(1), infos["action_mask"].argmin(1)
    for actions in [legal[:2], np.append(legal, 0), legal.reshape(3, 1), 0, illegal, legal * 0 - 1, legal + 2**40]:
        with pytest.raises(ValueError):
            envs.step(actions)
    for actions in [legal.astype(float), legal.astype(str), legal > 0, None]:
        with pytest.raises(TypeError):
            envs.step(actions)
    assert envs.clone_state() == state
    assert len(envs.step(legal.astype(np.uint8))) == 5
    with pytest.raises(ValueError, match="reset"):
        freewheel.FreewheelVectorEnv("grid/taxi", 2, autoreset_mode="Disabled")
    with pytest.raises(ValueError):
        freewheel.FreewheelVectorEnv("grid/taxi", 0)
    with pytest.raises(ValueError, match="seed"):
        freewheel.FreewheelVectorEnv("grid/taxi", 3).reset(seed=[1, 2])


def test_use_before_reset_and_after_close():
    env = freewheel.FreewheelEnv("grid/cliff")
    for use in [lambda: env.step(0), env.clone_state, lambda: env.restore_state(b"")]:
        with pytest.raises(ValueError, match="reset"):
            use()
    env.reset(seed=0)
    env.close()
    env.close()
    for use in [lambda: env.step(0), env.reset, env.clone_state]:
        with pytest.raises(ValueError, match="closed"):
            use()
    envs = freewheel.FreewheelVectorEnv("grid/cliff", 2)
    with pytest.raises(ValueError, match="reset"):
        envs.step(np.zeros(2, np.int64))
    envs.reset(seed=0)
    envs.close()
    envs.close()
    for use in [lambda: envs.step(np.zeros(2, np.int64)), envs.reset, envs.clone_state]:
        with pytest.raises(ValueError, match="closed"):
            use()


def test_a_step_after_the_end_is_an_error():
    env = freewheel.FreewheelEnv("grid/cliff", time_limit=2)
    env.reset(seed=0)
    env.step(0), env.step(0)
    with pytest.raises(ValueError, match="reset"):
        env.step(0)


def test_the_compiled_module_checks_its_arguments():
    world = _freewheel.World("classic/pendulum")
    envs = world.vector_env(2, [0])
    for actions in [np.zeros(2, np.int64), np.zeros((2, 1), np.float64), [0.0, 0.0], None]:
        with pytest.raises((TypeError, ValueError)):
            envs.step(actions)
    for actions in [np.zeros(2, np.float32), np.zeros((1, 1), np.float32), np.full((2, 1), np.inf, np.float32)]:
        with pytest.raises(ValueError):
            envs.step(actions)
    for out in [np.zeros(5, np.float32), np.zeros((2, 6), np.float32)[:, ::2]]:
        with pytest.raises(ValueError):
            envs.obs_into(out)
    with pytest.raises(ValueError):
        world.vector_env(3, [1, 2])
    with pytest.raises((OverflowError, ValueError)):
        world.vector_env(-1, [0])
    read_only = np.zeros((2, 3), np.float32)
    read_only.flags.writeable = False
    with pytest.raises((TypeError, ValueError)):
        envs.obs_into(read_only)
    with pytest.raises(ValueError):
        _freewheel.World("classic/pendulum", "{")
    with pytest.raises(ValueError):
        world.episode(0).step_discrete(0)


def test_files(tmp_path):
    with pytest.raises(FileNotFoundError):
        freewheel.Trainer.load(tmp_path / "none.fw")
    (tmp_path / "bad.fw").write_bytes(b"not a checkpoint")
    with pytest.raises(RuntimeError, match="bad.fw"):
        freewheel.Trainer.load(tmp_path / "bad.fw")
    with pytest.raises(ValueError, match="not the folder of a run"):
        freewheel.Trainer.load(tmp_path)
    with pytest.raises(ValueError, match="demonstrations"):
        freewheel.demonstrations.read(tmp_path)
