"""Decisions of AdaStop, as one JSON document.

Usage: adastop_decisions.py FILE   where FILE is {"scores": [runs of agent 1, ...], "group": n, "looks": K, "alpha": a,
"permutations": B}; every agent has n * K runs. Prints [first, second, decision, look] for each pair.

Version 0.1.3 takes the largest signed difference of the pairs where its paper has the largest absolute one. Every pair is
given in both directions here, so that the largest signed difference is the absolute one.
"""

import itertools
import json
import sys

import numpy as np
from adastop import MultipleAgentsComparator

given = json.load(open(sys.argv[1]))
scores = {str(i): np.array(runs) for i, runs in enumerate(given["scores"])}
pairs = list(itertools.combinations(range(len(scores)), 2))
both = np.array([pair for first, second in pairs for pair in ((first, second), (second, first))])
test = MultipleAgentsComparator(
    n=given["group"], K=given["looks"], B=given["permutations"], alpha=given["alpha"], comparisons=both, seed=0
)
looks = {}
for look in range(1, given["looks"] + 1):
    test.partial_compare(scores, verbose=False)
    for pair in pairs:
        if test.decisions[str(np.array(pair))] in ("larger", "smaller"):
            looks.setdefault(pair, look)
    if test.is_finished:
        break
print(json.dumps([
    [*pair, test.decisions[str(np.array(pair))], looks.get(pair, given["looks"])] for pair in pairs
]))
