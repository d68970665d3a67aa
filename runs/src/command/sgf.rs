//! `sgf`: game records shown, checked, converted and extracted.

use std::fmt::Write;
use std::path::Path;

use freewheel_core::Error as Core;
use freewheel_envs::go::rules::Game;
use freewheel_envs::go::sgf::{self, GameRecord, GameTree, Games, SgfError, Warning, shown};
use serde_json::{Value, json};

use crate::cli::{Sgf, SgfCheck, SgfCommand, SgfConvert, SgfExtract, SgfShow};
use crate::error::Result;
use crate::output;

mod board;
mod show;

/// Maximum number of characters of a name or a path in the output.
const LENGTH: usize = 300;

pub(super) fn sgf(args: &Sgf) -> Result<()> {
    match &args.command {
        SgfCommand::Show(args) => show(args),
        SgfCommand::Check(args) => check(args),
        SgfCommand::Convert(args) => convert(args),
        SgfCommand::Extract(args) => extract(args),
    }
}

/// Game of a file that was read.
struct Read {
    tree: GameTree,
    record: GameRecord,
    /// Number of moves played.
    played: usize,
    /// Position after these moves.
    game: Game,
    warnings: Vec<Warning>,
}

/// Reads a game and plays `moves` moves of it. A move that only the ko rule or the suicide rule of the record forbids
/// is a warning.
fn read(tree: std::result::Result<GameTree, SgfError>, moves: usize) -> std::result::Result<Read, SgfError> {
    let tree = tree?;
    let record = GameRecord::from_tree(&tree)?;
    let (game, fault) = record.replay_leniently(moves)?;
    let mut warnings = record.warnings.clone();
    warnings.extend(tree.variation_warnings(&record));
    warnings.extend(fault);
    warnings.sort_by_key(|warning| warning.location);
    let played = moves.min(record.moves().count());
    Ok(Read { tree, record, played, game, warnings })
}

/// Path for the terminal.
fn name(file: &Path) -> String {
    shown(&file.to_string_lossy(), LENGTH)
}

/// Number of things, such as `1 game` or `2 games`.
fn counted(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// Error for `failed` of `all` games or files.
fn some_failed(failed: usize, all: usize, what: &str) -> Result<()> {
    if failed == 0 {
        return Ok(());
    }
    Err(Core::Unsupported(format!("{failed} of {all} {what} could not be read")).into())
}

fn show(args: &SgfShow) -> Result<()> {
    let (mut failed, mut all) = (0, 0);
    let mut documents = Vec::new();
    for file in &args.files {
        let decoded = match sgf::open(file) {
            Ok(decoded) => decoded,
            Err(error) => {
                (failed, all) = (failed + 1, all + 1);
                output::note(&shown(&error.to_string(), 2 * LENGTH));
                continue;
            }
        };
        let mut found = 0;
        for tree in Games::new(&decoded.text) {
            found += 1;
            if args.game.is_some_and(|game| game.get() != found) {
                continue;
            }
            all += 1;
            match read(tree, args.moves.unwrap_or(usize::MAX)) {
                Ok(read) if args.output.json => documents.push(show::document(file, found, &read)),
                Ok(read) => output::text(&show::text(file, found, &read))?,
                Err(error) => {
                    failed += 1;
                    output::note(&format!("{}: game {found}: {error}", name(file)));
                }
            }
            if args.game.is_some() {
                break;
            }
        }
        if let Some(game) = args.game.filter(|game| game.get() > found) {
            (failed, all) = (failed + 1, all + 1);
            output::note(&format!("{}: no game {game}; the file has {found}", name(file)));
        }
    }
    if args.output.json {
        output::json(&json!({ "games": documents }))?;
    }
    some_failed(failed, all, "games")
}

fn check(args: &SgfCheck) -> Result<()> {
    let (mut failed, mut all) = (0, 0);
    let mut documents = Vec::new();
    for file in &args.files {
        let (text, document) = match sgf::open(file) {
            Ok(decoded) => {
                let (text, document, counts) = check_file(file, &decoded);
                (all, failed) = (all + counts.0, failed + counts.1);
                (text, document)
            }
            Err(error) => {
                (failed, all) = (failed + 1, all + 1);
                let error = shown(&error.to_string(), 2 * LENGTH);
                let document = json!({ "file": name(file), "error": &error, "read": 0, "refused": 1 });
                (format!("error: {error}\n{}: not read\n", name(file)), document)
            }
        };
        documents.push(document);
        if !args.output.json {
            output::text(&text)?;
        }
    }
    if args.output.json {
        output::json(&json!({ "files": documents, "read": all - failed, "refused": failed }))?;
    } else if args.files.len() > 1 {
        let files = args.files.len();
        output::text(&format!("{files} files: {} read, {failed} refused\n", counted(all - failed, "game")))?;
    }
    some_failed(failed, all, "games")
}

/// Lines about a file, the same as a document, and the numbers of games and of those that could not be read.
fn check_file(file: &Path, decoded: &sgf::Decoded) -> (String, Value, (usize, usize)) {
    let (file, mut text) = (name(file), String::new());
    let (mut all, mut failed, mut faults, mut moves) = (0, 0, 0, 0);
    let mut documents = Vec::new();
    let mut line = |location: sgf::Location, game: usize, kind: &str, message: &str| {
        let game = if game == 0 { String::new() } else { format!("game {game}: ") };
        let message = shown(message, 2 * LENGTH);
        let _ = writeln!(text, "{file}:{}:{}: {game}{kind}: {message}", location.line, location.column);
    };
    for warning in &decoded.warnings {
        faults += 1;
        line(warning.location, 0, "warning", &warning.message);
    }
    let mut games = Games::new(&decoded.text);
    for tree in games.by_ref() {
        all += 1;
        match read(tree, usize::MAX) {
            Ok(read) => {
                faults += read.warnings.len();
                let played = read.record.moves().count();
                moves += played;
                for warning in &read.warnings {
                    line(warning.location, all, "warning", &warning.message);
                }
                documents.push(json!({
                    "game": all, "width": read.record.width, "height": read.record.height,
                    "rectangular": read.record.is_rectangular(), "moves": played,
                    "variations": read.tree.variations(), "warnings": warnings(&read.warnings),
                }));
            }
            Err(SgfError { location, message }) => {
                failed += 1;
                line(location, all, "error", &message);
                let message = shown(&message, 2 * LENGTH);
                documents.push(json!({
                    "game": all,
                    "error": { "line": location.line, "column": location.column, "message": message },
                }));
            }
        }
    }
    if let Some(location) = games.text_after() {
        faults += 1;
        line(location, 0, "warning", "the text after the last game is skipped");
    }
    let encoding = decoded.encodings.join(", ");
    let read = all - failed;
    let _ = writeln!(
        text,
        "{file}: {encoding}; {} read, {failed} refused, {}, {}",
        counted(read, "game"),
        counted(moves, "move"),
        counted(faults, "warning"),
    );
    let document = json!({
        "file": file, "encodings": decoded.encodings, "read": read, "refused": failed, "moves": moves,
        "warnings": warnings(&decoded.warnings), "games": documents,
    });
    (text, document, (all, failed))
}

/// Warnings as documents.
fn warnings(list: &[Warning]) -> Vec<Value> {
    let document = |warning: &Warning| {
        let message = shown(&warning.message, 2 * LENGTH);
        json!({ "line": warning.location.line, "column": warning.location.column, "message": message })
    };
    list.iter().map(document).collect()
}

fn convert(args: &SgfConvert) -> Result<()> {
    let (mut failed, mut all) = (0, 0);
    let mut text = String::new();
    let limit = freewheel_core::input::max_bytes()?;
    for file in &args.files {
        let decoded = sgf::open(file)?;
        for tree in Games::new(&decoded.text) {
            all += 1;
            match tree.and_then(|tree| tree.to_sgf()) {
                Ok((game, _)) => {
                    text.push_str(&game);
                    if text.len() as u64 > limit {
                        let message =
                            "the converted games are larger than FREEWHEEL_MAX_INPUT; convert fewer files";
                        return Err(Core::Unsupported(message.to_owned()).into());
                    }
                }
                Err(error) => {
                    failed += 1;
                    output::note(&format!("{}: game {all}: {error}", name(file)));
                }
            }
        }
    }
    if failed < all {
        write(&text, args.out.as_deref())?;
    }
    some_failed(failed, all, "games")
}

fn extract(args: &SgfExtract) -> Result<()> {
    let file = &args.file;
    let decoded = sgf::open(file)?;
    let (mut games, mut found) = (Games::new(&decoded.text), 0);
    let tree = loop {
        match games.next() {
            Some(tree) if found + 1 == args.game.get() => break tree,
            Some(_) => found += 1,
            None => {
                let message = format!("{}: no game {}; the file has {found}", name(file), args.game);
                return Err(Core::Unsupported(message).into());
            }
        }
    };
    let refused = |error: SgfError| error.in_file(file);
    let tree = tree.map_err(refused)?;
    let text = match args.moves {
        None => tree.to_sgf().map_err(refused)?.0,
        Some(moves) => {
            let read = read(Ok(tree), moves).map_err(refused)?;
            let played = read.record.moves().count();
            if moves > played {
                let message = format!("{}: no move {moves}; the game has {played} moves", name(file));
                return Err(Core::Unsupported(message).into());
            }
            read.record.at_position(&read.game).to_string()
        }
    };
    write(&text, args.out.as_deref())
}

/// Writes `text` to a file, or to standard output.
fn write(text: &str, file: Option<&Path>) -> Result<()> {
    match file {
        // A device or a pipe is written to, not replaced.
        Some(file) if file.exists() && !file.is_file() => {
            Ok(std::fs::write(file, text).map_err(Core::io(file))?)
        }
        Some(file) => Ok(freewheel_core::checkpoint::write_atomically(file, text.as_bytes())?),
        None => output::text(text),
    }
}
