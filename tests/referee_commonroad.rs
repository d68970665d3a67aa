//! Comparison of the single-track vehicle models with the package `commonroad-vehicle-models`, state by state.
//!
//! Requires the Python environment of `tests/peers/setup`, or `FREEWHEEL_PYTHON` naming a Python with the package.
//! Without it the test is skipped with a note, or fails if `FREEWHEEL_REFEREES=required`.

use std::io::Write;
use std::process::{Command, Stdio};

use freewheel_core::{Purpose, Stream, Streams};
use freewheel_envs::track::vehicle::{Car, Parameters, kinematic, single_track};
use freewheel_tests::python;
use serde_json::{Value, json};

/// Random states per car.
const STATES: usize = 3_000;

/// Random state and input, including values at the limits and at the low-speed switch of the single-track model.
fn state(rng: &mut Stream, p: &Parameters) -> ([f64; 7], [f64; 2]) {
    let mut span = |low: f64, high: f64| low + (high - low) * rng.uniform();
    let single_track_kinematic = span(0.0, 1.0);
    let speed = match single_track_kinematic {
        x if x < 0.2 => span(-0.15, 0.15),
        x if x < 0.3 => [p.min_speed, p.top_speed, 0.0, 0.1, -0.1, p.switch_speed][span(0.0, 6.0) as usize],
        _ => span(1.1 * p.min_speed, 1.1 * p.top_speed),
    };
    let edge = span(0.0, 1.0);
    let angle = match edge {
        x if x < 0.1 => p.steering,
        x if x < 0.2 => -p.steering,
        _ => span(-1.05 * p.steering, 1.05 * p.steering),
    };
    let car =
        [span(-9.0, 9.0), span(-9.0, 9.0), angle, speed, span(-7.0, 7.0), span(-3.0, 3.0), span(-1.0, 1.0)];
    (car, [span(-0.8, 0.8), span(-20.0, 20.0)])
}

/// Asserts equality to 1e-9, relative for values above 1.
fn assert_close(ours: &[f64], theirs: &Value, what: &str) {
    let theirs: Vec<f64> = theirs.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (a, b) in ours.iter().zip(&theirs) {
        assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{what}: {ours:?} {theirs:?}");
    }
}

#[test]
fn vehicle_models_equal_commonroads() {
    let Some(python) = python("vehiclemodels", "commonroad-vehicle-models") else { return };
    let cars = [(1, Car::Escort), (2, Car::Bmw), (3, Car::Vanagon)];
    let mut rng = Streams::new(6).stream(Purpose::Generation, 0, 0);
    let states = cars.map(|(_, car)| {
        let p = car.parameters();
        (0..STATES).map(|_| state(&mut rng, &p)).collect::<Vec<_>>()
    });
    let requests: Vec<Value> = cars
        .iter()
        .zip(&states)
        .map(|((number, _), all)| {
            let (states, inputs): (Vec<_>, Vec<_>) = all.iter().copied().unzip();
            json!({ "car": number, "states": states, "inputs": inputs })
        })
        .collect();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/commonroad_dynamics.py");
    let mut child =
        Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(json!(requests).to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let responses: Value = serde_json::from_slice(&output.stdout).unwrap();
    for (((number, car), states), response) in cars.iter().zip(&states).zip(responses.as_array().unwrap()) {
        let p = car.parameters();
        let theirs = &response["parameters"];
        let published = [
            (p.width, "width"),
            (p.mass, "mass"),
            (p.inertia, "inertia"),
            (p.front, "front"),
            (p.rear, "rear"),
            (p.height, "height"),
            (p.friction, "friction"),
            (p.stiffness_front, "stiffness"),
            (p.stiffness_rear, "stiffness"),
            (p.switch_speed, "switch_speed"),
            (p.engine, "acceleration"),
            (p.brake, "acceleration"),
        ];
        for (ours, name) in published {
            assert_close(&[ours], &json!([theirs[name]]), &format!("vehicle {number}, {name}"));
        }
        assert_close(&[-p.steering, p.steering], &theirs["steering"], "steering");
        assert_close(&[-p.steering_rate, p.steering_rate], &theirs["steering_rate"], "steering rate");
        assert_close(&[p.min_speed, p.top_speed], &theirs["speed"], "speed");
        assert_eq!(response["ks"].as_array().unwrap().len(), STATES);
        for (i, (car, input)) in states.iter().enumerate() {
            let what = |model: &str| format!("vehicle {number}, {model}, {car:?}, {input:?}");
            let [x, y, angle, speed, heading, ..] = *car;
            assert_close(
                &kinematic(&p, &[x, y, angle, speed, heading], *input),
                &response["ks"][i],
                &what("KS"),
            );
            assert_close(&single_track(&p, car, *input), &response["st"][i], &what("ST"));
        }
    }
}
