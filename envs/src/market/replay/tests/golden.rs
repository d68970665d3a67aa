//! Golden playthrough: every field of every state of some episodes, replayed and compared. It changes only with the world's
//! version. `FREEWHEEL_BLESS=1 cargo test -p freewheel-envs replay::tests::golden` writes it anew.

use std::fmt::Write;

use freewheel_core::Env;

use crate::golden;

use super::*;

/// Prices without a logarithm or a random number in them, so that every machine has the same.
fn zigzag() -> String {
    let mut text = "date,open,high,low,close\n".to_owned();
    for index in 0..90 {
        let open = 100 + (index * 37) % 23;
        let close = 100 + (index * 53) % 29;
        let (high, low) = (open.max(close) + 2, open.min(close) - 3);
        writeln!(text, "{},{open},{high},{low},{close}", date(index)).unwrap();
    }
    text
}

fn play(more: &str) -> String {
    let world = replay(prices(&zigzag()), &short(more));
    let spec = world.spec();
    let mut text = format!(
        "{} version {} limit {:?} actions {} scripts {}\n",
        spec.id,
        spec.version,
        spec.time_limit,
        spec.actions.names().join(", "),
        spec.scripts.join(", "),
    );
    let (mut rng, mut choices) = (dice(1), dice(2));
    let mut state = world.reset(&mut rng);
    let mut obs = vec![0.0; spec.observation.len()];
    loop {
        world.observe(&state, &mut obs);
        let seen: Vec<String> = obs.iter().map(|x| format!("{x:.4}")).collect();
        let action = choices.below(spec.actions.count() as u32);
        let made = world.step(&mut state, action, &mut rng);
        writeln!(
            text,
            "[{}] {} -> bar {} reward {:.6} {:?} cash {:.4} units {:.6} equity {:.4} quiet {} paid {:.4}",
            seen.join(" "),
            spec.actions.names()[action as usize],
            state.bar,
            made.reward,
            made.ending,
            state.account.cash,
            state.account.units[0],
            state.equity,
            state.quiet,
            state.paid,
        )
        .unwrap();
        if made.ending.is_over() {
            break;
        }
    }
    let mut measures = vec![0.0; spec.measures.len()];
    world.measure(&state, &mut measures);
    for (measure, value) in spec.measures.iter().zip(measures) {
        writeln!(text, "{} {value:.6}", measure.name).unwrap();
    }
    text
}

#[test]
fn golden_playthrough() {
    let played =
        ["", "split = \"test\"\nlevels = [-1.5, 0, 0.5, 2]\nleverage = 2\nfee = 3"].map(play).concat();
    golden::compare("src/market/replay/golden/zigzag.txt", &played);
}
