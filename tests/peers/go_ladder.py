"""A rating ladder of Go on 9x9: everybody against everybody, Elo with GNU Go level 1 at 0.

Usage: python tests/peers/go_ladder.py target/release/freewheel [GAMES] [SEED]

Matches by Chinese rules with positional superko, colors alternating. The ratings are those of greatest likelihood (Bradley & Terry
1952), a drawn game added to each pair so that they stay finite where one side won everything. The interval is normal, 95 %,
of the difference to the anchor, from the information at the maximum.
"""

import json
import math
import subprocess
import sys

import numpy as np

GNUGO = (
    "gtp:gnugo --mode gtp --level 1 --chinese-rules --positional-superko --forbid-suicide"
    " --capture-all-dead --play-out-aftermath --never-resign"
)
PLAYERS = ["random", "greedy", "uct:100", "uct:1000", "uct:1000,strong", GNUGO]
ELO = 400 / math.log(10)


def name(player):
    return "GNU Go level 1" if player == GNUGO else player


def play(program, a, b, games, seed):
    """The wins of `a`, a draw being half a win, and seconds a move of both."""
    command = [program, "match", a, b, "--games", str(games), "--seed", str(seed), "--rules", "chinese"]
    command += ["--threads", "1", "--json", "--quiet"]
    match = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    for fault in match["faults"]:
        print("fault:", fault, file=sys.stderr)
    return match["result"]["won"] + match["result"]["drawn"] / 2, match["seconds_per_move"]


def ratings(wins):
    """Natural-scale ratings, the last player's 0, and their standard errors, by Newton's method."""
    n = len(wins)
    wins = wins + 0.5 * (1 - np.eye(n))
    games = wins + wins.T
    rating = np.zeros(n)
    for _ in range(100):
        expected = 1 / (1 + np.exp(rating[None, :] - rating[:, None]))
        gradient = (wins - games * expected).sum(1)
        weight = games * expected * (1 - expected)
        information = np.diag(weight.sum(1)) - weight
        rating[:-1] += np.clip(np.linalg.solve(information[:-1, :-1], gradient[:-1]), -1, 1)
    return rating, np.sqrt(np.diag(np.linalg.inv(information[:-1, :-1])))


def main():
    program = sys.argv[1]
    games, seed = (int(word) for word in (sys.argv[2:] + ["40", "1"][len(sys.argv) - 2 :]))
    n = len(PLAYERS)
    wins = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            wins[i, j], seconds = play(program, PLAYERS[i], PLAYERS[j], games, seed)
            wins[j, i] = games - wins[i, j]
            print(name(PLAYERS[i]), "-", name(PLAYERS[j]), wins[i, j], "of", games, seconds, file=sys.stderr, flush=True)
    rating, error = ratings(wins)
    print("| player | Elo | 95 % | " + " | ".join(map(name, PLAYERS)) + " |")
    print("|---|---|---|" + "---|" * n)
    for i in range(n):
        row = [f"{100 * wins[i, j] / games:.0f}" if i != j else "" for j in range(n)]
        interval = f"± {1.96 * ELO * error[i]:.0f}" if i < n - 1 else "anchor"
        print(f"| {name(PLAYERS[i])} | {ELO * rating[i]:+.0f} | {interval} | " + " | ".join(row) + " |")


main()
