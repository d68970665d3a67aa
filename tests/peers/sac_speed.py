"""Speed of SAC and recurrent PPO beside Stable-Baselines3, sb3-contrib and ModuRL, one thread each, as Markdown.

Usage: sac_speed.py FREEWHEEL [ROUNDS [MODURL_PEER]]   with the Python of tests/peers/deep_setup and sb3-contrib;
MODURL_PEER is the program of tests/peers/modurl. Times are CPU seconds of a run less those of a shorter run: start-up
and warm-up do not count.

All on Pendulum. SAC: one environment, two hidden layers (rectified linear), one update of actor and critics per step,
learning rate 3e-4, tau .005, learned temperature; with 256 units and batches of 256, and with 64 and 64. ModuRL's
standard deviation does not depend on the observation. Recurrent PPO: 8 environments, rollouts of 128 steps, 10 epochs,
minibatches of 256 steps; policy and value have a recurrent layer of 64 units each, here a GRU, there an LSTM (whose
matrices are a third larger), and a layer of 64 units, here before the memory, there after it.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile

SAC = {
    "agent.activation": '"relu"', "agent.train_freq": 1,
    "agent.learning_rate": 3e-4, "agent.tau": 0.005, "agent.gamma": 0.99, "num_envs": 1, "agent.learning_starts": 100,
}
RECURRENT = {
    "num_envs": 8, "agent.num_steps": 128, "agent.num_epochs": 10, "agent.learning_rate": 3e-4, "agent.gamma": 0.99,
}
# Steps of the short and of the long run.
STEPS = {"sac 256": (500, 4_500), "sac 64": (500, 4_500), "recurrent-ppo": (1_024, 9_216)}


def cpu(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{command}: {done.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def freewheel(program, agent, steps):
    agent, _, units = agent.partition(" ")
    size = {"agent.hidden_sizes": f"[{units}, {units}]", "agent.batch_size": units} if units else {}
    settings = {"evaluation.episodes": 1, "evaluation.points": 0} | (SAC if units else RECURRENT) | size
    sets = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    with tempfile.TemporaryDirectory() as out:
        words = ["train", "classic/pendulum", agent, "--no-preset", "--steps", str(steps), *sets]
        return cpu([program, *words, "--threads", "1", "--plain", "--quiet", "--out", out])


def peer(agent, steps):
    return cpu([sys.executable, __file__, "--peer", agent, str(steps)])


def run_peer(agent, steps):
    import torch

    torch.set_num_threads(1)
    agent, _, units = agent.partition(" ")
    if units:
        from stable_baselines3 import SAC as Model

        size = dict(batch_size=int(units), policy_kwargs=dict(net_arch=[int(units)] * 2))
        settings = dict(policy="MlpPolicy", env="Pendulum-v1", learning_starts=100, **size)
    else:
        from sb3_contrib import RecurrentPPO as Model
        from stable_baselines3.common.env_util import make_vec_env

        settings = dict(
            policy="MlpLstmPolicy", env=make_vec_env("Pendulum-v1", n_envs=8), n_steps=128, batch_size=256, n_epochs=10,
            policy_kwargs=dict(lstm_hidden_size=64, net_arch=[64]),
        )
    Model(device="cpu", seed=0, **settings).learn(steps)


def main():
    if sys.argv[1] == "--peer":
        return run_peer(sys.argv[2], int(sys.argv[3]))
    program, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
    modurl = sys.argv[3] if len(sys.argv) > 3 else None
    print("| agent | Freewheel, steps/s | peer | steps/s | ratio | lowest .. highest ratio |\n|---|---|---|---|---|---|")
    for agent, (short, long) in STEPS.items():
        sides = {"ours": lambda n: freewheel(program, agent, n), "Python": lambda n: peer(agent, n)}
        if modurl and agent.startswith("sac"):
            sides["ModuRL"] = lambda n: cpu([modurl, "sac", str(n - 500 or 1), agent.split()[1]])
        rates = {side: [] for side in sides}
        for _ in range(rounds):
            for side, run in sides.items():
                rates[side].append((long - short) / (run(long) - run(short)))
        ours = statistics.median(rates["ours"])
        for side in list(sides)[1:]:
            other = statistics.median(rates[side])
            ratios = [a / b for a, b in zip(rates["ours"], rates[side])]
            spread = f"{min(ratios):.1f} .. {max(ratios):.1f}"
            print(f"| `{agent}` | {ours:,.0f} | {side} | {other:,.0f} | {ours / other:.1f} | {spread} |")


main()
