//! Environment of the family `track`: implements [`Env`] and [`World`] for one circuit and one car.
//!
//! | file | content |
//! |---|---|
//! | `settings` | settings of the worlds |
//! | `controls` | actions |
//! | `rules` | dynamics, reward, endings |
//! | `observation` | observations, range finder |
//! | `line_follower` | scripted policies: path-following controller |

mod controls;
mod line_follower;
mod observation;
mod rules;
mod settings;

use std::sync::{Arc, OnceLock};

use freewheel_core::{
    Baseline, Better, Certainty, DynWorld, Env, Error, EvaluationWorld, Frame, Measure, Policy, PolicyClass,
    Purpose, Result, Score, ScriptedPolicy, Solution, SolveQuery, Spec, Step, Stream, Streams, World,
};

use super::circuit::{Circuit, Sample};
use super::draw;
use super::line::{self, Limits, LineKind};
use super::vehicle::{Car, Model, Vehicle};
use controls::DriveAction;
use line_follower::LineFollower;
use observation::ObservationModel;

pub(super) use rules::Rules;
pub use rules::State;
pub use settings::{Actions, Observation, Settings, Start, Steering};

/// Fraction of the car's grip that the plan of the center-line driver uses.
const CENTER_LINE_GRIP: f64 = 0.8;
/// Plan of the racing-line driver for continuous actions: fraction of the car's grip that the plan uses, and margin to
/// the edges beyond the clearance, in car widths. The rest of grip and road is left for feedback.
const RACING_CONTINUOUS: (f64, f64) = (0.96, 0.15);
/// Plan of the racing-line driver for discrete actions: fraction of the grip, and margin in car widths.
const RACING_TABLE: (f64, f64) = (0.86, 0.3);
/// Number of episodes in which a scripted driver is evaluated if starts are random.
const NUM_EPISODES: u64 = 20;
/// Median width of the road below which the small car is the default, in widths of the club car.
const NARROW_ROAD: f64 = 2.5;
/// Maximum episode length, steps.
const MAX_STEPS: f64 = 1e9;

/// Index of the center-line driver in the list of scripted policies; `RACING_LINE`: of the racing-line driver.
const CENTER_LINE: usize = 0;
const RACING_LINE: usize = 1;

/// Environment on one circuit with one car. `A` is the action type: `u32` (discrete) or `[f32; 2]` (continuous).
pub(super) struct TrackEnv<A> {
    spec: Spec,
    rules: Rules,
    observation: ObservationModel,
    discrete_actions: Vec<A>,
    center: LineFollower,
    racing: OnceLock<Result<LineFollower, String>>,
    /// World in which policies are evaluated; `None` if they are evaluated in this world.
    evaluation_world: Option<EvaluationWorld>,
}

/// World with the name `id` on `circuit`.
///
/// # Errors
/// [`Error::Config`] for incompatible settings.
pub(super) fn build(
    id: &str,
    circuit: Circuit,
    settings: &Settings,
    evaluation_world: Option<EvaluationWorld>,
) -> Result<Arc<dyn DynWorld>> {
    Ok(match settings.actions {
        Actions::Table => {
            TrackEnv { evaluation_world, ..TrackEnv::<u32>::new(id, circuit, settings)? }.shared()
        }
        Actions::Continuous => {
            TrackEnv { evaluation_world, ..TrackEnv::<[f32; 2]>::new(id, circuit, settings)? }.shared()
        }
    })
}

impl<A: DriveAction> Env for TrackEnv<A> {
    type State = State;
    type Action = A;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn reset(&self, rng: &mut Stream) -> State {
        self.rules.reset(rng)
    }

    #[inline]
    fn step(&self, state: &mut State, action: A, _rng: &mut Stream) -> Step {
        self.rules.step(state, action.controls())
    }

    #[inline]
    fn observe(&self, state: &State, out: &mut [f32]) {
        self.observation.observe(&self.rules, state, out);
    }

    fn measure(&self, state: &State, out: &mut [f64]) {
        let seconds = self.rules.seconds(state);
        let measures = [
            self.lap_time(state),
            f64::from(u8::from(state.laps >= self.rules.laps)),
            f64::from(state.laps),
            state.progress,
            if seconds > 0.0 { state.progress / seconds } else { 0.0 },
        ];
        out.copy_from_slice(&measures);
    }

    fn scripted(&self, script: usize, state: &State, _rng: &mut Stream) -> Option<A> {
        self.scripted_driver(script).ok()??.action(&self.rules, state, &self.discrete_actions)
    }
}

impl<A: DriveAction> World for TrackEnv<A> {
    /// Reference: simulated lap time of the better scripted driver (the racing-line driver, except from some random
    /// starts). `upper` is the proved lower bound on the lap time of any car with the same friction circle.
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        if query.policy_class != PolicyClass::Optimal {
            return Err(Error::Unsupported(format!(
                "{} has a reference for the policy class `optimal` only",
                self.spec.id
            )));
        }
        let (racing, center) = (self.mean_lap_time(self.racing()?), self.mean_lap_time(&self.center));
        let (script, value) = if center < racing { (CENTER_LINE, center) } else { (RACING_LINE, racing) };
        let grip = limits(&self.rules.vehicle, 1.0, self.rules.clearance);
        let bound = match self.rules.vehicle.model {
            Model::Grip => Some(line::lower_bound(&self.rules.circuit, &grip)?.any_start),
            Model::Ks | Model::St => None,
        };
        Ok(Solution {
            certainty: Certainty::BestKnown,
            value,
            upper: bound,
            values: Vec::new(),
            policy: Some(Arc::new(ScriptedPolicy(script))),
        })
    }

    /// Baseline: simulated lap time of the center-line driver.
    fn baseline(&self, _question: &SolveQuery) -> Result<Baseline> {
        Ok(Baseline { name: "center-line".into(), value: self.mean_lap_time(&self.center) })
    }

    fn evaluation_world(&self) -> Option<&EvaluationWorld> {
        self.evaluation_world.as_ref()
    }

    fn draw(&self, state: &State, _policy: Option<&dyn Policy>, frame: &mut Frame) {
        draw::draw_state(&self.rules, state, frame);
    }
}

impl<A: DriveAction> TrackEnv<A> {
    pub(super) fn new(id: &str, circuit: Circuit, settings: &Settings) -> Result<Self> {
        let car = settings.car.unwrap_or_else(|| default_car(&circuit));
        let vehicle = Vehicle { model: settings.model, parameters: car.parameters() };
        let about = |error: Error| Error::Config(format!("{id}: {error}"));
        let fast = line::plan_line(&circuit, &limits(&vehicle, 1.0, settings.clearance), LineKind::Center)
            .map_err(about)?;
        let safe = line::plan_line(
            &circuit,
            &limits(&vehicle, CENTER_LINE_GRIP, settings.clearance),
            LineKind::Center,
        )
        .map_err(about)?;
        // The time limit is rounded, so that the rules do not depend on the last digits of the plan.
        let default_limit = 5.0 * (0.4 * safe.lap_time * f64::from(settings.laps) + 2.0).ceil();
        let steps = (settings.limit_s.unwrap_or(default_limit) * f64::from(settings.hz)).ceil();
        if steps.is_nan() || steps > MAX_STEPS {
            let message = format!("{id}: an episode of {steps} steps is too long; lower limit_s or laps");
            return Err(Error::setting(if settings.limit_s.is_some() { "limit_s" } else { "laps" }, message));
        }
        let center = LineFollower::new(&safe, circuit.length());
        let dt = 1.0 / f64::from(settings.hz);
        let rules = Rules {
            circuit,
            vehicle,
            steering: settings.steering,
            clearance: settings.clearance,
            laps: settings.laps,
            start: settings.start,
            dt,
            substeps: settings.substeps,
            substep_dt: dt / f64::from(settings.substeps),
            speeds: fast.speeds,
        };
        let observation = ObservationModel::new(settings, &rules);
        let spec = Spec {
            version: rules::VERSION,
            time_limit: Some(steps as u32),
            gamma: settings.gamma,
            measures: vec![
                Measure::new("lap time", "s", Better::Lower),
                Measure::new("finished", "", Better::Higher),
                Measure::new("laps", "", Better::Higher),
                Measure::new("progress", "m", Better::Higher),
                Measure::new("mean speed", "m/s", Better::Neither),
            ],
            score: Score::Measure(0),
            scripts: vec!["center-line".into(), "racing-line".into()],
            ..Spec::new(id, observation.space(), A::space())
        };
        Ok(TrackEnv {
            spec,
            rules,
            observation,
            discrete_actions: A::discrete_actions(),
            center,
            racing: OnceLock::new(),
            evaluation_world: None,
        })
    }

    #[cfg(test)]
    pub(super) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Racing-line driver, planned at the first call. Of two variants, with and without reduced speed off the line, it
    /// is the one with the lower mean lap time.
    fn racing(&self) -> Result<&LineFollower> {
        let found = self.racing.get_or_init(|| {
            let Rules { circuit, vehicle, clearance, .. } = &self.rules;
            let (share, margin) =
                if self.discrete_actions.is_empty() { RACING_CONTINUOUS } else { RACING_TABLE };
            let limits = limits(vehicle, share, clearance + margin * vehicle.parameters.width);
            let line = line::plan_line(circuit, &limits, LineKind::MinTime).map_err(|e| e.to_string())?;
            let direct = LineFollower::new(&line, circuit.length());
            let slowed = direct.clone().slowed_off_line(&self.center);
            Ok(if self.mean_lap_time(&slowed) < self.mean_lap_time(&direct) { slowed } else { direct })
        });
        found.as_ref().map_err(|e| Error::Unsupported(format!("{} has no racing line: {e}", self.spec.id)))
    }

    fn scripted_driver(&self, script: usize) -> Result<Option<&LineFollower>> {
        Ok(match script {
            CENTER_LINE => Some(&self.center),
            RACING_LINE => Some(self.racing()?),
            _ => None,
        })
    }

    /// Time limit, s: the lap time that counts for an unfinished episode.
    fn limit_s(&self) -> f64 {
        f64::from(self.spec.time_limit.unwrap_or(0)) * self.rules.dt
    }

    fn lap_time(&self, state: &State) -> f64 {
        let finished = state.laps >= self.rules.laps;
        state.best_lap.filter(|_| finished).unwrap_or_else(|| self.limit_s())
    }

    /// Final state of one episode of a scripted driver.
    fn play_episode(&self, line_follower: &LineFollower, rng: &mut Stream) -> State {
        let mut state = self.rules.reset(rng);
        for _ in 0..self.spec.time_limit.unwrap_or(0) {
            let action = line_follower.action(&self.rules, &state, &self.discrete_actions);
            let controls = action.map(DriveAction::controls).unwrap_or_default();
            if self.rules.step(&mut state, controls).ending.is_over() {
                break;
            }
        }
        state
    }

    /// Mean lap time of a scripted driver, s.
    fn mean_lap_time(&self, line_follower: &LineFollower) -> f64 {
        let episodes = if self.rules.start == Start::Anywhere { NUM_EPISODES } else { 1 };
        let lap = |index| {
            let mut rng = Streams::new(0).stream(Purpose::EvaluationEnvironment, index, 0);
            self.lap_time(&self.play_episode(line_follower, &mut rng))
        };
        (0..episodes).map(lap).sum::<f64>() / episodes as f64
    }
}

/// Default car of a circuit: the small car on a narrow road, or if a bend is too tight for the club car.
fn default_car(circuit: &Circuit) -> Car {
    let club = Car::Club.parameters();
    let samples = circuit.samples(2_000);
    let mut widths: Vec<f64> = samples.iter().map(|at| at.left + at.right).collect();
    widths.sort_by(f64::total_cmp);
    // Radius of the outermost line through a bend.
    let outermost =
        |at: &Sample| 1.0 / at.curvature.abs() + if at.curvature > 0.0 { at.right } else { at.left };
    let widest_line = samples.iter().map(outermost).fold(f64::INFINITY, f64::min);
    let narrow = widths[widths.len() / 2] < NARROW_ROAD * club.width || widths[0] < club.width;
    if narrow || widest_line < club.wheelbase() / club.steering.tan() { Car::Small } else { Car::Club }
}

/// Limits of a plan that uses the fraction `share` of the car's grip and keeps `clearance` m from the edges.
fn limits(vehicle: &Vehicle, share: f64, clearance: f64) -> Limits {
    let p = &vehicle.parameters;
    Limits {
        grip: share * p.grip(),
        top_speed: p.top_speed,
        drive: p.engine,
        power: p.engine * p.switch_speed,
        brake: p.brake,
        curvature: p.steering.tan() / p.wheelbase(),
        clearance,
    }
}
