"""Playouts of Go a second, on one core: Freewheel and go_game_board as criterion has just measured them, and OpenSpiel.

Usage: tests/peers/go_speed   (it makes the Python environment and runs the bench)

OpenSpiel, in seconds of processor time, is measured twice: random legal moves from Python, and its C++ `RandomRolloutEvaluator`, which one simulation of
its `MCTSBot` calls for many rollouts. Both fill eyes and end by two passes in a row or after 2 n^2 moves, so their games are longer than
those of the other two: nanoseconds a move are given as well where the moves are known.
"""

import json
import random
import statistics
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pyspiel


def criterion(folder, name, side):
    """Seconds of a playout in each of criterion's samples."""
    sample = json.loads((folder / name / str(side) / "new" / "sample.json").read_text())
    return [taken / rounds / 1e9 for taken, rounds in zip(sample["times"], sample["iters"])]


def from_python(game, games, seed):
    """Seconds and moves of a game."""
    dice = random.Random(seed)
    moves = 0
    begin = time.process_time()
    for _ in range(games):
        state = game.new_initial_state()
        while not state.is_terminal():
            state.apply_action(dice.choice(state.legal_actions()))
            moves += 1
    return (time.process_time() - begin) / games, moves / games


def from_cpp(game, rollouts, seed):
    """Seconds of a rollout from the empty board."""
    evaluator = pyspiel.RandomRolloutEvaluator(rollouts, seed)
    bot = pyspiel.MCTSBot(game, evaluator, 1.0, 1, 100, False, seed, False)
    state = game.new_initial_state()
    begin = time.process_time()
    bot.step(state)
    return (time.process_time() - begin) / rollouts


def main():
    folder = Path(sys.argv[1])
    print(f"OpenSpiel {version('open_spiel')}, Python {sys.version.split()[0]}; microseconds a playout: median (best)")
    print("| playouts | side | microseconds | a second | moves | ns a move | times Freewheel's |")
    print("|---|---|---|---|---|---|---|")
    for side, rollouts in ((9, 200), (19, 20)):
        game = pyspiel.load_game(f"go(board_size={side},komi=7.5)")
        ours = criterion(folder, "freewheel", side)
        python = [from_python(game, rollouts // 4, seed) for seed in range(1, 10)]
        rows = [
            ("Freewheel", ours, None),
            ("go_game_board", criterion(folder, "go_game_board", side), None),
            ("OpenSpiel, C++", [from_cpp(game, rollouts, seed) for seed in range(1, 10)], True),
            ("OpenSpiel, from Python", [taken for taken, _ in python], True),
        ]
        moves = statistics.mean(moves for _, moves in python)
        for who, taken, known in rows:
            median, best = statistics.median(taken), min(taken)
            a_move = f"{moves:.0f} | {median * 1e9 / moves:,.0f} ({best * 1e9 / moves:,.0f})" if known else "|"
            ratio = f"{median / statistics.median(ours):.1f} ({best / min(ours):.1f})"
            times = f"{median * 1e6:,.1f} ({best * 1e6:,.1f}) | {1 / median:,.0f} ({1 / best:,.0f})"
            print(f"| {who} | {side} | {times} | {a_move} | {ratio} |", flush=True)


main()
