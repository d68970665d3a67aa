#![allow(missing_docs, clippy::all, clippy::print_stdout, clippy::unwrap_used)]
use freewheel_core::*;
use freewheel_envs::gridworld::Grids;
use std::{hint::black_box, sync::Arc, time::Instant};
fn main() {
    for name in ["cliff", "frozenlake-4x4", "frozenlake-8x8", "windy-stochastic"] {
        let w = Arc::new(Grids.world(name, &Default::default()).unwrap().unwrap());
        let mut rng = Streams::new(3).stream(Purpose::Action, 0, 0);
        let acts: Vec<u32> = (0..4096).map(|_| rng.below(w.actions() as u32)).collect();
        let mut best = [f64::INFINITY; 4];
        for _ in 0..60 {
            let mut s = w.reset(&mut rng);
            let t = Instant::now();
            for i in 0..40_000 {
                let st = Env::step(&*w, &mut s, acts[i & 4095], &mut rng);
                if st.ending.is_over() {
                    s = w.reset(&mut rng);
                }
                black_box(st);
            }
            best[0] = best[0].min(t.elapsed().as_nanos() as f64 / 40_000.0);
            for (k, rows) in [(1, 4usize), (2, 64), (3, 1024)] {
                let mut b = Batch::new(w.clone(), rows, Streams::new(0), Purpose::Environment, 0);
                let n = 40_000 / rows;
                let t = Instant::now();
                for i in 0..n {
                    let o = (i * 67) % (4096 - rows);
                    b.advance(&acts[o..o + rows]).unwrap();
                }
                best[k] = best[k].min(t.elapsed().as_nanos() as f64 / (n * rows) as f64);
            }
        }
        println!(
            "{name}: step {:.1} batch4 {:.1} batch64 {:.1} batch1024 {:.1} ns/row",
            best[0], best[1], best[2], best[3]
        );
    }
}
