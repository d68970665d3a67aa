//! Vehicle models against known values and exact solutions.

use freewheel_core::{Purpose, Stream, Streams};

use super::*;

fn new_rng(seed: u64) -> Stream {
    Streams::new(seed).stream(Purpose::Generation, 0, 0)
}

fn between(rng: &mut Stream, low: f64, high: f64) -> f64 {
    low + (high - low) * rng.uniform()
}

fn club(model: Model) -> Vehicle {
    Vehicle { model, parameters: Car::Club.parameters() }
}

/// The 1:10 car of the F1TENTH gym (`f110_gym`, `params` of `F110Env`): engine and brakes have the same maximum of 9.51
/// m/s².
#[test]
fn the_small_car_is_the_published_one() {
    let expected = Parameters {
        length: 0.58,
        width: 0.31,
        mass: 3.74,
        inertia: 0.04712,
        front: 0.15875,
        rear: 0.17145,
        height: 0.074,
        friction: 1.0489,
        stiffness_front: 4.718,
        stiffness_rear: 5.4562,
        steering: 0.4189,
        steering_rate: 3.2,
        top_speed: 20.0,
        min_speed: -5.0,
        switch_speed: 7.319,
        engine: 9.51,
        brake: 9.51,
    };
    assert_eq!(Car::Small.parameters(), expected);
    assert!((expected.wheelbase() - 0.3302).abs() < 1e-12);
}

/// For any request the acceleration of a substep is within the friction circle; for excessive requests it is exactly on
/// the circle.
#[test]
fn acceleration_stays_within_the_friction_circle() {
    let vehicle = club(Model::Grip);
    let (p, h) = (vehicle.parameters, 0.025);
    let mut rng = new_rng(1);
    let (mut worst, mut on_circle) = (0.0f64, 0);
    for _ in 0..100_000 {
        let (angle, v) = (between(&mut rng, -p.steering, p.steering), between(&mut rng, 0.0, p.top_speed));
        let mut state = [0.0, 0.0, angle, v, between(&mut rng, -4.0, 4.0), 0.0, 0.0];
        let heading = state[4];
        let command =
            Command { steering: between(&mut rng, -1.0, 1.0), acceleration: between(&mut rng, -20.0, 20.0) };
        vehicle.advance(&mut state, command, h);
        let longitudinal = (state[3] - v) / h;
        let lateral = 0.5 * (state[3] + v) * (state[4] - heading) / h;
        let combined = longitudinal.hypot(lateral) / p.grip();
        worst = worst.max(combined);
        on_circle += usize::from(combined > 1.0 - 1e-9);
    }
    assert!(worst < 1.0 + 1e-9, "{worst}");
    assert!(on_circle > 50_000, "{on_circle}");
}

/// If the requested steering exceeds the friction limit A, the car understeers: it drives a circle of radius v²/A.
#[test]
fn too_much_steering_is_understeer() {
    let vehicle = club(Model::Grip);
    let (grip, v) = (vehicle.parameters.grip(), 20.0);
    let mut state = [0.0, 0.0, 0.3, v, 0.0, 0.0, 0.0];
    for _ in 0..400 {
        vehicle.advance(&mut state, Command { steering: 0.3, acceleration: 0.0 }, 0.01);
    }
    let radius = v * v / grip;
    assert!((state[0].hypot(state[1] - radius) - radius).abs() < 1e-3, "{state:?}");
    assert!((state[4] - 4.0 * v / radius).abs() < 1e-9);
    assert_eq!(state[3], v);
}

/// On a straight, with acceleration a, the squared speed v² changes by 2 a ds over the distance ds.
#[test]
fn energy_is_what_engine_and_brake_did() {
    let vehicle = club(Model::Grip);
    let mut state = [0.0, 0.0, 0.0, 30.0, 0.0, 0.0, 0.0];
    for _ in 0..80 {
        vehicle.advance(&mut state, Command { steering: 0.0, acceleration: -5.0 }, 0.05);
    }
    assert!((state[3] - 10.0).abs() < 1e-9);
    assert!((30.0f64.powi(2) - 10.0f64.powi(2) - 2.0 * 5.0 * state[0]).abs() < 1e-9, "{state:?}");
    // At full throttle above the switch speed the power P is constant: v² grows by 2 P/m t in t seconds.
    for _ in 0..4_000 {
        vehicle.advance(&mut state, Command { steering: 0.0, acceleration: 100.0 }, 0.005);
        if state[3] > 40.0 {
            break;
        }
    }
    let mut state = [0.0, 0.0, 0.0, 20.0, 0.0, 0.0, 0.0];
    for _ in 0..1_000 {
        vehicle.advance(&mut state, Command { steering: 0.0, acceleration: 100.0 }, 0.01);
    }
    assert!((state[3] - (400.0 + 2.0 * 120.0 * 10.0f64).sqrt()).abs() < 0.02, "{state:?}");
}

#[test]
fn brakes_stop_a_car_and_do_not_drive_it_backwards() {
    for model in [Model::Grip, Model::Ks, Model::St] {
        let vehicle = Vehicle { model, parameters: Car::Bmw.parameters() };
        let mut state = [0.0, 0.0, 0.1, 3.0, 0.0, 0.0, 0.0];
        for _ in 0..100 {
            vehicle.advance(&mut state, Command { steering: 0.1, acceleration: -9.0 }, 0.02);
        }
        assert!(state.iter().all(|x| x.is_finite()), "{model:?} {state:?}");
        assert!(state[3].abs() < 1e-12, "{model:?} {state:?}");
    }
}

/// With half the substep the error, relative to Runge-Kutta integration in tiny steps, is a quarter.
#[test]
fn the_default_integration_is_of_second_order() {
    let vehicle = club(Model::Grip);
    let drive = |vehicle: &Vehicle, steps: usize| {
        let mut state = [0.0, 0.0, 0.0, 4.0, 0.3, 0.0, 0.0];
        for _ in 0..steps {
            vehicle.advance(&mut state, Command { steering: 0.6, acceleration: 1.5 }, 0.5 / steps as f64);
        }
        state
    };
    // Within the friction circle the model equals KS. The target steering angle is not reached in 0.5 s, so the
    // steering rate is constant.
    let exact = drive(&club(Model::Ks), 20_000);
    let error = |steps: usize| {
        let state = drive(&vehicle, steps);
        (state[0] - exact[0]).hypot(state[1] - exact[1])
    };
    let ratio = error(10) / error(20);
    assert!((3.7..4.3).contains(&ratio), "{ratio}: {} {}", error(10), error(20));
}

#[test]
fn the_steering_at_the_limit_is_where_the_tires_begin_to_slide() {
    let vehicle = club(Model::Grip);
    let p = vehicle.parameters;
    assert_eq!(vehicle.steering_at_limit(0.0), p.steering);
    for v in [7.0, 10.0, 20.0, 40.0, 70.0] {
        let lateral = v * v * vehicle.steering_at_limit(v).tan() / p.wheelbase();
        assert!((lateral / p.grip() - 1.0).abs() < 2e-4, "{v}: {lateral}");
    }
}

/// The model ST from a standstill, through the switch from its low-speed equations: small and large steps agree.
#[test]
fn single_track_starts_from_a_standstill() {
    let vehicle = Vehicle { model: Model::St, parameters: Car::Bmw.parameters() };
    let drive = |steps: usize| {
        let mut state = [0.0; 7];
        for _ in 0..steps {
            vehicle.advance(&mut state, Command { steering: 0.02, acceleration: 4.0 }, 3.0 / steps as f64);
        }
        state
    };
    let (coarse, fine) = (drive(120), drive(12_000));
    assert!((coarse[3] - 12.0).abs() < 1e-9, "{coarse:?}");
    for (a, b) in coarse.iter().zip(fine) {
        assert!((a - b).abs() < 2e-2 * (1.0 + b.abs()), "{coarse:?} {fine:?}");
    }
}
