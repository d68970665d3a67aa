//! Crosstable of a board of Go: every two agents of a report play a match, and all get an Elo rating with an interval.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use freewheel_core::Result;
use freewheel_envs::go::players::{self, Player};
use freewheel_envs::go::rules::Rules;
use freewheel_envs::go::{PolicyPlayer, Settings};

use super::policies::Trained;
use crate::comparison::Entry;
use crate::matches::{Match, MatchPlayer, MatchResult, Rating, ratings};
use crate::observation::ObservationConfig;
use crate::table::{Column, Table};

/// Number of games of each two agents: 20 openings, each with both colors.
pub(super) const GAMES: u32 = 40;
/// Number of random moves of an opening.
const OPENING: u32 = 2;
/// Built-in players with whom the agents are compared.
const BUILT_IN: [&str; 3] = ["random", "greedy", "uct:100"];

/// Crosstable of the `entries` of one world with their policies; `None` for a world that is not Go, and without an
/// agent that can play on its board: one that learned, and has neither a frame stack nor an encoder.
///
/// # Errors
/// Errors of the world's settings and of the games.
pub(super) fn of(entries: &[Entry], policies: &[Option<Trained>]) -> Result<Option<Table>> {
    let world = &entries[0].job.config.world;
    let size = world.strip_prefix("go/").and_then(|board| board.split_once('x')?.0.parse::<u8>().ok());
    let Some(size) = size else { return Ok(None) };
    let settings = Settings::read(&entries[0].job.config.world_settings, world)?;
    let mut all: Vec<Arc<dyn Player>> = Vec::new();
    for (entry, trained) in entries.iter().zip(policies) {
        let Some(trained) = trained else { continue };
        let plain = ObservationConfig::of(&entry.job.config.agent_settings)? == ObservationConfig::default();
        if plain && trained.policy.script().is_none() {
            let policy = Arc::clone(&trained.policy);
            all.push(Arc::new(PolicyPlayer::new(entry.agent.clone(), policy, size, &settings)));
        }
    }
    if all.is_empty() {
        return Ok(None);
    }
    for name in BUILT_IN {
        all.push(players::parse(name)?);
    }
    play(&all, settings.rules(size)).map(Some)
}

/// Plays the matches of all pairs, and draws the table, the strongest player first.
fn play(all: &[Arc<dyn Player>], rules: Rules) -> Result<Table> {
    let n = all.len();
    // Points [N, N] of the player of the row against that of the column.
    let mut points = vec![vec![f64::NAN; n]; n];
    for (a, b) in (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))) {
        let players = [a, b].map(|i| MatchPlayer::Builtin(Arc::clone(&all[i])));
        let move_limit = 3 * rules.area() as u32;
        let of_two = Match { players, games: GAMES, rules, opening: OPENING, move_limit, seed: 0 };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let played = of_two.play(threads, &AtomicBool::new(false), &|_, _| {})?;
        let result = MatchResult::of(played.games.iter().map(|(_, game)| game));
        (points[a][b], points[b][a]) =
            (result.win_rate * f64::from(GAMES), (1.0 - result.win_rate) * f64::from(GAMES));
    }
    let ratings = ratings(&points);
    let total = |row: usize| points[row].iter().filter(|points| !points.is_nan()).sum::<f64>();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| {
        ratings[b].elo.total_cmp(&ratings[a].elo).then_with(|| total(b).total_cmp(&total(a)))
    });
    let mut columns = vec![Column::text("player", 0), Column::number("Elo (95 % interval)", 0)];
    columns.extend(order.iter().map(|&at| Column::number(all[at].name(), 1)));
    let mut table = Table::new(columns);
    for &row in &order {
        let Rating { elo, interval: [low, high] } = ratings[row];
        let mut cells = vec![all[row].name(), format!("{elo:+.0} ({low:+.0} to {high:+.0})")];
        cells.extend(order.iter().map(|&column| match points[row][column].is_nan() {
            true => "-".to_owned(),
            false => format!("{:.0} %", 100.0 * points[row][column] / f64::from(GAMES)),
        }));
        table.row(cells);
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn players_are_in_the_order_of_their_strength() {
        let all: Vec<Arc<dyn Player>> =
            BUILT_IN.into_iter().map(|name| players::parse(name).unwrap()).collect();
        let table = play(&all, Settings::default().rules(5)).unwrap();
        let rows = table.rows();
        let names: Vec<&str> = rows.iter().map(|row| &*row[0]).collect();
        assert_eq!(names, ["uct:100", "greedy", "random"]);
        assert_eq!(&*rows[0][2], "-");
        let share = |cell: &str| cell.trim_end_matches(" %").parse::<f64>().unwrap();
        assert!(share(&rows[0][4]) > 80.0 && share(&rows[0][4]) + share(&rows[2][2]) == 100.0, "{rows:?}");
    }
}
