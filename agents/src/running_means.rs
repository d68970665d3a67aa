//! Means of named quantities since the last report.

use freewheel_core::MetricSink;
use serde::{Deserialize, Serialize};

/// Sums and counts by name, in the order in which names first came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunningMeans {
    sums: Vec<(String, f64, u64)>,
}

impl RunningMeans {
    /// Counts one value of `name`.
    pub(crate) fn add(&mut self, name: &str, value: f64) {
        match self.sums.iter_mut().find(|(own, ..)| own == name) {
            Some((_, sum, count)) => (*sum, *count) = (*sum + value, *count + 1),
            None => self.sums.push((name.to_owned(), value, 1)),
        }
    }

    /// Reports the means, and begins anew.
    pub(crate) fn report(&mut self, monitor: &mut dyn MetricSink) {
        for (name, sum, count) in &mut self.sums {
            if *count > 0 {
                monitor.scalar(name, *sum / *count as f64);
            }
            (*sum, *count) = (0.0, 0);
        }
    }
}
