"""Stable-Baselines3 on worlds of Freewheel: its checker, PPO and DQN, unchanged but for the id.

    python_learners.py    needs torch, stable-baselines3 and freewheel; prints the mean return of 20 greedy episodes
"""

import time
from importlib.metadata import version

import gymnasium
import stable_baselines3
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy

import freewheel

print(f"stable-baselines3 {version('stable-baselines3')}, freewheel {freewheel.__version__}")
checked = 0
for id in gymnasium.registry:
    if id.startswith("freewheel/") and id != "freewheel/World-v0":
        env = gymnasium.make(id)
        # The checker samples all actions, and an illegal one is an error.
        if not env.unwrapped.world.native.masked:
            check_env(env, warn=False)
            checked += 1
print(f"check_env: {checked} worlds")


def train(algorithm, id, steps, num_envs, **settings):
    begin = time.perf_counter()
    envs = make_vec_env(id, n_envs=num_envs, seed=0)
    model = getattr(stable_baselines3, algorithm)("MlpPolicy", envs, seed=0, device="cpu", **settings)
    model.learn(steps)
    mean, _ = evaluate_policy(model, make_vec_env(id, n_envs=1, seed=1), n_eval_episodes=20)
    seconds = time.perf_counter() - begin
    best = freewheel.FreewheelEnv(gymnasium.spec(id).kwargs["world"]).reference().value
    print(f"{algorithm} {id}: {steps} steps, return {mean:.1f}, reference {best:.1f}, {seconds:.0f} s", flush=True)


train("PPO", "freewheel/classic-cartpole-v0", 60_000, 4)
# Settings of RL Baselines3 Zoo for CartPole.
train(
    "DQN",
    "freewheel/classic-cartpole-v0",
    50_000,
    1,
    learning_rate=2.3e-3,
    batch_size=64,
    buffer_size=100_000,
    learning_starts=1000,
    gamma=0.99,
    target_update_interval=10,
    train_freq=256,
    gradient_steps=128,
    exploration_fraction=0.16,
    exploration_final_eps=0.04,
    policy_kwargs={"net_arch": [256, 256]},
)
