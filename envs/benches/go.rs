//! Speed of Go: playouts, next to the crate `go_game_board` (a port of libEGo), and a turn of a game (mask and move)
//! under each ko rule.
//!
//! `cargo bench -p freewheel-envs --bench go`. Criterion's throughput is in playouts a second. The playouts of
//! `go_game_board` select neighbors of the last move ten times as often as other points; those of this crate select all
//! legal points with equal probability.

#![allow(missing_docs, clippy::expect_used)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use freewheel_core::{Purpose, Stream, Streams};
use freewheel_envs::go::rules::{Game, Ko, Playouts, Rules};
use go_game_board::fast_random::FastRandom;
use go_game_board::{Board, Gammas, Sampler};

fn rng() -> Stream {
    Streams::new(1).stream(Purpose::Action, 0, 0)
}

fn playouts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("go/playouts");
    group.throughput(Throughput::Elements(1));
    for side in [9, 19] {
        let game = Game::new(Rules::tromp_taylor(side)).expect("rules");
        let mut playouts = Playouts::new(&game);
        let mut rng = rng();
        group.bench_function(BenchmarkId::new("freewheel", side), |bencher| {
            bencher.iter(|| black_box(playouts.run(&game, &mut rng)));
        });
    }
    let gammas = Gammas::new();
    for side in [9, 19] {
        let mut empty = Board::with_size(side, side);
        empty.clear();
        let mut board = empty.clone();
        let mut sampler = Sampler::new(&board, &gammas);
        let mut random = FastRandom::new(123);
        group.bench_function(BenchmarkId::new("go_game_board", side), |bencher| {
            // As in the crate's `Benchmark`, which supports only 9x9.
            bencher.iter(|| {
                board.load(&empty);
                sampler.new_playout(&board, &gammas);
                while !board.both_player_pass() {
                    let vertex = sampler.sample_move(&board, &mut random);
                    board.play_legal(board.act_player(), vertex);
                    sampler.move_played(&board, &gammas);
                }
                black_box(board.playout_winner())
            });
        });
    }
    group.finish();
}

/// Moves of a random game in which no player fills its own eyes.
fn random_game(start: &Game, rng: &mut Stream) -> Vec<u16> {
    let mut game = start.clone();
    let mut mask = vec![false; game.area() + 1];
    while !game.is_over() && !game.is_truncated() {
        game.legal_mask(&mut mask);
        let color = game.to_play();
        let sensible = |&p: &u16| mask[usize::from(p)] && !game.is_eye(p, color);
        let points: Vec<u16> = (0..game.pass()).filter(sensible).collect();
        let point = match points.len() {
            0 => game.pass(),
            n => points[rng.below(n as u32) as usize],
        };
        game.play_unchecked(point);
    }
    game.moves().map(|m| m.point).collect()
}

fn turns(criterion: &mut Criterion) {
    // Few games, so that a round is short and most rounds are not interrupted by other processes.
    for (side, games) in [(9, 6), (19, 2)] {
        let mut group = criterion.benchmark_group(format!("go/turn/{side}"));
        let kos =
            [(Ko::Simple, false), (Ko::Positional, false), (Ko::Situational, false), (Ko::Positional, true)];
        for (ko, suicide) in kos {
            let start = Game::new(Rules { ko, suicide, ..Rules::tromp_taylor(side) }).expect("rules");
            let mut rng = rng();
            let games: Vec<_> = (0..games).map(|_| random_game(&start, &mut rng)).collect();
            let turns: usize = games.iter().map(Vec::len).sum();
            let mut game = start.clone();
            let mut mask = vec![false; start.area() + 1];
            group.throughput(Throughput::Elements(turns as u64));
            group.bench_function(format!("{ko:?}{}", if suicide { ", suicide" } else { "" }), |bencher| {
                bencher.iter(|| {
                    for moves in &games {
                        game.clone_from(&start);
                        for &point in moves {
                            game.legal_mask(&mut mask);
                            black_box(&mask);
                            game.play_unchecked(point);
                        }
                    }
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, playouts, turns);
criterion_main!(benches);
