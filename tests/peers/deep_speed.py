"""Freewheel's deep agents and networks compared with ModuRL, CleanRL style, Stable-Baselines3, rlox, rlevo and PyTorch,
as Markdown.

Usage: tests/peers/deep_speed [ROUNDS [SIDE...]]   (it creates the Python environment and builds the Rust programs;
only the named sides run then, and no networks)
"""

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
# Environment steps: warm-up, measured, and of the longer runs for the learned returns.
WARM_UP = {"ppo": 2_048, "dqn": 1_024}
MEASURED = {"ppo": 20_480, "dqn": 4_096}
LEARNING = {"ppo": 98_304, "dqn": 49_152}
LEARNING_SEEDS = 3
SIDES = ("freewheel", "modurl", "cleanrl", "sb3", "rlox", "freewheel-rlevo", "rlevo")
# Freewheel's side of a ratio where it is not "freewheel".
OURS = {"rlevo": "freewheel-rlevo"}


# Settings of docs/results/deep-speed.md as keys of --set. Freewheel's value loss is half the squared error, so that its
# vf_coef is twice that of the table.
ADAM = '{ kind = "adam", eps = 1e-5 }'
COMMON = {
    "agent.hidden_sizes": "[64, 64]", "agent.activation": '"tanh"', "agent.optimizer": ADAM, "agent.gamma": 0.99,
}
SETTINGS = {
    "ppo": COMMON
    | {
        "num_envs": 8, "agent.num_steps": 256, "agent.num_epochs": 10, "agent.minibatch_size": 64,
        "agent.learning_rate": 3e-4, "agent.gae_lambda": 0.95, "agent.clip_range": 0.2,
        "agent.vf_coef": 1.0, "agent.max_grad_norm": 0.5, "agent.ent_coef": 0,
        "agent.normalize_observations": "false", "agent.normalize_rewards": "false",
    },
    "dqn": COMMON
    | {
        "num_envs": 1, "agent.buffer_size": 10_000, "agent.batch_size": 64, "agent.learning_rate": 2.5e-4,
        "agent.train_freq": 4, "agent.huber_delta": 0, "agent.max_grad_norm": 0,
        "agent.double": "false", "agent.target_update_interval": 1000, "agent.epsilon": 0.1,
        "agent.tau": 1, "agent.n_step": 1, "agent.repeat_random": "false", "agent.normalize_rewards": "false",
        "agent.learning_starts": 1024,
    },
}
# rlevo's PPO has one environment only, its DQN the Huber loss only.
RLEVO = {"ppo": {"num_envs": 1, "agent.num_steps": 2_048}, "dqn": {"agent.huber_delta": 1}}
# Names of the example `networks` for the ids of deep_torch.py.
NN = {
    "train/mlp-8-128-128-4/batch-32": "mlp/step/32",
    "train/mlp-8-128-128-4/batch-512": "mlp/step/512",
    "train/tower-9x9x17-64x3/batch-128": "tower/step/128",
    "act/mlp-8-128-128-4": "mlp/act/1",
}


def freewheel_cartpole(program, algorithm, steps, seed, changed):
    """Result as of a peer, from the CPU time of a run less that of its warm-up alone: start-up does not count."""

    def run(steps):
        with tempfile.TemporaryDirectory() as out:
            settings = {"evaluation.episodes": 20, "evaluation.points": 0} | SETTINGS[algorithm] | changed
            sets = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
            command = [program, "train", "classic/cartpole", algorithm, "--no-preset", "-q"]
            command += ["--steps", str(steps), "--seeds", str(seed), *sets]
            cpu = children_cpu()
            row = json.loads(output(command + ["--threads", "1", "--json", "--out", out]))["rows"][0]
            return children_cpu() - cpu, row

    start, _ = run(WARM_UP[algorithm])
    whole, row = run(WARM_UP[algorithm] + steps)
    return {
        "transitions_per_second": steps / (whole - start), "train_return": row["online"], "greedy_return": row["mean"],
    }


def freewheel_nn(program):
    """Microseconds by deep_torch.py's ids: median and best."""
    lines = output([os.path.join(os.path.dirname(program), "examples", "networks")]).splitlines()
    figures = {line["name"]: [line["median"], line["best"]] for line in map(json.loads, lines)}
    return {id: figures[ours] for id, ours in NN.items()}


def output(command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def children_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cartpole(side, programs, algorithm, steps, seed):
    """Result of one new process of `side`; None if it cannot run."""
    freewheel, modurl, rlevo = programs
    try:
        if side.startswith("freewheel"):
            changed = RLEVO[algorithm] if side == "freewheel-rlevo" else {}
            return freewheel_cartpole(freewheel, algorithm, steps, seed, changed)
        if side == "modurl":  # cannot be seeded
            return json.loads(output([modurl, algorithm, str(steps)]))
        if side == "rlevo":
            return json.loads(output([rlevo, algorithm, str(steps), str(seed)]))
        return json.loads(output([sys.executable, f"{HERE}/deep_cartpole.py", side, algorithm, str(steps), str(seed)]))
    except (subprocess.CalledProcessError, KeyError, IndexError) as failure:
        print(f"{side} {algorithm}: {failure}", file=sys.stderr)
        return None


def cartpole_tables(programs, rounds, sides):
    for algorithm in ("ppo", "dqn"):
        speed, learned = ({side: [] for side in sides} for _ in range(2))
        # Another order in each round, so that no side always follows the same one.
        for round in range(rounds):
            for side in sides[round % len(sides) :] + sides[: round % len(sides)]:
                if line := cartpole(side, programs, algorithm, MEASURED[algorithm], round):
                    speed[side].append(line["transitions_per_second"])
        for seed in range(LEARNING_SEEDS):
            for side in sides:
                if line := cartpole(side, programs, algorithm, LEARNING[algorithm], seed):
                    learned[side].append(line)
        measured, warm_up, learning = (steps[algorithm] for steps in (MEASURED, WARM_UP, LEARNING))
        print(f"\n{algorithm.upper()}, {measured:,} steps after {warm_up:,}; returns after {learning:,}\n")
        print("| side | steps per second | lowest .. highest | Freewheel's ratio | training return | greedy return |")
        print("|---|---|---|---|---|---|")
        for side in sides:
            if not speed[side]:
                continue
            median, ours = statistics.median(speed[side]), speed.get(OURS.get(side, "freewheel"))
            returns = [
                " ".join(f"{line[key]:.0f}" for line in learned[side]) for key in ("train_return", "greedy_return")
            ]
            ratio = f"{statistics.median(ours) / median:.1f}" if ours else ""
            span = f"{min(speed[side]):,.0f} .. {max(speed[side]):,.0f}"
            print(f"| {side} | {median:,.0f} | {span} | {ratio} | {' | '.join(returns)} |", flush=True)


def nn_table(program, rounds):
    ours, peer = {}, {}
    for _ in range(rounds):
        try:
            for id, figures in freewheel_nn(program).items():
                ours.setdefault(id, []).append(figures)
        except (subprocess.CalledProcessError, KeyError) as failure:
            print(f"networks: {failure}", file=sys.stderr)
        for line in output([sys.executable, f"{HERE}/deep_torch.py"]).splitlines():
            line = json.loads(line)
            peer.setdefault((line["id"], line["threads"]), []).append([line["median"], line["best"], line["cpu"]])
    print("\nMicroseconds: median and best round of wall time, CPU time; ratios of medians and of best rounds\n")
    print("| operation | Freewheel | torch | torch, CPU time | ratio | torch, two threads |")
    print("|---|---|---|---|---|---|")
    for id in dict.fromkeys(id for id, _ in peer):
        one, two = ([statistics.median(column) for column in zip(*peer[id, threads])] for threads in (1, 2))
        mine = ours.get(id) or ours.get(id.rsplit("/", 1)[0])
        mine = [statistics.median(column) for column in zip(*mine)] if mine else None
        left = f"{mine[0]:,.1f} ({mine[1]:,.1f})" if mine else ""
        ratio = f"{one[0] / mine[0]:.2f} ({one[1] / mine[1]:.2f})" if mine else ""
        torch = f"{one[0]:,.1f} ({one[1]:,.1f}) | {one[2]:,.1f} | {ratio} | {two[0]:,.1f} ({two[1]:,.1f})"
        print(f"| {id} | {left} | {torch} |")


def main():
    programs, rounds = sys.argv[1:4], int(sys.argv[4]) if len(sys.argv) > 4 else 5
    versions = json.loads(output([sys.executable, "-c", """
import json, importlib.metadata as m
print(json.dumps({p: m.version(p) for p in ("torch", "gymnasium", "numpy", "stable-baselines3", "rlox")}))"""]))
    load, python = os.getloadavg()[0], platform.python_version()
    print(f"machine: {os.cpu_count()} cores, load {load:.1f}, {rounds} rounds; Python {python}", end="")
    print("".join(f", {name} {version}" for name, version in versions.items()))
    cartpole_tables(programs, rounds, sys.argv[5:] or SIDES)
    if not sys.argv[5:]:
        nn_table(programs[0], max(1, rounds // 2))


main()
