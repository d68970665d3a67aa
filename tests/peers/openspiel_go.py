"""Plays games of Go in OpenSpiel and prints all that it knows of them.

Each line of standard input is a game: board size, two komis, then its moves (a1 = 0, the pass is size * size).
For each state, the first included, a line `board legal` is printed: the stones from the top row down as X, O and +, and
a 1 or 0 for each action, the pass last; nothing legal once the game has ended. After each game follows
`end N A B`: how many of its moves OpenSpiel took before it called the game over, and Black's result under each komi.
"""

import functools
import sys

import pyspiel

BITS = bytes.maketrans(b"\x00\x01", b"01")


@functools.cache
def go(size, komi):
    return pyspiel.load_game(f"go(board_size={size},komi={komi})")


def board(state, size):
    return "".join(row[3 : 3 + size] for row in str(state).split("\n")[2 : 2 + size])


for line in sys.stdin:
    size, *words = line.split()
    size, komis, moves = int(size), words[:2], [int(word) for word in words[2:]]
    states = [go(size, float(komi)).new_initial_state() for komi in komis]
    first = states[0]
    out, taken = [], 0
    for move in [None, *moves]:
        if move is not None:
            if first.is_terminal():
                break
            for state in states:
                state.apply_action(move)
            taken += 1
        if first.is_terminal():
            mask = "0" * (size * size + 1)
        else:
            mask = bytes(first.legal_actions_mask(first.current_player())).translate(BITS).decode()
        out.append(f"{board(first, size)} {mask}")
    results = [state.returns()[0] if state.is_terminal() else None for state in states]
    out.append(f"end {taken} {results[0]} {results[1]}\n")
    sys.stdout.write("\n".join(out))
