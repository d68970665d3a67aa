//! `check`: answers to the exercises of the lesson plan, docs/teaching.md. The program works out each right answer.

use freewheel_agents::Samples;
use freewheel_agents::data::embedded;
use freewheel_agents::estimator::{Estimator, Regressor};
use freewheel_agents::nn::{Activation, Builder, Init, Network, Workspace};
use freewheel_agents::supervised::linear::Linear;
use freewheel_core::{Error as Core, Result as CoreResult, SolveQuery, Streams};

use crate::cli::Check;
use crate::error::Result;
use crate::messages::Language;
use crate::{Registry, output};

/// Number of exercises.
const COUNT: usize = 6;

pub(super) fn check(registry: &Registry, args: &Check) -> Result<()> {
    let language = Language::chosen();
    let question = |number: usize| {
        let name = format!("exercise-{number}");
        let question = language.text(&format!("exercise.{name}")).to_owned();
        language.filled("exercise.question", &[("name", name), ("question", question)])
    };
    let Some(name) = &args.exercise else {
        let all: Vec<String> = (1..=COUNT).map(question).collect();
        return output::text(&format!("{}\n\n{}\n", language.text("exercise.list"), all.join("\n")));
    };
    let number = name.strip_prefix("exercise-").and_then(|number| number.parse().ok());
    let Some(number) = number.filter(|number| (1..=COUNT).contains(number)) else {
        let values = [("name", name.clone()), ("count", COUNT.to_string())];
        return Err(Core::Config(language.filled("exercise.unknown", &values)).into());
    };
    let Some(answer) = args.answer else {
        let how = language.filled("exercise.how", &[("name", name.clone())]);
        return output::text(&format!("{}\n{how}\n", question(number)));
    };
    let right = solution(registry, number)?;
    // Half a unit of the second decimal.
    if (answer - right).abs() <= 0.005 + 1e-9 {
        let value = format!("{}", (right * 100.0).round() / 100.0);
        return output::text(&format!("{}\n", language.filled("exercise.correct", &[("value", value)])));
    }
    let hint = language.text(&format!("exercise.hint-{number}")).to_owned();
    Err(Core::Config(language.filled("exercise.wrong", &[("hint", hint)])).into())
}

/// Right answer to exercise `number`.
fn solution(registry: &Registry, number: usize) -> CoreResult<f64> {
    match number {
        1 => {
            let neuron = network(2, &[], 1);
            let mut sum = [0.0];
            neuron.act(&[2.0, 1.0, 0.5], &[0.5, -1.0], &mut Workspace::default(), &mut sum);
            Ok(sum[0].into())
        }
        2 => Ok(network(64, &[64], 10).size() as f64),
        3 => {
            let (old, reward, gamma, next, alpha) = (0.0, -1.0, 0.9, 2.0, 0.5);
            Ok(old + alpha * (reward + gamma * next - old))
        }
        4 => Ok(2f64.powi(10)),
        5 => {
            let women = embedded::women()?.train;
            let mut linear = Estimator::new(Linear::default(), Streams::new(0))?;
            linear.fit(&women.samples, &Samples::new(women.targets.values()?.to_vec(), 1)?)?;
            Ok(linear.model()?.weights()[0])
        }
        _ => {
            let world = registry.build_world("grid/cliff", &toml::Table::new())?;
            Ok(world.solve(&SolveQuery::for_spec(world.spec()))?.value)
        }
    }
}

/// Network of dense layers.
fn network(inputs: usize, hidden: &[usize], outputs: usize) -> Network {
    let mut net = Builder::new(inputs);
    let mut at = 0;
    for &units in hidden {
        at = net.linear("hidden", at, units, Activation::Relu, Init::Xavier(1.0));
    }
    at = net.linear("out", at, outputs, Activation::Identity, Init::Xavier(1.0));
    net.build(&[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_by_hand() {
        let registry = Registry::standard();
        let all: Vec<f64> = (1..=COUNT).map(|number| solution(&registry, number).unwrap()).collect();
        let by_hand = [0.5, 4810.0, 0.4, 1024.0, 3.45, -13.0];
        for (found, right) in all.iter().zip(by_hand) {
            assert!((found - right).abs() < 1e-6, "{all:?}");
        }
    }
}
