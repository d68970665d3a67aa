//! Game records: the command `sgf`, and thousands of published records, of which each is read and replayed, or gives an
//! error.
//!
//! Reads every `.sgf` and `.sgf.gz` below `$FREEWHEEL_DATA/sgf` and below the folders of `$FREEWHEEL_SGF` (separated by
//! colons); skipped if neither variable is set.

use std::path::{Path, PathBuf};

use freewheel_envs::go::sgf::{self, GameRecord, Games};
use freewheel_tests::Program;

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));

/// Counts for the game records in a folder.
#[derive(Default)]
struct Count {
    files: usize,
    games: usize,
    moves: usize,
    /// Errors of three kinds: files that are not SGF, games that are not valid records, records with illegal moves.
    refused: [Vec<String>; 3],
}

fn read(file: &Path, count: &mut Count) {
    let name = |n: usize, why: &sgf::SgfError| format!("{} game {n}: {why}", file.display());
    count.files += 1;
    let decoded = sgf::open(file).unwrap();
    for (n, tree) in Games::new(&decoded.text).enumerate() {
        let tree = match tree {
            Ok(tree) => tree,
            Err(why) => {
                count.refused[0].push(name(n, &why));
                continue;
            }
        };
        count.games += 1;
        let record = match GameRecord::from_tree(&tree) {
            Ok(record) => record,
            Err(why) => {
                count.refused[1].push(name(n, &why));
                continue;
            }
        };
        let again = sgf::read(&record.to_string()).unwrap().remove(0);
        assert!(record.moves().eq(again.moves()), "{} game {n}", file.display());
        assert_eq!((again.komi, &again.outcome), (record.komi, &record.outcome));
        let again = sgf::read(&tree.to_sgf().unwrap().0).unwrap().remove(0);
        assert!(record.moves().eq(again.moves()), "{} game {n}, converted", file.display());
        assert_eq!((again.warnings.len(), again.komi), (0, record.komi), "{} game {n}", file.display());
        match record.replay(record.ruleset()) {
            Ok(game) => count.moves += game.move_number() as usize,
            Err(why) => count.refused[2].push(name(n, &why)),
        }
    }
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_string_lossy();
        if path.is_dir() {
            files(&path, out);
        } else if name.ends_with(".sgf") || name.ends_with(".sgf.gz") {
            out.push(path);
        }
    }
}

#[test]
fn records_are_replayed_or_refused() {
    let data = std::env::var_os("FREEWHEEL_DATA").map(|folder| PathBuf::from(folder).join("sgf"));
    let more = std::env::var_os("FREEWHEEL_SGF").unwrap_or_default();
    let folders: Vec<PathBuf> =
        data.into_iter().chain(std::env::split_paths(&more)).filter(|f| f.is_dir()).collect();
    if folders.is_empty() {
        eprintln!(
            "SKIPPED: no game records; set FREEWHEEL_DATA to a folder that fetch-data has filled, or FREEWHEEL_SGF"
        );
        return;
    }
    for folder in folders {
        let (mut found, mut count) = (Vec::new(), Count::default());
        files(&folder, &mut found);
        found.sort();
        found.iter().for_each(|file| read(file, &mut count));
        let [broken, odd, illegal] = count.refused.each_ref().map(Vec::len);
        let Count { files, games, moves, .. } = count;
        eprintln!(
            "{}: {files} files, {games} games, {moves} moves; refused: {broken} files, {odd} games, {illegal} illegal",
            folder.display()
        );
        count.refused.iter().flatten().for_each(|why| eprintln!("  {why}"));
        assert!(games > 0, "{}: no games", folder.display());
        let refused = broken + odd + illegal;
        assert!(refused * 50 <= games, "{refused} of {games} games refused");
    }
}

/// Folder with the files `name`, `bytes`.
fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

/// Standard output, standard error and exit code of the program.
fn run(words: &[&str]) -> (String, String, i32) {
    let output = PROGRAM.output(words);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

#[test]
fn games_are_checked_one_by_one() {
    let folder = folder(&[
        ("good.sgf", b"(;GM[1]CA[GBK]SZ[9]PB[\x81\x5d];B[ee];W[dd])"),
        ("mixed.sgf", b"(;SZ[9]KM[6.5 points];B[ee])\n(;SZ[9];B[ee];W[ee])\n(;SZ[25])\n(;SZ[5:6];B[aa]"),
    ]);
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (good, mixed) = (file("good.sgf"), file("mixed.sgf"));
    let (text, error, code) = run(&["sgf", "check", &good, &mixed]);
    assert_eq!(code, 3, "{error}");
    assert_eq!(error, "freewheel: 2 of 5 games could not be read\n");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], format!("{good}: GBK; 1 game read, 0 refused, 2 moves, 0 warnings"));
    assert_eq!(lines[1], format!("{mixed}:1:11: game 1: warning: KM[6.5 points] is read as KM[6.5]"));
    assert_eq!(
        lines[2],
        format!("{mixed}:2:17: game 2: error: move 2, white E5, is not legal: that point is occupied")
    );
    assert_eq!(
        lines[3],
        format!("{mixed}:3:6: game 3: error: SZ[25]: a larger board than 19x19 is not supported")
    );
    assert!(lines[4].contains(":4:16: game 4: warning: the file ends within the game"), "{text}");
    assert_eq!(lines[5], format!("{mixed}: UTF-8; 2 games read, 2 refused, 2 moves, 2 warnings"));
    assert_eq!(lines[6], "2 files: 3 games read, 2 refused");

    let (text, _, code) = run(&["sgf", "check", &good, &mixed, "--json"]);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &json["read"], &json["refused"]), (3, &3.into(), &2.into()));
    assert_eq!(json["files"][1]["games"][1]["error"]["line"], 2);
    assert_eq!(json["files"][1]["games"][3]["rectangular"], true);
    assert_eq!(run(&["sgf", "check", &good]).2, 0);
    assert_eq!(run(&["sgf", "check", &file("none.sgf")]).2, 3);
    assert_eq!(run(&["sgf", "check"]).2, 2);
}

#[test]
fn games_are_shown_converted_and_extracted() {
    let games = "(;FF[3]CA[Big5]SZ[5]KM[375]PB[a];B[cc];W[bb](;B[tt])(;B[aa]))\n(;SZ[9];B[ee])";
    let folder = folder(&[("games.sgf", games.as_bytes())]);
    let file = folder.path().join("games.sgf").to_str().unwrap().to_owned();
    let text = PROGRAM.text(&["sgf", "show", &file, "--game", "1", "--move", "2"]);
    assert!(text.contains("Komi       7.5\n") && text.contains("Moves      2 of 3\n"), "{text}");
    let board = "    A B C D E\n  5 . . . . .  5\n  4 .(O). . .  4\n  3 . . X . .  3\n  2 . . . . .  2\n  1 . . . . .  1\n";
    assert!(text.contains(board), "{text}");
    assert!(text.contains("  1 B C3      2 W B4      3 B pass\n"), "{text}");
    let json = PROGRAM.json(&["sgf", "show", &file, "--json"]);
    assert_eq!(json["games"][1]["moves"][0]["point"], "E5");

    let converted = PROGRAM.text(&["sgf", "convert", &file]);
    assert_eq!(
        converted,
        "(;FF[4]GM[1]CA[UTF-8]SZ[5]KM[7.5]PB[a];B[cc];W[bb]\n(;B[])\n(;B[aa]))\n(;FF[4]GM[1]CA[UTF-8]SZ[9];B[ee])\n"
    );
    let out = folder.path().join("out.sgf").to_str().unwrap().to_owned();
    PROGRAM.text(&["sgf", "extract", &file, "--game", "2", "--out", &out]);
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "(;FF[4]GM[1]CA[UTF-8]SZ[9];B[ee])\n");
    assert_eq!(
        PROGRAM.text(&["sgf", "extract", &file, "--move", "2"]),
        "(;FF[4]GM[1]CA[UTF-8]SZ[5]KM[7.5]PB[a]AB[cc]AW[bb]PL[B])\n"
    );
    for (words, message) in
        [(["--game", "3"], "no game 3; the file has 2"), (["--move", "9"], "no move 9; the game has 3 moves")]
    {
        let (_, error, code) = run(&["sgf", "extract", &file, words[0], words[1]]);
        assert!(code == 3 && error.contains(message), "{error}");
    }
}

/// Escape sequences and marks of writing direction in a record never reach the terminal.
#[test]
fn control_characters_are_not_printed() {
    let hostile = "\u{1b}c\u{7}\u{9b}2J\u{202e}";
    let game = format!(
        "{hostile}(;SZ[9]KM[{hostile}]PB[{hostile}]RU[{hostile}]RE[{hostile}]DT[{hostile}]{hostile};B[ee{hostile}])\n\
         (;SZ[9]KM[{hostile}]PB[{hostile}]BR[{hostile}]RU[{hostile}]RE[{hostile}]DT[{hostile}]{hostile}CA[{hostile}];B[ee])"
    );
    let folder = folder(&[("hostile.sgf", game.as_bytes())]);
    let file = folder.path().join("hostile.sgf").to_str().unwrap().to_owned();
    for words in [
        &["sgf", "show", &file][..],
        &["sgf", "check", &file],
        &["sgf", "show", &file, "--json"],
        &["sgf", "check", &file, "--json"],
        &["sgf", "convert", &file],
        &["sgf", "extract", &file, "--game", "2"],
        &["sgf", "extract", &file, "--game", "2", "--move", "1"],
        &["sgf", "extract", &file, "--game", "1"],
    ] {
        let (text, error, _) = run(words);
        // Marks of writing direction stay in files.
        let shown = matches!(words[1], "show" | "check");
        let raw = |c: char| c != '\n' && if shown { sgf::is_control(c) } else { c.is_control() };
        assert!(
            !text.contains(raw) && !error.contains(|c| c != '\n' && sgf::is_control(c)),
            "{words:?}: {text:?} {error:?}"
        );
    }
}
