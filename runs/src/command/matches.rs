//! `match`: plays many games of Go between two players and prints the result.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use freewheel_core::Error as Core;
use freewheel_envs::go::rules::{Game, Rules};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::gtp::{player, rules};
use super::stop_flag;
use crate::Registry;
use crate::cli::Match as Args;
use crate::error::{Error, Result};
use crate::matches::{Match, MatchPlayer, MatchResult, PlayedGame};
use crate::output;
use crate::table::wrapped;

pub(super) fn play_match(registry: &Registry, args: &Args) -> Result<()> {
    let limit = Duration::try_from_secs_f64(args.timeout).ok().filter(|limit| !limit.is_zero());
    let Some(limit) = limit else {
        return Err(Error::Usage(format!("--timeout {}: must be a number of seconds above 0", args.timeout)));
    };
    let stop = stop_flag()?;
    let (a, rules_of_a) = match_player(registry, &args.a, args.rules.size, limit)?;
    let (b, rules_of_b) = match_player(registry, &args.b, args.rules.size, limit)?;
    let rules = rules(&args.rules, rules_of_a.or(rules_of_b));
    for player in [&a, &b] {
        player.check_ready(&Game::new(rules)?).map_err(|e| interrupted_or(&stop, e))?;
    }
    let move_limit = args.move_limit.unwrap_or(3 * rules.area() as u32);
    let setup = Match {
        players: [a, b],
        games: args.games,
        rules,
        opening: args.opening,
        move_limit,
        seed: args.seed,
    };
    if let Some(folder) = &args.sgf {
        std::fs::create_dir_all(folder).map_err(Core::io(folder))?;
    }
    let bar = progress(args);
    let on_end = |number: u32, played: &PlayedGame| {
        bar.inc(1);
        if let Some(fault) = &played.fault {
            let text = format!("game {}: {fault}", number + 1);
            if bar.is_hidden() { output::note(&text) } else { bar.println(text) }
        }
    };
    let played = setup.play(args.threads.count(), &stop, &on_end)?;
    bar.finish_and_clear();
    if let Some(folder) = &args.sgf {
        for (number, one) in &played.games {
            let file = folder.join(format!("game-{:04}.sgf", number + 1));
            std::fs::write(&file, one.record.to_string()).map_err(Core::io(&file))?;
        }
    }
    if !played.games.is_empty() {
        print_result(args, &setup, &played.games)?;
    }
    match played.failure {
        _ if stop.load(Ordering::Relaxed) => Err(Error::Signal(signal_hook::consts::SIGINT)),
        Some(failure) => Err(Core::Unsupported(failure).into()),
        None => Ok(()),
    }
}

/// Error `error`, or that of an interruption if `stop` is set.
fn interrupted_or(stop: &AtomicBool, error: Core) -> Error {
    match stop.load(Ordering::Relaxed) {
        true => Error::Signal(signal_hook::consts::SIGINT),
        false => error.into(),
    }
}

/// Player that `name` describes and, for a trained run, the rules of Go that it was trained under. For another program,
/// a client of its own sends the program every move; `limit` is the time limit of one response.
fn match_player(
    registry: &Registry,
    name: &str,
    size: Option<u8>,
    limit: Duration,
) -> Result<(MatchPlayer, Option<Rules>)> {
    match name.trim().strip_prefix("gtp:") {
        Some(command) => Ok((MatchPlayer::Program { command: command.trim().to_owned(), limit }, None)),
        None => player(registry, name, size).map(|(player, rules)| (MatchPlayer::Builtin(player), rules)),
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

/// Mean time per move of each player, in seconds.
fn mean_seconds(played: &[(u32, PlayedGame)]) -> [f64; 2] {
    [0, 1].map(|index| {
        let sum = |(time, moves): (f64, u32), (_, one): &(u32, PlayedGame)| {
            (time + one.time_used[index].0.as_secs_f64(), moves + one.time_used[index].1)
        };
        let (time, moves) = played.iter().fold((0.0, 0), sum);
        time / f64::from(moves.max(1))
    })
}

fn print_result(args: &Args, setup: &Match, played: &[(u32, PlayedGame)]) -> Result<()> {
    let result = MatchResult::of(played.iter().map(|(_, one)| one));
    let [a, b] = setup.players.each_ref().map(MatchPlayer::name);
    let seconds = mean_seconds(played);
    let rules = &setup.rules;
    if args.output.json {
        let faults = played.iter().filter_map(|(number, one)| {
            one.fault.as_ref().map(|fault| json!({ "game": number + 1, "fault": fault }))
        });
        return output::json(&json!({
            "players": [a, b],
            "rules": rules,
            "opening": setup.opening,
            "move_limit": setup.move_limit,
            "seed": setup.seed,
            "result": result,
            "faults": faults.collect::<Vec<_>>(),
            "seconds_per_move": seconds,
        }));
    }
    let MatchResult { won, drawn, lost, .. } = result;
    let ko = format!("{:?}", rules.ko).to_lowercase();
    let suicide = if rules.suicide { "allowed" } else { "forbidden" };
    let set = args.rules.rules.name;
    if result.games == 0 {
        return output::text(&format!(
            "{a} against {b}: no game of {} has a result\n",
            result.without_result
        ));
    }
    let [low, high] = result.win_rate_interval.map(|rate| 100.0 * rate);
    let [weaker, stronger] = result.elo_interval;
    let text = format!(
        "{a} against {b}: {} games on {}x{}, {set} rules, komi {}, {ko} ko, suicide {suicide}, area scoring, \
         {} random opening moves\n\
         won {won}, drawn {drawn}, lost {lost}; as Black {} of {}, as White {} of {}\n\
         win rate {:.1} % (95 % interval {low:.1} to {high:.1}), \
         Elo difference {:+.0} ({weaker:+.0} to {stronger:+.0})\n\
         ended by passes {}, resignation {}, move limit {}; without result {}\n\
         mean length {:.1} moves; mean time per move {:.4} s and {:.4} s\n",
        result.games,
        rules.width,
        rules.height,
        rules.komi,
        setup.opening,
        result.won_as_black,
        result.games_as_black,
        won - result.won_as_black,
        result.games - result.games_as_black,
        100.0 * result.win_rate,
        result.elo,
        result.by_passes,
        result.by_resignation,
        result.by_limit,
        result.without_result,
        result.mean_length,
        seconds[0],
        seconds[1],
    );
    output::text(&wrapped(&text, 2, args.output.wide.layout()))
}
