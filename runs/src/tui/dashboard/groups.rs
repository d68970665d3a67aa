//! Groups of jobs: the seeds of one agent in one world, with the means and intervals of their metrics.

use super::model::JobInfo;
use crate::curves::Curves;
use crate::mean_curve::{Point, mean_curve};

/// Jobs that differ in their seeds only.
#[derive(Debug)]
pub(in crate::tui) struct Group {
    /// Label of the world.
    pub(super) world: String,
    /// Label of the agent.
    pub(super) agent: String,
    /// Largest number of environment steps of a job.
    pub(super) steps: u64,
    /// Whether a lower score is better.
    pub(super) lower_is_better: bool,
    /// Indices of the jobs.
    pub(super) jobs: Vec<usize>,
    /// Reference score of the world, once known.
    pub(super) reference: Option<f64>,
    /// Baseline score of the world, once known.
    pub(super) baseline: Option<f64>,
    /// Curves of each job, in the order of `jobs`.
    curves: Vec<Curves>,
    /// Names of the metrics with their points.
    metrics: Vec<(String, Vec<Point>)>,
}

impl Group {
    /// Name of the score of the training episodes.
    pub(super) const SCORE: &'static str = "score";

    /// Takes the curves of the job `index`.
    pub(super) fn set_curves(&mut self, index: usize, curves: &Curves) {
        let Some(at) = self.jobs.iter().position(|&job| job == index) else { return };
        self.curves[at].clone_from(curves);
        self.metrics.clear();
        for curve in self.curves.iter().flat_map(|curves| &curves.all) {
            if self.metrics.iter().all(|(name, _)| *name != curve.name) {
                self.metrics.push((curve.name.clone(), Vec::new()));
            }
        }
        for (name, points) in &mut self.metrics {
            *points = mean_curve(&self.curves, name, false);
        }
    }

    /// Names of the metrics, in the order in which the agents report them.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.metrics.iter().map(|(name, _)| &**name)
    }

    /// Points of a metric; empty if it is unknown.
    pub(super) fn points(&self, name: &str) -> &[Point] {
        self.metrics.iter().find(|(known, _)| known == name).map_or(&[], |(_, points)| points)
    }
}

/// Groups of the jobs, and the index of the group of each job.
pub(super) fn groups_of(jobs: &[JobInfo]) -> (Vec<Group>, Vec<usize>) {
    let mut groups: Vec<Group> = Vec::new();
    let mut of = Vec::with_capacity(jobs.len());
    for (index, job) in jobs.iter().enumerate() {
        let same = |group: &Group| (&group.world, &group.agent) == (&job.world, &job.agent);
        let at = groups.iter().position(same).unwrap_or_else(|| {
            groups.push(Group {
                world: job.world.clone(),
                agent: job.agent.clone(),
                steps: job.steps,
                lower_is_better: job.lower_is_better,
                jobs: Vec::new(),
                reference: None,
                baseline: None,
                curves: Vec::new(),
                metrics: Vec::new(),
            });
            groups.len() - 1
        });
        groups[at].steps = groups[at].steps.max(job.steps);
        groups[at].jobs.push(index);
        groups[at].curves.push(Curves::default());
        of.push(at);
    }
    (groups, of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curves::Curve;

    fn job(world: &str, agent: &str, seed: u64) -> JobInfo {
        JobInfo { world: world.into(), agent: agent.into(), seed, steps: 100, lower_is_better: false }
    }

    fn curves(points: &[(u64, f64)]) -> Curves {
        Curves { all: vec![Curve { name: "score".into(), points: points.to_vec() }], ..Curves::default() }
    }

    #[test]
    fn seeds_of_one_agent_in_one_world_are_a_group() {
        let jobs = [job("a", "x", 0), job("a", "x", 1), job("a", "y", 0), job("b", "x", 0)];
        let (groups, of) = groups_of(&jobs);
        assert_eq!(of, [0, 0, 1, 2]);
        assert_eq!(groups[0].jobs, [0, 1]);
    }

    #[test]
    fn the_mean_is_over_the_seeds_that_have_reached_a_step() {
        let (mut groups, _) = groups_of(&[job("a", "x", 0), job("a", "x", 1)]);
        groups[0].set_curves(0, &curves(&[(10, 1.0), (20, 3.0)]));
        groups[0].set_curves(1, &curves(&[(10, 2.0)]));
        let means: Vec<(u64, f64)> = groups[0].points("score").iter().map(|p| (p.step, p.mean)).collect();
        assert_eq!(means, [(10, 1.5), (20, 3.0)]);
        // The same curves again change nothing.
        groups[0].set_curves(1, &curves(&[(10, 2.0)]));
        assert_eq!(groups[0].points("score").len(), 2);
        assert!(groups[0].points("loss").is_empty());
    }
}
