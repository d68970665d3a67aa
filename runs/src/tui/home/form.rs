//! Form of a training: world, agent, steps and seeds. It shows the command line that it stands for.

use super::model::{Command, presets_of_agent, presets_of_world};
use crate::count;
use crate::format::quoted;
use crate::messages::screens::tr;
use crate::presets::{self, DEFAULT_STEPS};
use crate::seeds::Seeds;

/// Field of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FormField {
    /// World, chosen from a list.
    World,
    /// Agent, chosen from a list.
    Agent,
    /// Number of environment steps, typed.
    Steps,
    /// Seeds, typed.
    Seeds,
}

impl FormField {
    /// All fields, in the order of the form.
    pub(super) const ALL: [FormField; 4] =
        [FormField::World, FormField::Agent, FormField::Steps, FormField::Seeds];

    /// Label of the field.
    pub(super) fn name(self) -> &'static str {
        match self {
            FormField::World => tr!("world"),
            FormField::Agent => tr!("agent"),
            FormField::Steps => tr!("steps"),
            FormField::Seeds => tr!("seeds"),
        }
    }
}

/// Form of a training.
#[derive(Clone, Debug)]
pub(super) struct Form {
    worlds: Vec<String>,
    agents: Vec<String>,
    world: usize,
    agent: usize,
    steps: String,
    seeds: String,
    /// Whether the user has typed the steps, so that another choice does not replace them.
    typed: bool,
    /// Index of the selected field.
    pub(super) selected: usize,
}

impl Form {
    /// Form for the world `world`; agents with a preset come first.
    pub(super) fn of_world(world: &str, worlds: Vec<String>, mut agents: Vec<String>) -> Option<Self> {
        let at = worlds.iter().position(|id| id == world)?;
        agents.sort_by_key(|agent| presets_of_world(world).all(|preset| preset.agent != *agent));
        Some(Form { world: at, selected: 1, ..Form::new(worlds, agents) }.with_steps())
    }

    /// Form for the agent `agent`; worlds with a preset come first.
    pub(super) fn of_agent(agent: &str, mut worlds: Vec<String>, agents: Vec<String>) -> Option<Self> {
        let at = agents.iter().position(|id| id == agent)?;
        worlds.sort_by_key(|world| presets_of_agent(agent).all(|preset| preset.world != *world));
        Some(Form { agent: at, ..Form::new(worlds, agents) }.with_steps())
    }

    fn new(worlds: Vec<String>, agents: Vec<String>) -> Self {
        Form {
            worlds,
            agents,
            world: 0,
            agent: 0,
            steps: String::new(),
            seeds: "0..3".into(),
            typed: false,
            selected: 0,
        }
    }

    /// The form with the steps of the preset, or the usual ones.
    fn with_steps(mut self) -> Self {
        if !self.typed {
            let preset = presets::find(self.world(), self.agent());
            self.steps = preset.map_or(DEFAULT_STEPS, |preset| preset.steps).to_string();
        }
        self
    }

    fn world(&self) -> &str {
        self.worlds.get(self.world).map_or("", String::as_str)
    }

    fn agent(&self) -> &str {
        self.agents.get(self.agent).map_or("", String::as_str)
    }

    /// Whether there is a preset for the world and the agent.
    pub(super) fn has_preset(&self) -> bool {
        presets::find(self.world(), self.agent()).is_some()
    }

    /// Text of a field.
    pub(super) fn text(&self, field: FormField) -> &str {
        match field {
            FormField::World => self.world(),
            FormField::Agent => self.agent(),
            FormField::Steps => &self.steps,
            FormField::Seeds => &self.seeds,
        }
    }

    /// Executes a command other than [`Command::Enter`].
    pub(super) fn execute(&mut self, command: &Command) {
        let field = FormField::ALL[self.selected];
        match command {
            Command::Move(by) | Command::Tab(by) => {
                let fields = FormField::ALL.len() as isize;
                self.selected = (self.selected as isize + by.signum()).rem_euclid(fields) as usize;
            }
            Command::Choose(by) => {
                let cycle = |at: usize, n: usize| {
                    (at as isize + by).checked_rem_euclid(n as isize).unwrap_or(0) as usize
                };
                match field {
                    FormField::World => self.world = cycle(self.world, self.worlds.len()),
                    FormField::Agent => self.agent = cycle(self.agent, self.agents.len()),
                    FormField::Steps | FormField::Seeds => {}
                }
                *self = self.clone().with_steps();
            }
            Command::Type(c) => match field {
                FormField::Steps if self.steps.len() < 16 => {
                    self.typed = true;
                    self.steps.push(*c);
                }
                FormField::Seeds if self.seeds.len() < 40 => self.seeds.push(*c),
                _ => {}
            },
            Command::Erase => match field {
                FormField::Steps => {
                    self.typed = true;
                    self.steps.pop();
                }
                FormField::Seeds => drop(self.seeds.pop()),
                _ => {}
            },
            _ => {}
        }
    }

    /// Command line of the training, without the name of the program.
    ///
    /// # Errors
    /// Message about a field that is not valid.
    pub(super) fn command(&self) -> Result<Vec<String>, String> {
        let steps = count::parse(&self.steps).map_err(|e| format!("{}: {e}", tr!("steps")))?;
        self.seeds.parse::<Seeds>().map_err(|e| format!("{}: {e}", tr!("seeds")))?;
        let steps = steps.to_string();
        let words = ["train", self.world(), self.agent(), "--steps", &steps, "--seeds", &self.seeds];
        Ok(words.map(str::to_owned).to_vec())
    }

    /// Text of the command line, as the user would type it.
    pub(super) fn command_text(&self) -> Result<String, String> {
        Ok(self.command()?.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        let ids = |all: [&str; 3]| all.map(str::to_owned).to_vec();
        let worlds = ids(["grid/cliff", "classic/cartpole", "grid/taxi"]);
        Form::of_world("classic/cartpole", worlds, ids(["random", "dqn", "ppo"])).unwrap()
    }

    #[test]
    fn the_preset_comes_first_and_gives_the_steps() {
        let form = form();
        assert!(form.has_preset(), "{form:?}");
        let preset = presets::find("classic/cartpole", form.agent()).unwrap();
        assert_eq!(form.text(FormField::Steps), preset.steps.to_string());
        let command = form.command_text().unwrap();
        assert!(command.starts_with("train classic/cartpole "), "{command}");
    }

    #[test]
    fn typed_steps_stay_and_wrong_ones_are_refused() {
        let mut form = form();
        form.execute(&Command::Move(1));
        (0..20).for_each(|_| form.execute(&Command::Erase));
        assert!(form.command().unwrap_err().starts_with("steps: "));
        "5000".chars().for_each(|c| form.execute(&Command::Type(c)));
        form.execute(&Command::Move(-1));
        form.execute(&Command::Choose(1));
        assert_eq!(form.command().unwrap()[4], "5000");
        (0..2).for_each(|_| form.execute(&Command::Move(1)));
        form.execute(&Command::Type('x'));
        assert!(form.command().unwrap_err().starts_with("seeds: "));
    }
}
