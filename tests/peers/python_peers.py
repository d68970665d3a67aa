"""Stable-Baselines3 and CleanRL on our worlds, with their own code and only the id changed. Run by hand, in the
environment of tests/peers/deep_setup with the packages freewheel and tyro.

    python_peers.py check           Stable-Baselines3's checker on every world
    python_peers.py sb3             PPO and DQN of Stable-Baselines3, on our world and on Gymnasium's
    python_peers.py cleanrl PPO.PY  the file ppo.py of CleanRL, on our world and on Gymnasium's

A score is the mean of 100 greedy episodes; three seeds each, one for CleanRL.
"""

import os
import runpy
import sys
import tempfile
import time
import warnings

os.environ.setdefault("RAYON_NUM_THREADS", "1")

import gymnasium  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402

import freewheel  # noqa: E402

torch.set_num_threads(1)
IDS = ["freewheel:freewheel/classic-cartpole-v0", "CartPole-v1"]


def score(env_id, act):
    """Mean return of 100 episodes."""
    env, returns = gymnasium.make(env_id), []
    for seed in range(100):
        obs, _ = env.reset(seed=10_000 + seed)
        total, over = 0.0, False
        while not over:
            obs, reward, terminated, truncated, _ = env.step(act(obs))
            total, over = total + reward, terminated or truncated
        returns.append(total)
    return np.mean(returns)


def check():
    from stable_baselines3.common.env_checker import check_env

    worlds, left_out = [id for id, _ in freewheel.worlds()], []
    for world in worlds:
        try:
            masked = gymnasium.make("freewheel/World-v0", world=world).unwrapped.world.native.masked
        except ValueError:
            # A family, such as grid/deepsea-N.
            masked = True
        if masked:
            # The checker plays actions that may be illegal.
            left_out.append(world)
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            check_env(gymnasium.make("freewheel/World-v0", world=world).unwrapped)
    count = len(worlds) - len(left_out)
    print(f"Stable-Baselines3's checker: {count} worlds without an error; without {', '.join(left_out)}")


def sb3():
    import stable_baselines3
    from stable_baselines3.common.env_util import make_vec_env

    def fall(value):
        return lambda left: left * value

    # The settings of RL Baselines3 Zoo for CartPole-v1.
    agents = {
        "PPO": (8, 100_000, dict(n_steps=32, batch_size=256, gae_lambda=0.8, gamma=0.98, n_epochs=20,
                                 learning_rate=fall(1e-3), clip_range=fall(0.2))),
        "DQN": (1, 50_000, dict(learning_rate=2.3e-3, batch_size=64, buffer_size=100_000, learning_starts=1000,
                                gamma=0.99, target_update_interval=10, train_freq=256, gradient_steps=128,
                                exploration_fraction=0.16, exploration_final_eps=0.04,
                                policy_kwargs=dict(net_arch=[256, 256]))),
    }
    for name, (num_envs, steps, settings) in agents.items():
        for env_id in IDS:
            begin, scores = time.perf_counter(), []
            for seed in [1, 2, 3]:
                envs = make_vec_env(env_id, num_envs, seed=seed)
                model = getattr(stable_baselines3, name)("MlpPolicy", envs, seed=seed, device="cpu", **settings)
                model.learn(steps)
                mean = score(env_id, lambda obs: model.predict(obs, deterministic=True)[0].item())  # noqa: B023
                scores.append(f"{mean:.1f}")
            seconds = (time.perf_counter() - begin) / 3
            line = [f"Stable-Baselines3 {name}", env_id, f"{steps:,}", f"{seconds:.0f} s", " ".join(scores)]
            print(f"| {' | '.join(line)} |", flush=True)


def cleanrl(path):
    path = os.path.abspath(path)
    for env_id in IDS:
        begin, here = time.perf_counter(), os.getcwd()
        with tempfile.TemporaryDirectory() as folder:
            # It writes its TensorBoard files into the working directory.
            os.chdir(folder)
            sys.argv = [path, "--env-id", env_id, "--total-timesteps", "200000", "--no-cuda"]
            agent = runpy.run_path(path, run_name="__main__")["agent"]
            os.chdir(here)
        seconds = time.perf_counter() - begin
        with torch.no_grad():
            mean = score(env_id, lambda obs: agent.actor(torch.as_tensor(obs)).argmax().item())
        print(f"| CleanRL ppo.py | {env_id} | 200,000 | {seconds:.0f} s | {mean:.1f} |", flush=True)


if __name__ == "__main__":
    {"check": check, "sb3": sb3, "cleanrl": cleanrl}[sys.argv[1]](*sys.argv[2:])
