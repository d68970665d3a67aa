//! Logs of actions as CSV, with the columns `episode`, `step`, and `action` or `action_0`, `action_1` and so on; the
//! column `reward` is optional, and others are ignored.

use std::collections::BTreeMap;
use std::path::Path;

use freewheel_core::input::lines;
use freewheel_core::record::RecordedActions;
use freewheel_core::{ActionSpace, Error, Result};

/// Actions of one episode in a log.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedEpisode {
    /// Number of the episode.
    pub episode: u64,
    /// Actions, `[T]`.
    pub actions: RecordedActions,
    /// Rewards, `[T]`, or empty for a log without rewards.
    pub rewards: Vec<f64>,
}

/// Action and reward of one row.
type Row = (Vec<f32>, Option<f64>);

/// Episodes in `text`, ascending, for a world with the action space `space`. `file` is the name in messages.
///
/// # Errors
/// [`Error::Input`] with the line of the first fault.
pub fn parse(file: &Path, text: &str, space: &ActionSpace) -> Result<Vec<LoggedEpisode>> {
    let error =
        |line: usize, message: String| Error::Input { file: file.to_path_buf(), line, column: 1, message };
    let mut rows = lines(text).filter(|(_, line)| !line.trim().is_empty());
    let (number, names) = rows.next().ok_or_else(|| error(1, "the file is empty".into()))?;
    let names: Vec<String> = fields(names).map_err(|why| error(number, why))?;
    let column = |name: &str| names.iter().position(|column| column.trim() == name);
    let needed = |name: &str| {
        column(name).ok_or_else(|| error(number, format!("the column `{name}` is missing in the first line")))
    };
    let (episode, step, reward) = (needed("episode")?, needed("step")?, column("reward"));
    let actions: Vec<usize> = match space {
        ActionSpace::Discrete { .. } => vec![needed("action")?],
        ActionSpace::Continuous { names, .. } if names.len() == 1 && column("action").is_some() => {
            vec![needed("action")?]
        }
        ActionSpace::Continuous { names, .. } => {
            (0..names.len()).map(|i| needed(&format!("action_{i}"))).collect::<Result<_>>()?
        }
    };
    let mut episodes: BTreeMap<u64, BTreeMap<u64, Row>> = BTreeMap::new();
    for (number, line) in rows {
        let fields = fields(line).map_err(|why| error(number, why))?;
        if fields.len() != names.len() {
            let (is, needed) = (fields.len(), names.len());
            return Err(error(number, format!("this line has {is} fields, and the first line has {needed}")));
        }
        let whole = |at: usize| {
            let text = fields[at].trim();
            text.parse::<u64>().map_err(|_| {
                error(
                    number,
                    format!("{text:?} in the column `{}` must be a number, 0 or more", names[at].trim()),
                )
            })
        };
        let values: Vec<f32> = actions
            .iter()
            .map(|&at| value(fields[at].trim(), space).map_err(|why| error(number, why)))
            .collect::<Result<_>>()?;
        let reward = match reward.map(|at| fields[at].trim()).filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => match text.parse::<f64>() {
                Ok(reward) if reward.is_finite() => Some(reward),
                _ => return Err(error(number, format!("the reward {text:?} must be a finite number"))),
            },
        };
        let (episode, step) = (whole(episode)?, whole(step)?);
        if episodes.entry(episode).or_default().insert(step, (values, reward)).is_some() {
            return Err(error(number, format!("episode {episode} has step {step} twice")));
        }
    }
    let mut lists = Vec::new();
    for (episode, rows) in episodes {
        let first = rows.keys().next().copied().unwrap_or_default();
        if first > 1 || rows.keys().zip(first..).any(|(step, expected)| *step != expected) {
            return Err(error(
                1,
                format!("the steps of episode {episode} must be counted from 0 or 1 without a gap"),
            ));
        }
        let mut recorded = RecordedActions::for_space(space);
        let mut rewards = Vec::new();
        for (values, reward) in rows.into_values() {
            match &mut recorded {
                RecordedActions::Discrete(all) => all.extend(values.iter().map(|&a| a as u32)),
                RecordedActions::Continuous(all) => all.push(values),
            }
            rewards.extend(reward);
        }
        if !rewards.is_empty() && rewards.len() != recorded.len() {
            return Err(error(
                1,
                format!("some steps of episode {episode} have a reward, and some have none"),
            ));
        }
        lists.push(LoggedEpisode { episode, actions: recorded, rewards });
    }
    Ok(lists)
}

/// Action in a field: a number, or the name of a discrete action.
fn value(text: &str, space: &ActionSpace) -> Result<f32, String> {
    match space {
        ActionSpace::Discrete { names } => {
            let found = text.parse::<usize>().ok().or_else(|| names.iter().position(|name| name == text));
            match found {
                Some(action) if action < names.len() => Ok(action as f32),
                _ => Err(freewheel_core::names::unknown("action", text, names, "")),
            }
        }
        ActionSpace::Continuous { .. } => {
            let value = text.parse::<f32>().ok().filter(|value| value.is_finite());
            value.ok_or_else(|| format!("the action {text:?} must be a finite number"))
        }
    }
}

/// Fields of a line, separated by commas; a field in quotes may have commas, and `""` stands for a quote.
fn fields(line: &str) -> Result<Vec<String>, String> {
    let (mut all, mut rest) = (Vec::new(), line);
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut field = String::new();
            let mut chars = quoted.char_indices().peekable();
            let end = loop {
                match chars.next() {
                    Some((_, '"')) if chars.next_if(|(_, c)| *c == '"').is_some() => field.push('"'),
                    Some((at, '"')) => break at + 1,
                    Some((_, c)) => field.push(c),
                    None => return Err("a quote is not closed".into()),
                }
            };
            all.push(field);
            rest = &quoted[end..];
            if !rest.is_empty() && !rest.starts_with(',') {
                return Err("a comma must follow a closing quote".into());
            }
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            all.push(rest[..end].to_owned());
            rest = &rest[end..];
        }
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None => return Ok(all),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn discrete() -> ActionSpace {
        ActionSpace::Discrete { names: vec!["left".into(), "hard left, throttle".into()] }
    }

    fn error(text: &str) -> String {
        parse(Path::new("log.csv"), text, &discrete()).err().unwrap().to_string()
    }

    #[test]
    fn names_numbers_quotes_and_rewards() {
        let text =
            "step,episode,action,reward\n0,7,left,-1\n1,7,\"hard left, throttle\",2.5\n\n1,2,1,\n2,2,0,\n";
        let lists = parse(Path::new("log.csv"), text, &discrete()).unwrap();
        assert_eq!(lists.iter().map(|list| list.episode).collect::<Vec<_>>(), [2, 7]);
        assert_eq!(lists[0].actions, RecordedActions::Discrete(vec![1, 0]));
        assert!(lists[0].rewards.is_empty());
        assert_eq!(lists[1].actions, RecordedActions::Discrete(vec![0, 1]));
        assert_eq!(lists[1].rewards, [-1.0, 2.5]);
        let space = ActionSpace::Continuous {
            names: vec!["a".into(), "b".into()],
            low: vec![-1.0; 2],
            high: vec![1.0; 2],
        };
        let text = "episode,step,action_0,action_1\n0,0,0.5,-1\n";
        let lists = parse(Path::new("log.csv"), text, &space).unwrap();
        assert_eq!(lists[0].actions, RecordedActions::Continuous(vec![vec![0.5, -1.0]]));
        assert_eq!(fields("\"a \"\"b\"\"\",,c").unwrap(), ["a \"b\"", "", "c"]);
    }

    /// The second action is unknown, in line 5 of the file.
    #[test]
    fn lines_of_errors_count_every_line_end_and_blank_lines() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["", "episode,step,action", "0,0,left", "", "0,1,up", ""].join(end);
            let found = error(&text);
            assert!(found.starts_with("log.csv:5:1: unknown action `up`"), "{end:?}: {found}");
        }
    }

    #[test]
    fn faults_are_named_with_their_line() {
        let cases = [
            ("", "log.csv:1:1: the file is empty"),
            ("episode,action\n", "the column `step` is missing"),
            ("episode,step,action\n0,0,up\n", "log.csv:2:1: unknown action `up`"),
            ("episode,step,action\n0,0,2\n", "unknown action `2`"),
            ("episode,step,action\n0,0\n", "this line has 2 fields"),
            ("episode,step,action\n0,0,0\n0,0,1\n", "log.csv:3:1: episode 0 has step 0 twice"),
            ("episode,step,action\n0,0,0\n0,2,1\n", "without a gap"),
            ("episode,step,action\n-1,0,0\n", "\"-1\" in the column `episode`"),
            ("episode,step,action,reward\n0,0,0,inf\n", "the reward \"inf\""),
            ("episode,step,action,reward\n0,0,0,1\n0,1,0,\n", "some steps of episode 0"),
            ("episode,step,action\n0,0,\"left\n", "a quote is not closed"),
        ];
        for (text, expected) in cases {
            let found = error(text);
            assert!(found.contains(expected), "{found}");
        }
    }
}
