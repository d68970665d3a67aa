"""Minimum lap times by mlts-point-mass (CasADi and IPOPT), as a reference.

    pip install mlts-point-mass==0.1.0 casadi scipy
    python tests/peers/mlts.py [--mesh METERS] [--engine] FILE.csv ...

Point mass with a friction circle of 9.81 m/s2 and a top speed of 70 m/s; car width 2 m, no engine limit. With
`--engine` it has the limits of the default car of the track worlds: engine of 6 m/s2 up to 20 m/s, then 120 W/kg, and
the center of the car may touch the edges. Files are closed circuits with columns `x_m,y_m,w_tr_right_m,w_tr_left_m`.
Prints one JSON document per line: circuit, lap_s, status, wall_s, mesh_m.
"""

import argparse
import contextlib
import io
import json
import pathlib
import time

import numpy as np
import pandas as pd
from mlts_point_mass import MLTS
from scipy.interpolate import CubicSpline

GRIP, TOP_SPEED, WIDTH = 9.81, 70.0, 2.0
ENGINE, SWITCH_SPEED = 6.0, 20.0


def friction_circle(engine: bool) -> dict:
    angles = np.radians(np.linspace(-90.0, 90.0, 721))
    speeds = np.linspace(0.0, 100.0, 101 if engine else 21)
    drive = ENGINE * np.minimum(1.0, SWITCH_SPEED / np.maximum(speeds, 1.0)) if engine else np.full_like(speeds, GRIP)
    return {
        "V": np.repeat(speeds, len(angles)),
        "ax": np.minimum(GRIP * np.sin(angles), drive[:, None]).ravel(),
        "ay": np.tile(GRIP * np.cos(angles), len(speeds)),
    }


def center_line(file: pathlib.Path, step: float = 1.0) -> pd.DataFrame:
    """The closed cubic spline through the file's points, sampled every `step` meters of its length."""
    rows = np.loadtxt(file, delimiter=",", comments="#")
    rows = np.vstack([rows, rows[:1]])
    knots = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(rows[:, :2], axis=0).T))])
    curve = CubicSpline(knots, rows, bc_type="periodic")
    fine = np.linspace(0.0, knots[-1], 40 * len(knots))
    speed = np.hypot(*curve(fine, 1)[:, :2].T)
    length = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) / 2 * np.diff(fine))])
    abscissa = np.linspace(0.0, length[-1], int(np.ceil(length[-1] / step)) + 1)
    u = np.interp(abscissa, length, fine)
    point, first, second = curve(u), curve(u, 1), curve(u, 2)
    turn = (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / np.hypot(first[:, 0], first[:, 1]) ** 3
    return pd.DataFrame({
        "abscissa": abscissa,
        "curvature": turn,
        "dir_mid_line": np.unwrap(np.arctan2(first[:, 1], first[:, 0])),
        "x_mid_line": point[:, 0],
        "y_mid_line": point[:, 1],
        "width_no_kerbs_R": point[:, 2],
        "width_no_kerbs_L": point[:, 3],
    })


def lap(file: pathlib.Path, mesh: float, engine: bool) -> dict:
    vehicle = {"W_total": 0.0 if engine else WIDTH, "v_max": TOP_SPEED}
    problem = MLTS(center_line(file), vehicle, friction_circle(engine))
    started = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        found = problem.solution([0.0, 0.0, 20.0, 0.0, 0.0], mesh=mesh, ipopt_options={"ipopt.print_level": 0})
    wall = time.perf_counter() - started
    return {
        "circuit": file.stem,
        "lap_s": round(float(found["time"][-1]), 4),
        "status": found["status"],
        "wall_s": round(wall, 1),
        "mesh_m": mesh,
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--mesh", type=float, default=2.0, help="mesh size in meters (default 2)")
    arguments.add_argument("--engine", action="store_true", help="the limits of the default car")
    arguments.add_argument("files", nargs="+", type=pathlib.Path)
    given = arguments.parse_args()
    for file in given.files:
        print(json.dumps(lap(file, given.mesh, given.engine)), flush=True)


if __name__ == "__main__":
    main()
