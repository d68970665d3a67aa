//! Cost of drawing a face and of measuring one, on one thread: `cargo bench -p freewheel-core --bench data`.

#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use freewheel_agents::data::faces;

fn faces(c: &mut Criterion) {
    let (_, image) = faces::face(0, 0, 0.0);
    let mut i = 0;
    c.bench_function("faces/draw", |b| {
        b.iter(|| {
            i += 1;
            black_box(faces::face(0, i, 0.0))
        });
    });
    c.bench_function("faces/measure", |b| b.iter(|| black_box(faces::measure(black_box(&image)))));
}

criterion_group!(benches, faces);
criterion_main!(benches);
