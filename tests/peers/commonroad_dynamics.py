"""Prints right-hand sides of CommonRoad's vehicle models as one JSON document.

Reads from stdin {"car": 1 | 2 | 3, "states": [[x, y, angle, speed, heading, yaw, slip], ...], "inputs": [[steering speed,
acceleration], ...]}, a list of such; prints for each {"parameters": {...}, "ks": [[...]], "st": [[...]]}.
"""

import json
import sys

from vehiclemodels.parameters_vehicle1 import parameters_vehicle1
from vehiclemodels.parameters_vehicle2 import parameters_vehicle2
from vehiclemodels.parameters_vehicle3 import parameters_vehicle3
from vehiclemodels.vehicle_dynamics_ks import vehicle_dynamics_ks
from vehiclemodels.vehicle_dynamics_st import vehicle_dynamics_st

CARS = {1: parameters_vehicle1, 2: parameters_vehicle2, 3: parameters_vehicle3}


def answer(question):
    p = CARS[question["car"]]()
    pairs = list(zip(question["states"], question["inputs"]))
    return {
        "parameters": {
            "width": p.w,
            "mass": p.m,
            "inertia": p.I_z,
            "front": p.a,
            "rear": p.b,
            "height": p.h_s,
            "friction": p.tire.p_dy1,
            "stiffness": -p.tire.p_ky1 / p.tire.p_dy1,
            "steering": [p.steering.min, p.steering.max],
            "steering_rate": [p.steering.v_min, p.steering.v_max],
            "speed": [p.longitudinal.v_min, p.longitudinal.v_max],
            "switch_speed": p.longitudinal.v_switch,
            "acceleration": p.longitudinal.a_max,
        },
        "ks": [vehicle_dynamics_ks(state[:5], u, p) for state, u in pairs],
        "st": [vehicle_dynamics_st(state, u, p) for state, u in pairs],
    }


json.dump([answer(question) for question in json.load(sys.stdin)], sys.stdout)
