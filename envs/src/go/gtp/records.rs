//! GTP commands for game records and rule sets.

use std::path::Path;

use serde_json::{Value, json};

use super::commands::with_rules;
use super::engine::Engine;
use super::protocol::Response;
use crate::go::rules::{Compensation, Ko, RuleSet, Rules};
use crate::go::sgf::{self, GameRecord};

/// Command `loadsgf FILE [N]`: loads the main line of the first game of an SGF file, to the end or to the position
/// before move N. The path may contain spaces, and may be in quotes.
pub(super) fn loadsgf(engine: &mut Engine, text: &str) -> Response {
    let (path, before) = split_path(text);
    if path.is_empty() {
        return Err("syntax error".into());
    }
    let file = Path::new(path);
    let why = |why: freewheel_core::Error| format!("cannot load file: {why}");
    let record = sgf::read_first_file(file).map_err(why)?;
    // Without `RU` and `KM` the rules and the komi of the engine are kept.
    let komi = record.komi.map_or(engine.game.rules().komi, |_| record.ruleset().komi);
    let rules = if record.rules.trim().is_empty() { *engine.game.rules() } else { record.ruleset() };
    let rules = Rules { komi, move_limit: None, ..rules };
    let moves = before.map_or(usize::MAX, |before| before.saturating_sub(1));
    engine.game = record.replay_with(rules, moves, |_, _| {}).map_err(|e| why(e.in_file(file)))?;
    Ok(String::new())
}

/// Path and move number of `loadsgf`. A number at the end belongs to the path if there is such a file.
fn split_path(text: &str) -> (&str, Option<usize>) {
    let unquoted = |path| -> &str {
        let path = str::trim(path);
        path.strip_prefix('"').and_then(|path| path.strip_suffix('"')).unwrap_or(path)
    };
    let whole = unquoted(text);
    match text.rsplit_once(' ') {
        Some((path, last)) if !Path::new(whole).is_file() => match last.parse() {
            Ok(number) => (unquoted(path), Some(number)),
            Err(_) => (whole, None),
        },
        _ => (whole, None),
    }
}

/// Command `printsgf [FILE]`: writes the game as SGF to a file, or as the response.
pub(super) fn printsgf(engine: &mut Engine, text: &str) -> Response {
    let mut record = GameRecord::from_game(&engine.game);
    record.rules = RuleSet::of(engine.game.rules()).map(|set| set.title.to_owned()).unwrap_or_default();
    if engine.game.is_over() {
        record.outcome = Some(sgf::Outcome::from_score(engine.game.score()));
    }
    let (path, _) = split_path(text);
    if path.is_empty() {
        return Ok(record.to_string());
    }
    std::fs::write(path, record.to_string()).map_err(|e| format!("cannot write {path}: {e}"))?;
    Ok(String::new())
}

/// Command `kgs-rules NAME`: sets the rule set: `chinese`, `japanese`, `aga` or `new_zealand`.
pub(super) fn kgs_rules(engine: &mut Engine, text: &str) -> Response {
    set_rules(engine, named(text, *engine.game.rules())?)
}

/// Command `kata-get-rules`: the rules as KataGo's JSON.
pub(super) fn kata_get_rules(engine: &mut Engine, _: &str) -> Response {
    let Rules { ko, suicide, compensation, .. } = *engine.game.rules();
    let ko = match ko {
        Ko::Simple => "SIMPLE",
        Ko::Positional => "POSITIONAL",
        Ko::Situational => "SITUATIONAL",
    };
    let bonus = match compensation {
        Compensation::None => "0",
        Compensation::Stones => "N",
        Compensation::StonesLessOne => "N-1",
    };
    let rules = json!({
        "hasButton": false,
        "ko": ko,
        "scoring": "AREA",
        "suicide": suicide,
        "tax": "NONE",
        "whiteHandicapBonus": bonus,
    });
    Ok(rules.to_string())
}

/// Command `kata-set-rules RULES`: sets the rules, given as a name or as KataGo's JSON.
pub(super) fn kata_set_rules(engine: &mut Engine, text: &str) -> Response {
    let rules = *engine.game.rules();
    let rules = match text.starts_with('{') {
        false => named(text, rules)?,
        true => match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => {
                fields.iter().try_fold(rules, |rules, (key, value)| with_field(rules, key, value))?
            }
            _ => return Err("syntax error".into()),
        },
    };
    set_rules(engine, rules)
}

/// Command `kata-set-rule KEY VALUE`: sets one field of KataGo's JSON.
pub(super) fn kata_set_rule(engine: &mut Engine, text: &str) -> Response {
    let (key, value) = text.split_once(' ').ok_or("syntax error")?;
    let value = match value.trim() {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        text => Value::from(text),
    };
    set_rules(engine, with_field(*engine.game.rules(), key, &value)?)
}

/// `rules` with the rule set `name`. Every rule set scores by area, `japanese` too.
fn named(name: &str, rules: Rules) -> Result<Rules, String> {
    // These score in other ways.
    let other = ["button", "stone", "ancient"].iter().any(|word| name.to_ascii_lowercase().contains(word));
    match RuleSet::find(name) {
        Some(set) if !other => Ok(set.apply(rules)),
        _ => Err(format!("unknown rules `{name}`; known are {}", RuleSet::NAMES.join(", "))),
    }
}

/// `rules` with a field of KataGo's JSON.
fn with_field(rules: Rules, key: &str, value: &Value) -> Result<Rules, String> {
    let text = value.as_str().unwrap_or_default().to_ascii_uppercase();
    let unsupported = || format!("unsupported rule {key} = {value}; games are scored by area, without taxes");
    let rules = match (key, text.as_str(), value) {
        ("ko", "SIMPLE", _) => Rules { ko: Ko::Simple, ..rules },
        ("ko", "POSITIONAL", _) => Rules { ko: Ko::Positional, ..rules },
        ("ko", "SITUATIONAL", _) => Rules { ko: Ko::Situational, ..rules },
        ("suicide", _, &Value::Bool(suicide)) => Rules { suicide, ..rules },
        ("whiteHandicapBonus", "0", _) => Rules { compensation: Compensation::None, ..rules },
        ("whiteHandicapBonus", "N", _) => Rules { compensation: Compensation::Stones, ..rules },
        ("whiteHandicapBonus", "N-1", _) => Rules { compensation: Compensation::StonesLessOne, ..rules },
        ("scoring" | "score", "AREA", _) | ("tax", "NONE", _) | ("friendlyPassOk", _, Value::Bool(_)) => {
            rules
        }
        ("hasButton", _, Value::Bool(false)) => rules,
        _ => return Err(unsupported()),
    };
    Ok(rules)
}

fn set_rules(engine: &mut Engine, rules: Rules) -> Response {
    engine.game = with_rules(&engine.game, rules)?;
    Ok(String::new())
}
