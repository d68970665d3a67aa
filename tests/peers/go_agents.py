"""Plays the runs of docs/results/go-agents.toml against the players of the program and prints the table of docs/results/go.md.

Usage: python3 tests/peers/go_agents.py FREEWHEEL RUNS [GAMES]
RUNS is the folder that `freewheel run docs/results/go-agents.toml` left behind (results/go-agents).
"""

import json
import random
import re
import statistics
import subprocess
import sys
from pathlib import Path

OPPONENTS = ["random", "greedy", "uct:100"]
AGENTS = ["dqn", "reinforce", "a2c", "ppo"]


def number(run):
    """The seed of a run's folder."""
    return int(re.search(r"\d+$", run.name)[0])


def win_rate(freewheel, run, opponent, games):
    """Percent of games that the run's last policy wins, colors alternating, every opening of two random moves played twice."""
    command = [freewheel, "match", str(run), opponent, "--rules", "tromp-taylor", "--games", str(games), "--seed", str(number(run)), "--json", "--quiet"]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return 100.0 * answer["result"]["win_rate"]


def interval(numbers):
    """A 95 % bootstrap interval of the mean over seeds."""
    dice = random.Random(0)
    means = sorted(statistics.mean(dice.choices(numbers, k=len(numbers))) for _ in range(10_000))
    return means[250], means[9_750]


def main():
    freewheel, runs, games = sys.argv[1], Path(sys.argv[2]), int((sys.argv[3:] or ["100"])[0])
    print("| board | agent | seeds | " + " | ".join(f"{o} | 95 %" for o in OPPONENTS) + " |")
    print("|---" * (3 + 2 * len(OPPONENTS)) + "|")
    for side in (5, 7):
        for agent in AGENTS:
            seeds = sorted(runs.glob(f"go-{side}x{side}-{agent}-*/seed-*"), key=number)
            seeds = [seed for seed in seeds if (seed / "eval.json").is_file()]
            cells = []
            for opponent in OPPONENTS:
                rates = [win_rate(freewheel, seed, opponent, games) for seed in seeds]
                if rates:
                    low, high = interval(rates)
                    cells += [f"{statistics.mean(rates):.1f} %", f"{low:.1f} .. {high:.1f}"]
            if cells:
                print(f"| {side}x{side} | {agent} | {len(seeds)} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
