"""Statistics of scores by rliable, as one JSON document.

Usage: rliable_scores.py FILE   where FILE is {"x": [runs of task 1, ...], "y": [...], "taus": [...]}; all tasks of x have the
same number of runs, and so have those of y.
"""

import json
import sys

import numpy as np
from rliable import library, metrics

given = json.load(open(sys.argv[1]))
x, y = np.array(given["x"]).T, np.array(given["y"]).T  # [runs, tasks]
profile, _ = library.create_performance_profile({"x": x}, np.array(given["taus"]), reps=10)
print(json.dumps({
    "mean": float(metrics.aggregate_mean(x)),
    "median": float(metrics.aggregate_median(x)),
    "iqm": float(metrics.aggregate_iqm(x)),
    "gap": float(metrics.aggregate_optimality_gap(x, 1.0)),
    "improvement": float(metrics.probability_of_improvement(x, y)),
    "profile": profile["x"].tolist(),
}))
