//! Driving as the contract wants it: an [`Env`] and a [`World`] over a circuit and a vehicle.
//!
//! | file | what it holds |
//! |---|---|
//! | `settings` | what an experiment may change |
//! | `controls` | what an action means |
//! | `rules` | how driving goes on, and when it ends |
//! | `observation`, `rays` | what a driver sees |
//! | `driver` | a driver that follows a line |

mod controls;
mod driver;
mod observation;
mod rays;
mod rules;
mod settings;

use std::sync::{Arc, OnceLock};

use freewheel_core::{
    Baseline, Better, Certainty, DynWorld, Env, Error, EvaluationWorld, Frame, Measure, Policy, PolicyClass,
    Purpose, Result, Score, ScriptedPolicy, Solution, SolveQuery, Spec, Step, Stream, Streams, World,
};

use super::circuit::Circuit;
use super::draw;
use super::line::{self, Kind, Limits};
use super::vehicle::{Car, Model, Vehicle};
use controls::Drives;
use driver::Driver;
use observation::Observer;

pub(super) use rules::Rules;
pub use rules::State;
pub use settings::{Actions, Observation, Settings, Start, Steering};

/// What the center-line driver asks of the tyres at most, of what they hold.
const SAFE: f64 = 0.8;
/// What the racing-line driver asks of them, and what it keeps from the edges beside the clearance, in widths of the car:
/// the rest is for its corrections.
const BRISK: (f64, f64) = (0.96, 0.15);
/// The same where pedals are all or nothing.
const BRISK_BY_CHOICES: (f64, f64) = (0.86, 0.3);
/// Episodes that a driver is measured in where starts are random.
const EPISODES: u64 = 20;
/// The longest episode, steps.
const LONGEST: f64 = 1e9;

/// The scripts, in order.
const CENTRE_LINE: usize = 0;
const RACING_LINE: usize = 1;

/// Driving on one circuit with one car, its actions of kind `A`: `u32` or `[f32; 2]`.
pub(super) struct Driving<A> {
    spec: Spec,
    rules: Rules,
    observer: Observer,
    choices: Vec<A>,
    center: Driver,
    racing: OnceLock<Result<Driver, String>>,
    /// Where what is learned here is judged, if not here.
    judge: Option<EvaluationWorld>,
}

/// Driving on `circuit`, called `id`.
///
/// # Errors
/// [`Error::Config`] for settings that do not go together.
pub(super) fn driving(
    id: &str,
    circuit: Circuit,
    settings: &Settings,
    judge: Option<EvaluationWorld>,
) -> Result<Arc<dyn DynWorld>> {
    Ok(match settings.actions {
        Actions::Table => Driving { judge, ..Driving::<u32>::new(id, circuit, settings)? }.shared(),
        Actions::Continuous => Driving { judge, ..Driving::<[f32; 2]>::new(id, circuit, settings)? }.shared(),
    })
}

/// The car that a circuit is driven with by default.
fn usual_car(circuit: &Circuit) -> Car {
    // Roads too narrow for a car are for the small one.
    let narrowest = circuit.samples(200).iter().map(|at| at.left + at.right).fold(f64::INFINITY, f64::min);
    if narrowest < Car::Club.parameters().width { Car::Small } else { Car::Club }
}

/// What a line may ask of a car that uses `share` of its tyres' grip and keeps `clearance` m from the edges.
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

impl<A: Drives> Driving<A> {
    pub(super) fn new(id: &str, circuit: Circuit, settings: &Settings) -> Result<Self> {
        let car = settings.car.unwrap_or_else(|| usual_car(&circuit));
        let vehicle = Vehicle { model: settings.model, parameters: car.parameters() };
        let about = |error: Error| Error::Config(format!("{id}: {error}"));
        let fast =
            line::line(&circuit, &limits(&vehicle, 1.0, settings.clearance), Kind::Center).map_err(about)?;
        let safe =
            line::line(&circuit, &limits(&vehicle, SAFE, settings.clearance), Kind::Center).map_err(about)?;
        // A round number: rules should not change with the last digit of a plan.
        let usual_limit = 5.0 * (0.4 * safe.lap_time * f64::from(settings.laps) + 2.0).ceil();
        let ticks = (settings.limit_s.unwrap_or(usual_limit) * f64::from(settings.hz)).ceil();
        if ticks.is_nan() || ticks > LONGEST {
            return Err(Error::Config(format!(
                "{id}: an episode of {ticks} steps is too long; lower limit_s or laps"
            )));
        }
        let center = Driver::new(&safe, circuit.length());
        let tick = 1.0 / f64::from(settings.hz);
        let rules = Rules {
            circuit,
            vehicle,
            steering: settings.steering,
            clearance: settings.clearance,
            laps: settings.laps,
            start: settings.start,
            tick,
            substeps: settings.substeps,
            substep: tick / f64::from(settings.substeps),
            speeds: fast.speeds,
        };
        let observer = Observer::new(settings, &rules);
        let spec = Spec {
            version: rules::VERSION,
            time_limit: Some(ticks as u32),
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
            ..Spec::new(id, observer.space(), A::space())
        };
        Ok(Driving {
            spec,
            rules,
            observer,
            choices: A::choices(),
            center,
            racing: OnceLock::new(),
            judge: None,
        })
    }

    /// How driving goes on here.
    #[cfg(test)]
    pub(super) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The driver of the fastest line, which is found when it is first asked for: careful away from it or not, whichever is the
    /// faster with these starts.
    fn racing(&self) -> Result<&Driver> {
        let found = self.racing.get_or_init(|| {
            let Rules { circuit, vehicle, clearance, .. } = &self.rules;
            let (share, margin) = if self.choices.is_empty() { BRISK } else { BRISK_BY_CHOICES };
            let limits = limits(vehicle, share, clearance + margin * vehicle.parameters.width);
            let line = line::line(circuit, &limits, Kind::LeastTime).map_err(|e| e.to_string())?;
            let bold = Driver::new(&line, circuit.length());
            let careful = bold.clone().careful(&self.center);
            Ok(if self.measured(&careful) < self.measured(&bold) { careful } else { bold })
        });
        found.as_ref().map_err(|e| Error::Unsupported(format!("{} has no racing line: {e}", self.spec.id)))
    }

    fn driver(&self, script: usize) -> Result<Option<&Driver>> {
        Ok(match script {
            CENTRE_LINE => Some(&self.center),
            RACING_LINE => Some(self.racing()?),
            _ => None,
        })
    }

    /// Seconds that count as the lap time of an episode that is not finished.
    fn limit_s(&self) -> f64 {
        f64::from(self.spec.time_limit.unwrap_or(0)) * self.rules.tick
    }

    fn lap_time(&self, state: &State) -> f64 {
        let finished = state.laps >= self.rules.laps;
        state.best_lap.filter(|_| finished).unwrap_or_else(|| self.limit_s())
    }

    /// Drives one episode to its end.
    fn drive(&self, driver: &Driver, rng: &mut Stream) -> State {
        let mut state = self.rules.reset(rng);
        for _ in 0..self.spec.time_limit.unwrap_or(0) {
            let action = driver.choose(&self.rules, &state, &self.choices);
            let controls = action.map(Drives::controls).unwrap_or_default();
            if self.rules.step(&mut state, controls).ending.is_over() {
                break;
            }
        }
        state
    }

    /// The mean lap time of a driver.
    fn measured(&self, driver: &Driver) -> f64 {
        let episodes = if self.rules.start == Start::Anywhere { EPISODES } else { 1 };
        let lap = |index| {
            let mut rng = Streams::new(0).stream(Purpose::EvaluationEnvironment, index, 0);
            self.lap_time(&self.drive(driver, &mut rng))
        };
        (0..episodes).map(lap).sum::<f64>() / episodes as f64
    }
}

impl<A: Drives> Env for Driving<A> {
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
        self.observer.observe(&self.rules, state, out);
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
        self.driver(script).ok()??.choose(&self.rules, state, &self.choices)
    }
}

impl<A: Drives> World for Driving<A> {
    /// The lap time of the better driver, driven: that of the racing line, except from some random starts; `upper` is a proved
    /// bound that no lap of a car with this friction circle undercuts.
    fn solve(&self, query: &SolveQuery) -> Result<Solution> {
        if query.policy_class != PolicyClass::Optimal {
            return Err(Error::Unsupported(format!(
                "{} knows the best player's lap time only",
                self.spec.id
            )));
        }
        let (racing, center) = (self.measured(self.racing()?), self.measured(&self.center));
        let (script, value) = if center < racing { (CENTRE_LINE, center) } else { (RACING_LINE, racing) };
        let grip = limits(&self.rules.vehicle, 1.0, self.rules.clearance);
        let bound = match self.rules.vehicle.model {
            Model::Grip => Some(line::lower_bound(&self.rules.circuit, &grip)?.any),
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

    /// The center-line driver, driven.
    fn baseline(&self, _question: &SolveQuery) -> Result<Baseline> {
        Ok(Baseline { name: "center-line".into(), value: self.measured(&self.center) })
    }

    fn evaluation_world(&self) -> Option<&EvaluationWorld> {
        self.judge.as_ref()
    }

    fn draw(&self, state: &State, _policy: Option<&dyn Policy>, frame: &mut Frame) {
        draw::paint(&self.rules, state, frame);
    }
}
