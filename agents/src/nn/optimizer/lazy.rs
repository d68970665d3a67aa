//! Optimizer steps that update only the rows of a table that have a gradient. The other rows are owed the step, and
//! make up for it before they are read.

use super::rule::{Idle, Rule};
use super::{Optimizer, OptimizerStep, all_finite, squared_norm};
use crate::nn::embedding::{Embeddings, Gradient, ReadRows};

/// Number of steps after which all rows make up for what they are owed.
const MAX_OWED: usize = 256;

/// Steps that some rows are owed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Owed {
    /// Steps since all rows were up to date.
    steps: Vec<Rule>,
    /// Number of these steps that each row of each table has made.
    made: Vec<Vec<u32>>,
    /// Steps from this index on as few, if already computed.
    idle: Vec<Option<Vec<Idle>>>,
}

impl Optimizer {
    /// As [`Optimizer::step`], with a gradient that is 0 except in some rows: the other rows of the tables do not
    /// change until [`Optimizer::catch_up`] or [`Optimizer::settle`].
    ///
    /// The rows of the gradient must be up to date.
    pub(crate) fn step_rows(
        &mut self,
        parameters: &mut [f32],
        gradient: &Gradient,
        embeddings: &Embeddings,
        learning_rate: f64,
        max_norm: Option<f64>,
    ) -> OptimizerStep {
        let rows = || {
            let tables = embeddings.tables.iter().zip(&gradient.read.rows);
            tables.flat_map(|(table, rows)| rows.iter().map(|&row| table.row(row)))
        };
        let ranges = || embeddings.rest.iter().cloned().chain(rows());
        let norm = ranges().map(|range| squared_norm(&gradient.values[range])).sum::<f64>().sqrt();
        if !norm.is_finite() {
            return OptimizerStep { loss: 0.0, norm, finite: true };
        }
        let (rule, scale) = self.next_step(learning_rate, norm, max_norm);
        let mut finite = true;
        for range in ranges() {
            let p = &mut parameters[range.clone()];
            let (m, v) = moments(&mut self.mean, &mut self.square, range.clone());
            rule.apply(p, &gradient.values[range], m, v, scale);
            finite &= all_finite(p);
        }
        if !embeddings.tables.is_empty() {
            self.owed.made.resize_with(embeddings.tables.len(), Vec::new);
            self.owed.steps.push(rule);
            self.owed.idle.clear();
            let all = self.owed.steps.len() as u32;
            for ((table, rows), made) in
                embeddings.tables.iter().zip(&gradient.read.rows).zip(&mut self.owed.made)
            {
                made.resize(table.rows(), 0);
                rows.iter().for_each(|&row| made[row as usize] = all);
            }
            if self.owed.steps.len() >= MAX_OWED {
                self.settle(parameters, embeddings);
            }
        }
        OptimizerStep { loss: 0.0, norm, finite }
    }

    /// Brings the `rows` up to date.
    pub(crate) fn catch_up(&mut self, parameters: &mut [f32], embeddings: &Embeddings, rows: &ReadRows) {
        if !self.owed.steps.is_empty() {
            for (table, rows) in rows.rows.iter().enumerate() {
                rows.iter().for_each(|&row| self.catch_up_row(parameters, embeddings, table, row));
            }
        }
    }

    /// Brings all rows up to date.
    pub(crate) fn settle(&mut self, parameters: &mut [f32], embeddings: &Embeddings) {
        if self.owed.steps.is_empty() {
            return;
        }
        for (table, embedding) in embeddings.tables.iter().enumerate() {
            for row in 0..embedding.rows() as u32 {
                self.catch_up_row(parameters, embeddings, table, row);
            }
        }
        self.owed.steps.clear();
        self.owed.idle.clear();
        self.owed.made.iter_mut().for_each(|made| made.fill(0));
    }

    fn catch_up_row(&mut self, parameters: &mut [f32], embeddings: &Embeddings, table: usize, row: u32) {
        let Owed { steps, made, idle } = &mut self.owed;
        let made = &mut made[table][row as usize];
        let from = std::mem::replace(made, steps.len() as u32) as usize;
        if from < steps.len() {
            idle.resize(steps.len(), None);
            let range = embeddings.tables[table].row(row);
            let (m, v) = moments(&mut self.mean, &mut self.square, range.clone());
            for idle in idle[from].get_or_insert_with(|| Idle::split(&steps[from..])) {
                idle.apply(&mut parameters[range.clone()], m, v);
            }
        }
    }
}

/// Moments of the parameters in `range`; empty if the optimizer has none.
fn moments<'a>(
    mean: &'a mut [f32],
    square: &'a mut [f32],
    range: std::ops::Range<usize>,
) -> (&'a mut [f32], &'a mut [f32]) {
    (mean.get_mut(range.clone()).unwrap_or_default(), square.get_mut(range).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{Activation, Builder, Init, Network, OptimizerConfig};
    use freewheel_core::{Purpose, Streams};

    fn network() -> Network {
        let mut net = Builder::new(1);
        let first = net.one_hot("first", 200, 3, Activation::Tanh, Init::Xavier(1.0));
        let second = net.one_hot("second", 200, 5, Activation::Tanh, Init::Xavier(1.0));
        let out = net.linear("out", first, 2, Activation::Identity, Init::Xavier(1.0));
        net.build(&[out, second])
    }

    /// The same gradients, dense and by rows: rows that are read often, seldom and never; rates that change.
    #[test]
    fn rows_that_catch_up_equal_the_dense_optimizer() {
        let network = network();
        let embeddings = Embeddings::of(&network);
        for config in [
            OptimizerConfig::default(),
            OptimizerConfig::Adam { beta1: 0.9, beta2: 0.99, eps: 1e-3 },
            OptimizerConfig::AdamW { beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.3 },
            OptimizerConfig::Rmsprop { decay: 0.99, eps: 1e-5 },
            OptimizerConfig::Sgd { momentum: 0.0 },
            OptimizerConfig::Sgd { momentum: 0.9 },
        ] {
            let mut rng = Streams::new(4).stream(Purpose::Agent, 0, 0);
            let mut dense = network.initial(&mut rng);
            let mut lazy = dense.clone();
            let (mut dense_optimizer, mut optimizer) =
                (Optimizer::new(config, dense.len()), Optimizer::new(config, dense.len()));
            let mut gradient = Gradient::default();
            for step in 0..700 {
                // Indices from 0 to 150: low ones often, high ones seldom.
                let x: Vec<f32> = (0..4).map(|_| (150.0 * rng.uniform().powi(4)).floor() as f32).collect();
                gradient.clear(&embeddings, network.size());
                gradient.read.add(&embeddings, &x);
                gradient.is_set = true;
                let tables = embeddings.tables.iter().zip(&gradient.read.rows);
                let rows = tables.flat_map(|(table, rows)| rows.iter().map(|&row| table.row(row)));
                let mut set = |range: std::ops::Range<usize>| {
                    gradient.values[range].iter_mut().for_each(|g| *g = 0.1 * rng.normal() as f32);
                };
                rows.for_each(&mut set);
                embeddings.rest.iter().cloned().for_each(set);
                let rate = 1e-2 / (1.0 + f64::from(step) / 100.0);
                optimizer.catch_up(&mut lazy, &embeddings, &gradient.read);
                // Rows that are read are up to date.
                for (table, rows) in embeddings.tables.iter().zip(&gradient.read.rows) {
                    for &row in rows {
                        close(&lazy[table.row(row)], &dense[table.row(row)], config);
                    }
                }
                let found = optimizer.step_rows(&mut lazy, &gradient, &embeddings, rate, Some(0.5));
                let expected = dense_optimizer.step(&mut dense, &gradient.values, rate, Some(0.5));
                assert!((found.norm - expected.norm).abs() < 1e-6 && found.finite == expected.finite);
            }
            optimizer.settle(&mut lazy, &embeddings);
            close(&lazy, &dense, config);
            close(&optimizer.mean, &dense_optimizer.mean, config);
            close(&optimizer.square, &dense_optimizer.square, config);
        }
    }

    fn close(found: &[f32], expected: &[f32], config: OptimizerConfig) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found - expected).abs() < 2e-6 * (1.0 + expected.abs()),
                "{config:?}: {found} {expected}"
            );
        }
    }
}
