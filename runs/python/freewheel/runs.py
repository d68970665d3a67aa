"""Files of runs of the program as columns."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np


def metrics(run: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Columns of ``metrics.jsonl`` of a run (its folder ``seed-<n>``), for ``pandas.DataFrame``.

    Numbers of an evaluation are columns such as ``evaluation.score``; NaN where a line lacks a number.
    """
    file = Path(run) / "metrics.jsonl"
    rows = []
    for number, line in enumerate(file.read_text().splitlines(), 1):
        try:
            rows.append(flat(json.loads(line)))
        except json.JSONDecodeError as error:
            raise ValueError(f"{file}:{number}: {error}") from None
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: np.array([row.get(name, np.nan) for row in rows]) for name in names}


def results(run: str | os.PathLike[str]) -> dict[str, Any]:
    """Results of a finished run: its ``eval.json``."""
    return json.loads((Path(run) / "eval.json").read_text())


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, float]:
    """Numbers of a line of metrics by name; missing numbers are NaN."""
    numbers: dict[str, float] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            numbers.update(flat(value, f"{prefix}{name}."))
        elif value is None:
            numbers[prefix + name] = np.nan
        elif isinstance(value, (int, float)):
            numbers[prefix + name] = value
    return numbers
