//! Environment of the family `track`: implements [`Env`] and [`World`] for one circuit and one car.
//!
//! | file | content |
//! |---|---|
//! | `settings` | settings of the worlds |
//! | `controls` | actions |
//! | `rules` | dynamics, reward, endings |
//! | `observation` | observations, range finder |
//! | `line_follower` | scripted policies: path-following controller |
//! | `practice` | adaptation of the racing-line driver to the car |

mod controls;
mod line_follower;
mod observation;
mod practice;
mod rules;
mod settings;

use std::sync::{Arc, OnceLock};

use freewheel_core::{
    Baseline, Better, Certainty, DynWorld, Env, Error, EvaluationWorld, Event, Frame, Measure, PolicyClass,
    Purpose, Result, Scene, Score, ScriptedPolicy, Solution, SolveQuery, Spec, Step, Stream, Streams, World,
};

use super::circuit::{Circuit, Sample};
use super::draw::{self, Drawing};
use super::line::{self, Limits, LineKind, Plan};
use super::vehicle::{Car, Model, Vehicle};
use controls::DriveAction;
use line_follower::LineFollower;
use observation::ObservationModel;
use practice::Practice;

pub(super) use rules::Rules;
pub use rules::State;
pub use settings::{Actions, Observation, Settings, Start, Steering};

/// Fraction of the car's grip that the plan of the center-line driver uses; `SLIP_CENTER_LINE_GRIP`: with the model ST.
const CENTER_LINE_GRIP: f64 = 0.8;
const SLIP_CENTER_LINE_GRIP: f64 = 0.6;
/// Plans of the racing-line driver, in the order in which they are tried until the car finishes: fraction of the car's
/// grip at the first attempt, and margin to the edges beyond the clearance, in car widths.
const RACING_CONTINUOUS: [(f64, f64); 5] = [(1.0, 0.02), (0.98, 0.08), (0.96, 0.15), (0.86, 0.3), (0.6, 0.6)];
const RACING_TABLE: [(f64, f64); 3] = [(0.95, 0.15), (0.86, 0.3), (0.6, 0.6)];
/// Model ST: fraction of the brakes that a plan uses. The load transfer of full braking makes the car unstable.
const SLIP_BRAKE: f64 = 0.5;
/// Practices of the racing-line driver with continuous and with discrete actions, of which the best counts: number of
/// phases, and control steps; a step with discrete actions takes several times as long.
const PRACTICE_CONTINUOUS: [(usize, usize); 2] = [(1, 1_000_000), (3, 2_500_000)];
const PRACTICE_TABLE: [(usize, usize); 1] = [(1, 300_000)];
/// With the model ST, a step takes several times as long.
const SLIP_PRACTICE_SHARE: usize = 4;
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
    drawing: Drawing,
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
    /// starts). `upper` is a proved lower bound on the lap time.
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        if query.policy_class != PolicyClass::Optimal {
            return Err(Error::Unsupported(format!(
                "{} has a reference for the policy class `optimal` only",
                self.spec.id
            )));
        }
        let racing = self.racing().map(|driver| self.mean_lap_time(driver));
        let laps = [
            (RACING_LINE, racing.as_ref().ok().copied().flatten()),
            (CENTER_LINE, self.mean_lap_time(&self.center)),
        ];
        let best = laps.into_iter().filter_map(|(script, lap)| Some((script, lap?)));
        let Some((script, value)) = best.min_by(|a, b| a.1.total_cmp(&b.1)) else {
            return Err(Error::Unsupported(format!(
                "{} has no reference: no scripted driver finishes a lap with these settings; raise hz or choose another \
                 model or car",
                self.spec.id
            )));
        };
        let bound = match self.rules.vehicle.model {
            Model::Grip => Some(self.lower_bound()?),
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

    /// Baseline: simulated lap time of the center-line driver; the time limit if it does not finish.
    fn baseline(&self, _question: &SolveQuery) -> Result<Baseline> {
        Ok(Baseline {
            name: "center-line".into(),
            value: self.mean_lap_time(&self.center).unwrap_or_else(|| self.limit_s()),
        })
    }

    fn evaluation_world(&self) -> Option<&EvaluationWorld> {
        self.evaluation_world.as_ref()
    }

    fn observation_names(&self) -> Vec<String> {
        self.observation.names()
    }

    fn draw(&self, scene: &Scene<'_, State>, frame: &mut Frame) {
        let limits = limits(&self.rules.vehicle, 1.0, self.rules.clearance);
        self.drawing.draw(&self.rules, &limits, scene, frame);
    }

    fn layers(&self) -> &[&'static str] {
        draw::LAYERS
    }

    /// `lap`: the car has finished a lap; `off`: it has left the road, which ends the episode.
    fn event(&self, before: &State, _action: A, after: &State, _step: Step) -> Option<Event> {
        if after.off_road && !before.off_road {
            let place = after.s.round();
            return Some(Event::new("off", format!("left the road {place} m after the start line")));
        }
        let lap = after.lap_start - before.lap_start;
        let (count, laps) = (after.laps, self.rules.laps);
        (count > before.laps).then(|| Event::new("lap", format!("lap {count} of {laps} in {lap:.3} s")))
    }

    fn step_seconds(&self) -> Option<f64> {
        Some(self.rules.dt)
    }
}

impl<A: DriveAction> TrackEnv<A> {
    pub(super) fn new(id: &str, circuit: Circuit, settings: &Settings) -> Result<Self> {
        let car = settings.car.unwrap_or_else(|| default_car(&circuit));
        let vehicle = Vehicle { model: settings.model, parameters: car.parameters() };
        let about = |error: Error| Error::Config(format!("{id}: {error}"));
        let fast = line::plan_line(&circuit, &limits(&vehicle, 1.0, settings.clearance), LineKind::Center)
            .map_err(about)?;
        let safe = |limits: Limits| line::plan_line(&circuit, &limits, LineKind::Center).map_err(about);
        let timed = safe(limits(&vehicle, CENTER_LINE_GRIP, settings.clearance))?;
        let center = match vehicle.model {
            Model::Grip | Model::Ks => timed.clone(),
            Model::St => safe(plan_limits(&vehicle, SLIP_CENTER_LINE_GRIP, settings.clearance))?,
        };
        // The time limit is rounded, so that the rules do not depend on the last digits of the plan.
        let default_limit = 5.0 * (0.4 * timed.lap_time * f64::from(settings.laps) + 2.0).ceil();
        let steps = (settings.limit_s.unwrap_or(default_limit) * f64::from(settings.hz)).ceil();
        if steps.is_nan() || steps > MAX_STEPS {
            let message = format!("{id}: an episode of {steps} steps is too long; lower limit_s or laps");
            return Err(Error::setting(if settings.limit_s.is_some() { "limit_s" } else { "laps" }, message));
        }
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
        let center = LineFollower::new(center.path.points.len(), |i| center.point(i), &rules);
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
            drawing: Drawing::default(),
        })
    }

    #[cfg(test)]
    pub(super) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Racing-line driver, planned at the first call: the driver with the lowest mean lap time, after practice or, for
    /// random starts, without. Each has a variant with reduced speed off the line.
    fn racing(&self) -> Result<&LineFollower> {
        let found = self.racing.get_or_init(|| self.plan_racing().map_err(|error| error.to_string()));
        found.as_ref().map_err(|e| Error::Unsupported(format!("{} has no racing line: {e}", self.spec.id)))
    }

    fn plan_racing(&self) -> Result<LineFollower> {
        let Rules { circuit, vehicle, clearance, .. } = &self.rules;
        let is_table = !self.discrete_actions.is_empty();
        let attempts: &[(f64, f64)] = if is_table { &RACING_TABLE } else { &RACING_CONTINUOUS };
        let practices: &[(usize, usize)] = if is_table { &PRACTICE_TABLE } else { &PRACTICE_CONTINUOUS };
        let slowness = if vehicle.model == Model::St { SLIP_PRACTICE_SHARE } else { 1 };
        let mut plan: Option<Plan> = None;
        let mut drivers = Vec::new();
        for &(share, margin) in attempts {
            let limits = plan_limits(vehicle, 1.0, clearance + margin * vehicle.parameters.width);
            let next = match &plan {
                Some(plan) => plan.again(circuit, &limits),
                None => Plan::min_time(circuit, &limits),
            };
            let next = match (next, plan.is_some()) {
                (Ok(next), _) => plan.insert(next),
                // The road is too narrow for a greater margin.
                (Err(_), true) => break,
                (Err(error), false) => return Err(error),
            };
            let max_steps = self.spec.time_limit.unwrap_or(0);
            for &(phases, steps) in practices {
                let practice = Practice::new(&self.rules, &self.discrete_actions, next, max_steps, phases);
                drivers.extend(practice.run(share, steps / slowness));
            }
            if !drivers.is_empty() {
                break;
            }
        }
        if self.rules.start == Start::Anywhere {
            let (share, margin) = attempts[attempts.len() / 2];
            let limits = plan_limits(vehicle, share, clearance + margin * vehicle.parameters.width);
            let line = Plan::min_time(circuit, &limits)?.line();
            drivers.push(LineFollower::new(line.path.points.len(), |i| line.point(i), &self.rules));
        }
        let slowed = drivers.clone().into_iter().map(|driver| driver.slowed_off_line(&self.center));
        let drivers: Vec<LineFollower> = drivers.iter().cloned().chain(slowed).collect();
        let timed = drivers.into_iter().filter_map(|driver| Some((self.mean_lap_time(&driver)?, driver)));
        let best = timed.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, driver)| driver);
        best.ok_or_else(|| Error::Unsupported("no planned driver finishes".into()))
    }

    fn scripted_driver(&self, script: usize) -> Result<Option<&LineFollower>> {
        Ok(match script {
            CENTER_LINE => Some(&self.center),
            RACING_LINE => Some(self.racing()?),
            _ => None,
        })
    }

    /// Proved lower bound on the lap time, s: for the known initial speed of a single lap, else for any.
    fn lower_bound(&self) -> Result<f64> {
        let Rules { circuit, vehicle, clearance, substep_dt, .. } = &self.rules;
        let limits = limits(vehicle, 1.0, *clearance);
        // The limits of the engine hold for the speed at the beginning of an integration step, which is lower than the
        // speed within the step by at most `gain`.
        let (gain, switch) = (limits.drive * substep_dt, vehicle.parameters.switch_speed);
        let power = if gain < switch { limits.power * switch / (switch - gain) } else { f64::INFINITY };
        let limits = Limits { power, top_speed: limits.top_speed + gain, ..limits };
        Ok(match self.rules.start {
            Start::Standing | Start::Flying if self.rules.laps == 1 => {
                line::lower_bound_from(circuit, &limits, self.rules.reset_at_line().speed())?
            }
            _ => line::lower_bound(circuit, &limits)?.any_start,
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

    /// Mean lap time of a scripted driver, s; `None` if it finishes no episode.
    fn mean_lap_time(&self, line_follower: &LineFollower) -> Option<f64> {
        let episodes = if self.rules.start == Start::Anywhere { NUM_EPISODES } else { 1 };
        let (mut sum, mut is_finished) = (0.0, false);
        for index in 0..episodes {
            let mut rng = Streams::new(0).stream(Purpose::EvaluationEnvironment, index, 0);
            let state = self.play_episode(line_follower, &mut rng);
            is_finished |= state.laps >= self.rules.laps;
            sum += self.lap_time(&state);
        }
        is_finished.then_some(sum / episodes as f64)
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

/// Limits of the plan of a scripted driver, as [`limits`], but with the brakes that the driver uses.
fn plan_limits(vehicle: &Vehicle, share: f64, clearance: f64) -> Limits {
    let limits = limits(vehicle, share, clearance);
    match vehicle.model {
        Model::Grip | Model::Ks => limits,
        Model::St => Limits { brake: SLIP_BRAKE * limits.brake, ..limits },
    }
}
