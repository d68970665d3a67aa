"""Playouts of Go a second, on one core: Freewheel and go_game_board as criterion has just measured them, and OpenSpiel.

Usage: tests/peers/go_speed   (it makes the Python environment and runs the bench)

OpenSpiel is measured twice: random legal moves from Python, and its C++ `RandomRolloutEvaluator`, which one simulation of
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
    """The median seconds of a playout."""
    estimates = json.loads((folder / name / str(side) / "new" / "estimates.json").read_text())
    return estimates["median"]["point_estimate"] / 1e9


def from_python(game, seconds=0.5):
    """Seconds and moves of a game."""
    dice = random.Random(1)
    games = moves = 0
    begin = time.perf_counter()
    while time.perf_counter() < begin + seconds:
        state = game.new_initial_state()
        while not state.is_terminal():
            state.apply_action(dice.choice(state.legal_actions()))
            moves += 1
        games += 1
    return (time.perf_counter() - begin) / games, moves / games


def from_cpp(game, rollouts, seed):
    """Seconds of a rollout from the empty board."""
    evaluator = pyspiel.RandomRolloutEvaluator(rollouts, seed)
    bot = pyspiel.MCTSBot(game, evaluator, 1.0, 1, 100, False, seed, False)
    state = game.new_initial_state()
    begin = time.perf_counter()
    bot.step(state)
    return (time.perf_counter() - begin) / rollouts


def main():
    folder = Path(sys.argv[1])
    print(f"OpenSpiel {version('open_spiel')}, Python {sys.version.split()[0]}; medians")
    print(f"{'who':<28}{'side':>5}{'us/playout':>13}{'playouts/s':>13}{'moves':>8}{'ns/move':>9}{'ratio':>8}")
    for side in (9, 19):
        game = pyspiel.load_game(f"go(board_size={side},komi=7.5)")
        ours = criterion(folder, "freewheel", side)
        rows = [("Freewheel", ours, None), ("go_game_board", criterion(folder, "go_game_board", side), None)]
        cpp = statistics.median(from_cpp(game, 8000 // side, seed) for seed in range(1, 10))
        python = [from_python(game) for _ in range(9)]
        moves = statistics.median(m for _, m in python)
        rows.append(("OpenSpiel, C++", cpp, moves))
        rows.append(("OpenSpiel, from Python", statistics.median(s for s, _ in python), moves))
        for who, taken, moves in rows:
            known = f"{moves:>8.0f}{taken * 1e9 / moves:>9.0f}" if moves else f"{'':>17}"
            print(f"{who:<28}{side:>5}{taken * 1e6:>13.1f}{1 / taken:>13,.0f}{known}{taken / ours:>8.2f}")


main()
