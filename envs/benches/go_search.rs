//! Speed of the tree search: playouts a second from the empty board, by kind of search.

#![allow(missing_docs, clippy::expect_used)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use freewheel_core::{Purpose, Streams};
use freewheel_envs::go::rules::{Game, Rules};
use freewheel_envs::go::uct::{Search, UctSettings};

/// Playouts of one search.
const PLAYOUTS: u32 = 500;

fn search(criterion: &mut Criterion) {
    for size in [9, 19] {
        let game = Game::new(Rules::tromp_taylor(size)).expect("rules");
        let mut group = criterion.benchmark_group(format!("go/search-{size}x{size}"));
        group.throughput(Throughput::Elements(PLAYOUTS.into())).sample_size(20);
        for (name, words) in [("plain", ""), ("rave", ",rave"), ("strong", ",strong")] {
            let settings = UctSettings::parse(&format!("{PLAYOUTS}{words}")).expect("settings");
            group.bench_function(name, |bencher| {
                let mut rng = Streams::new(1).stream(Purpose::Action, 0, 0);
                bencher.iter(|| {
                    let mut search = Search::new(settings.clone(), &game);
                    search.run(PLAYOUTS, &mut rng);
                    search.choose()
                });
            });
        }
    }
}

criterion_group!(benches, search);
criterion_main!(benches);
