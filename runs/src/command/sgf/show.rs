//! A game as text and as a document.

use std::fmt::Write;
use std::path::Path;

use freewheel_envs::go::gtp::vertex;
use freewheel_envs::go::rules::{Color, Move};
use freewheel_envs::go::sgf::{GameRecord, shown};
use serde_json::{Value, json};

use super::board::board;
use super::{LENGTH, Read, name, warnings};

/// Number of moves in a line.
const MOVES: usize = 10;

/// Game info, warnings, board and moves of a game.
pub(super) fn text(file: &Path, number: usize, read: &Read) -> String {
    let Read { tree, record, played, game, warnings } = read;
    let mut out = format!("{}, game {number}\n", name(file));
    let [black, white] = players(record);
    let rules = record.ruleset();
    let kind = if record.is_rectangular() { ", rectangular" } else { "" };
    let komi = record.komi.map_or("none".to_owned(), |_| rules.komi.to_string());
    for (key, value) in [
        ("Black", black),
        ("White", white),
        ("Board", format!("{}x{}{kind}", record.width, record.height)),
        ("Komi", komi),
        ("Handicap", if record.handicap == 0 { "none".to_owned() } else { record.handicap.to_string() }),
        ("Rules", shown(&record.rules, LENGTH)),
        ("Date", shown(&record.date, LENGTH)),
        (
            "Result",
            record.outcome.as_ref().map(|outcome| shown(&outcome.to_string(), LENGTH)).unwrap_or_default(),
        ),
        ("Moves", format!("{played} of {}", record.moves().count())),
        ("Variations", tree.variations().to_string()),
    ] {
        if !value.is_empty() {
            let _ = writeln!(out, "{key:<11}{value}");
        }
    }
    for warning in warnings {
        let _ = writeln!(out, "Warning    {}", shown(&warning.to_string(), 2 * LENGTH));
    }
    out.push('\n');
    for row in board(game) {
        let _ = writeln!(out, "{row}");
    }
    out.push('\n');
    let moves: Vec<Move> = record.moves().collect();
    for (n, played) in moves.iter().enumerate() {
        let color = if played.color == Color::Black { 'B' } else { 'W' };
        let point = vertex::name(&rules, played.point);
        let end = if (n + 1).is_multiple_of(MOVES) || n + 1 == moves.len() { "\n" } else { "  " };
        let _ = write!(out, "{:>3} {color} {point:<4}{end}", n + 1);
    }
    if !moves.is_empty() {
        out.push('\n');
    }
    out.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// The same as a document.
pub(super) fn document(file: &Path, number: usize, read: &Read) -> Value {
    let Read { tree, record, played, game, warnings: list } = read;
    let rules = record.ruleset();
    let moves: Vec<Value> = record
        .moves()
        .map(|played| {
            json!({ "color": vertex::color_name(played.color), "point": vertex::name(&rules, played.point) })
        })
        .collect();
    let player = |n: usize| {
        let player = &record.players[n];
        json!({ "name": shown(&player.name, LENGTH), "rank": shown(&player.rank, LENGTH) })
    };
    json!({
        "file": name(file), "game": number, "black": player(0), "white": player(1),
        "width": record.width, "height": record.height, "komi": record.komi, "handicap": record.handicap,
        "rules": shown(&record.rules, LENGTH), "rule_set": record.named_rules().map(|rules| rules.name()),
        "date": shown(&record.date, LENGTH),
        "result": record.outcome.as_ref().map(|outcome| shown(&outcome.to_string(), LENGTH)),
        "variations": tree.variations(), "moves": moves, "played": played,
        "board": board(game), "to_play": vertex::color_name(game.to_play()), "warnings": warnings(list),
    })
}

/// Names with ranks: Black, White.
fn players(record: &GameRecord) -> [String; 2] {
    record.players.each_ref().map(|player| {
        let text = format!("{} {}", player.name, player.rank);
        shown(text.trim(), LENGTH)
    })
}
