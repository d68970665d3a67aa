//! `match`: two players of Go in many games.

use std::io::IsTerminal;
use std::sync::atomic::Ordering;
use std::time::Duration;

use freewheel_core::Error as Core;
use freewheel_envs::go::rules::{Game, Rules};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::gtp::{player, rules};
use super::{stop_flag, threads};
use crate::Registry;
use crate::cli::{Match as Args, Suicide};
use crate::contest::{Entrant, Match, Played, Tally};
use crate::error::{Error, Result};
use crate::output;

pub(super) fn contest(registry: &Registry, args: &Args) -> Result<()> {
    let limit = Duration::try_from_secs_f64(args.timeout).ok().filter(|limit| !limit.is_zero());
    let Some(limit) = limit else {
        return Err(Error::Usage(format!("--timeout {}: must be a number of seconds above 0", args.timeout)));
    };
    let (a, home_of_a) = entrant(registry, &args.a, limit)?;
    let (b, home_of_b) = entrant(registry, &args.b, limit)?;
    let rules = rules(&args.rules, home_of_a.or(home_of_b));
    for entrant in [&a, &b] {
        entrant.ready(&Game::new(rules)?)?;
    }
    let move_limit = args.move_limit.unwrap_or(3 * rules.area() as u32);
    let contest = Match {
        entrants: [a, b],
        games: args.games,
        rules,
        opening: args.opening,
        move_limit,
        seed: args.seed,
    };
    if let Some(folder) = &args.sgf {
        std::fs::create_dir_all(folder).map_err(Core::io(folder))?;
    }
    let stop = stop_flag()?;
    let bar = progress(args);
    let ended = |number: u32, played: &Played| {
        bar.inc(1);
        if let Some(fault) = &played.fault {
            let text = format!("game {}: {fault}", number + 1);
            if bar.is_hidden() { output::note(&text) } else { bar.println(text) }
        }
    };
    let played = contest.play(threads(args.threads), &stop, &ended)?;
    bar.finish_and_clear();
    if let Some(folder) = &args.sgf {
        for (number, one) in &played {
            let file = folder.join(format!("game-{:04}.sgf", number + 1));
            std::fs::write(&file, one.record.to_string()).map_err(Core::io(&file))?;
        }
    }
    let interrupted = stop.load(Ordering::Relaxed);
    if !played.is_empty() {
        show(args, &contest, &played)?;
    }
    if interrupted { Err(Error::Signal(signal_hook::consts::SIGINT)) } else { Ok(()) }
}

/// The player called so, and the rules that it was trained under, if it was; a program plays through a client of its own,
/// which is kept in step move by move.
fn entrant(registry: &Registry, name: &str, limit: Duration) -> Result<(Entrant, Option<Rules>)> {
    match name.trim().strip_prefix("gtp:") {
        Some(command) => Ok((Entrant::Program { command: command.trim().to_owned(), limit }, None)),
        None => player(registry, name).map(|(player, home)| (Entrant::Own(player), home)),
    }
}

fn progress(args: &Args) -> ProgressBar {
    if args.output.quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::from(args.games));
    let form = "{bar:20.cyan/blue} {percent:>3} %  {pos:>7} of {len} games  {eta:.dim} left";
    if let Ok(style) = ProgressStyle::with_template(form) {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar
}

/// Mean seconds of a move, of each entrant.
fn seconds(played: &[(u32, Played)]) -> [f64; 2] {
    [0, 1].map(|seat| {
        let sum = |(time, moves): (f64, u32), (_, one): &(u32, Played)| {
            (time + one.took[seat].0.as_secs_f64(), moves + one.took[seat].1)
        };
        let (time, moves) = played.iter().fold((0.0, 0), sum);
        time / f64::from(moves.max(1))
    })
}

fn show(args: &Args, contest: &Match, played: &[(u32, Played)]) -> Result<()> {
    let tally = Tally::of(played.iter().map(|(_, one)| one));
    let [a, b] = contest.entrants.each_ref().map(Entrant::name);
    let seconds = seconds(played);
    let rules = &contest.rules;
    if args.output.json {
        let faults = played.iter().filter_map(|(number, one)| {
            one.fault.as_ref().map(|fault| json!({ "game": number + 1, "fault": fault }))
        });
        return output::json(&json!({
            "players": [a, b],
            "rules": rules,
            "opening": contest.opening,
            "move_limit": contest.move_limit,
            "seed": contest.seed,
            "result": tally,
            "faults": faults.collect::<Vec<_>>(),
            "seconds_a_move": seconds,
        }));
    }
    let Tally { won, drawn, lost, .. } = tally;
    let ko = format!("{:?}", args.rules.ko).to_lowercase();
    let suicide = if args.rules.suicide == Suicide::Allow { "allowed" } else { "forbidden" };
    let [low, high] = tally.win_rate_interval.map(|rate| 100.0 * rate);
    let [weaker, stronger] = tally.elo_interval;
    output::text(&format!(
        "{a} against {b}: {} games on {}x{}, komi {}, {ko} ko, suicide {suicide}, {} random moves first\n\
         won {won}, drawn {drawn}, lost {lost}; as Black {} of {}, as White {} of {}\n\
         win rate {:.1} % (95 % interval {low:.1} to {high:.1}), Elo difference {:+.0} ({weaker:+.0} to {stronger:+.0})\n\
         ended by passes {}, resignation {}, move limit {}, fault {}\n\
         mean length {:.1} moves; a move took {:.4} s and {:.4} s\n",
        tally.games,
        rules.width,
        rules.height,
        rules.komi,
        contest.opening,
        tally.won_as_black,
        tally.games_as_black,
        won - tally.won_as_black,
        tally.games - tally.games_as_black,
        100.0 * tally.win_rate,
        tally.elo,
        tally.by_passes,
        tally.by_resignation,
        tally.by_limit,
        tally.by_fault,
        tally.mean_length,
        seconds[0],
        seconds[1],
    ))
}
