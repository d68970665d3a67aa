//! Observations of the track worlds: bounds, and curvatures and rays against brute force.

use freewheel_core::{Env, ObservationSpace, Purpose, Streams};

use super::track_env;

/// Every observation is finite and within the bounds of the spec.
#[test]
fn observations_stay_within_their_bounds() {
    let settings = [
        "",
        "observation = \"rays\"",
        "model = \"st\"",
        "model = \"ks\"\nsteering = \"angle\"",
        "look_ahead = [0.0, 999.0]",
    ];
    for (name, settings) in
        ["club", "circle", "small"].iter().flat_map(|name| settings.map(|text| (*name, text)))
    {
        let world = track_env(name, &format!("{settings}\nstart = \"anywhere\""));
        let ObservationSpace::Box { low, high, .. } = &world.spec().observation else { panic!("a box") };
        let mut rng = Streams::new(4).stream(Purpose::WatchAction, 0, 0);
        let mut obs = vec![0.0; low.len()];
        for _ in 0..20 {
            let mut state = world.reset(&mut rng);
            let bias = rng.uniform() as f32 - 0.5;
            for _ in 0..100 {
                world.observe(&state, &mut obs);
                for (i, x) in obs.iter().enumerate() {
                    assert!(low[i] <= *x && *x <= high[i], "{name} {settings}: {i} is {x}");
                }
                let action = [bias + rng.uniform() as f32 - 0.5, 2.0 * rng.uniform() as f32 - 0.7];
                if world.step(&mut state, action, &mut rng).ending.is_over() {
                    break;
                }
            }
        }
    }
}

/// Observed curvatures are those of the center line within one table step, also beyond the start line.
#[test]
fn curvatures_ahead_match_the_center_line() {
    for (name, size) in [("club", 1.0), ("chicane", 1.0), ("random", 1.0), ("small", 0.1)] {
        let world = track_env(name, "start = \"anywhere\"");
        let circuit = &world.rules().circuit;
        let scale = 4.0 * world.rules().vehicle.parameters.wheelbase();
        let mut rng = Streams::new(3).stream(Purpose::WatchEnvironment, 0, 0);
        let mut obs = vec![0.0; world.spec().observation.len()];
        for _ in 0..200 {
            let state = world.reset(&mut rng);
            world.observe(&state, &mut obs);
            for (seen, ahead) in obs[4..].iter().zip([0.0, 10.0, 20.0, 40.0, 70.0, 110.0]) {
                let near = (-30..=30).map(|i| state.s + size * (ahead + 0.02 * f64::from(i)));
                let bends = near.map(|s| (scale * circuit.curvature(s)).clamp(-1.0, 1.0) as f32);
                let (low, high) =
                    bends.fold((1.0f32, -1.0f32), |(low, high), bend| (low.min(bend), high.max(bend)));
                assert!(
                    low - 1e-6 <= *seen && *seen <= high + 1e-6,
                    "{name}: {seen} is not in {low}..{high}"
                );
            }
        }
    }
}

/// A ray ends at an edge and crosses no edge before, checked in small steps.
#[test]
fn rays_end_at_the_edges() {
    for name in ["club", "hairpins", "chicane", "random", "small"] {
        let world =
            track_env(name, "observation = \"rays\"\nrays = 7\nfield_of_view = 330.0\nstart = \"anywhere\"");
        let circuit = &world.rules().circuit;
        let (size, range) = if name == "small" { (0.1, 10.0) } else { (1.0, 100.0) };
        let mut rng = Streams::new(2).stream(Purpose::WatchEnvironment, 0, 0);
        let mut obs = vec![0.0; world.spec().observation.len()];
        let mut met = 0;
        for _ in 0..25 {
            let mut state = world.reset(&mut rng);
            let turn = 6.0 * (rng.uniform() - 0.5);
            state.car[4] += turn;
            state.heading_error += turn;
            world.observe(&state, &mut obs);
            for (i, share) in obs[2..].iter().enumerate() {
                let distance = f64::from(*share) * range;
                let (sin, cos) = (state.car[4] + (165.0 - 55.0 * i as f64).to_radians()).sin_cos();
                let (mut s, step) = (state.s, 0.05 * size);
                // Distance of the point `t` m along the ray from the nearer edge, m.
                let mut room = |t: f64| {
                    let frenet = circuit.table().project(state.car[0] + t * cos, state.car[1] + t * sin, s);
                    s = frenet.s;
                    (frenet.left - frenet.n).min(frenet.right + frenet.n)
                };
                let mut t = 0.0;
                while t + step < distance {
                    let room = room(t);
                    assert!(room > -0.02 * size, "{name}: {t} of {distance} has {room}");
                    t += step;
                }
                if distance < range * 0.999_999 {
                    let room = room(distance);
                    assert!(room.abs() < 0.02 * size, "{name}: at {distance} there is {room}");
                    met += 1;
                }
            }
        }
        assert!(met > 100, "{name}: {met}");
    }
}
