//! Thousands of published game records: each record is read and replayed, or gives an error.
//!
//! Reads every `.sgf` and `.sgf.gz` (by the program `gzip`) below `$FREEWHEEL_DATA/sgf` and below the folders of
//! `$FREEWHEEL_SGF` (separated by colons); skipped if neither variable is set.

use std::path::{Path, PathBuf};
use std::process::Command;

use freewheel_envs::go::sgf::{self, GameRecord};

/// Counts for the game records in a folder.
#[derive(Default)]
struct Count {
    files: usize,
    games: usize,
    moves: usize,
    /// Errors of three kinds: files that are not SGF, games that are not valid records, records with illegal moves.
    refused: [Vec<String>; 3],
}

fn text(file: &Path) -> String {
    let bytes = if file.extension().is_some_and(|end| end == "gz") {
        Command::new("gzip").arg("-dc").arg(file).output().unwrap().stdout
    } else {
        std::fs::read(file).unwrap()
    };
    sgf::decode(&bytes)
}

fn read(file: &Path, count: &mut Count) {
    let name = |n: usize, why: &sgf::SgfError| format!("{} game {n}: {why}", file.display());
    count.files += 1;
    let trees = match sgf::parse(&text(file)) {
        Ok(trees) => trees,
        Err(why) => return count.refused[0].push(name(0, &why)),
    };
    for (n, tree) in trees.iter().enumerate() {
        count.games += 1;
        let record = match GameRecord::from_tree(tree) {
            Ok(record) => record,
            Err(why) => {
                count.refused[1].push(name(n, &why));
                continue;
            }
        };
        let again = sgf::read(&record.to_string()).unwrap().remove(0);
        assert!(record.moves().eq(again.moves()), "{} game {n}", file.display());
        assert_eq!((again.komi, &again.outcome), (record.komi, &record.outcome));
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
