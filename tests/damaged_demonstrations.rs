//! A thousand mutated files of each kind that demonstrations are read from: games (SGF), logs (CSV) and stores (Arrow
//! and JSON). Each is a clear error or a right load, and never a panic.

use std::path::{Path, PathBuf};

use freewheel::{Registry, demonstrations};
use freewheel_core::demonstrations::DemonstrationSet;
use freewheel_core::{Purpose, Stream, Streams};
use freewheel_envs::go::sgf;
use freewheel_tests::{Program, files};
use tempfile::tempdir;
use toml::Table;

#[path = "fuzz/mutate.rs"]
mod mutate;

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_freewheel-program"));
/// Number of mutated files of each kind.
const FILES: u64 = 1000;

fn rng(kind: u64, number: u64) -> Stream {
    Streams::new(kind).stream(Purpose::Data, 0, number)
}

/// Accepted and refused inputs. A test in which nothing is refused, or nothing accepted, shows nothing.
#[derive(Default)]
struct Counts {
    accepted: u64,
    refused: u64,
}

impl Counts {
    fn add(&mut self, ok: bool) {
        *(if ok { &mut self.accepted } else { &mut self.refused }) += 1;
    }

    fn check(&self, what: &str) {
        assert!(self.accepted > 20 && self.refused > 20, "{what}: {} {}", self.accepted, self.refused);
    }
}

/// Every game that is read has actions on its board, and plays to its end or is refused with a reason.
#[test]
fn mutated_games() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/sgf");
    let mut seeds: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    seeds.sort();
    let mut seeds: Vec<Vec<u8>> = seeds.iter().map(|file| std::fs::read(file).unwrap()).collect();
    seeds.push(b"(;SZ[5]HA[2]AB[bb][dd];W[cc];B[cb])(;SZ[5];B[cc];W[cb];B[bb];W[])".to_vec());
    let mut counts = Counts::default();
    for number in 0..FILES {
        let mut rng = rng(1, number);
        let mut pick = || rng.below(seeds.len() as u32) as usize;
        let (seed, other) = (pick(), pick());
        let bytes = mutate::mutate(&seeds[seed], &seeds[other], &mut rng);
        for game in sgf::read_each(&sgf::decode_bytes(&bytes).text) {
            let actions = match game {
                Ok(game) => game.actions().map(|actions| (u32::from(game.pass()), actions)),
                Err(e) => Err(e.message),
            };
            counts.add(actions.is_ok());
            match actions {
                Ok((pass, actions)) => {
                    let all = actions.opening.iter().chain(&actions.moves);
                    assert!(all.into_iter().all(|action| *action <= pass), "game {number}");
                }
                Err(why) => assert!(!why.trim().is_empty(), "game {number}"),
            }
        }
    }
    counts.check("games");
}

/// A log that is read has actions of the world; a refused one is named with its line.
#[test]
fn mutated_logs() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("log.csv");
    let seeds = [
        "episode,step,action,reward\n0,0,up,-1\n0,1,1,-1\n0,2,right,-1\n3,0,1,\n3,1,right,\n",
        "step,action,episode\n0,\"down\",0\n1,left,0\n",
    ];
    let seeds = seeds.map(|text| text.as_bytes().to_vec());
    let world = Registry::standard().build_world("grid/cliff", &Table::new()).unwrap();
    let mut counts = Counts::default();
    for number in 0..FILES {
        let mut rng = rng(2, number);
        let (seed, other) = (rng.below(2) as usize, rng.below(2) as usize);
        let bytes = mutate::mutate(&seeds[seed], &seeds[other], &mut rng);
        let text = String::from_utf8_lossy(&bytes);
        let read = demonstrations::log::parse(&file, &text, &world.spec().actions);
        counts.add(read.is_ok());
        match read {
            Ok(episodes) => {
                for episode in episodes {
                    let in_range = |i: usize| match episode.actions.get(i) {
                        Some(freewheel_core::Actions::Discrete(&[action])) => action < 4,
                        _ => false,
                    };
                    assert!((0..episode.actions.len()).all(in_range), "log {number}");
                }
            }
            Err(e) => assert!(e.to_string().contains("log.csv"), "log {number}: {e}"),
        }
    }
    counts.check("logs");
}

/// A store of the program that is read is the one that was written: its checksums cover every step. A refused one is
/// named with its file.
#[test]
fn mutated_stores() {
    let home = tempdir().unwrap();
    let store = home.path().join("noisy-v0");
    let words = ["demos", "record", "grid/cliff", "--noise", "0.4", "--episodes", "3", "--max-steps", "30"];
    PROGRAM.text(&[&words[..], &["--to", store.to_str().unwrap()]].concat());
    let original: DemonstrationSet = demonstrations::read(&store).unwrap();
    let all = files(&store);
    let parts: Vec<&String> = all.keys().filter(|name| name.contains("data/")).collect();
    assert_eq!(parts.len(), 7, "{parts:?}");
    let mut counts = Counts::default();
    for number in 0..FILES {
        let mut rng = rng(3, number);
        let mut pick = || parts[rng.below(parts.len() as u32) as usize];
        let (name, other) = (pick(), pick());
        let bytes = mutate::mutate(&all[name], &all[other], &mut rng);
        std::fs::write(store.join(name), &bytes).unwrap();
        let read = demonstrations::read(&store);
        counts.add(read.is_ok());
        match read {
            Ok(set) => {
                let same = set.episodes.iter().zip(&original.episodes).all(|(a, b)| {
                    (&a.observations, &a.actions, &a.rewards) == (&b.observations, &b.actions, &b.rewards)
                });
                assert!(same, "store {number}: {name} was changed and accepted");
            }
            Err(e) => assert!(e.to_string().contains("noisy-v0"), "store {number}, {name}: {e}"),
        }
        std::fs::write(store.join(name), &all[name]).unwrap();
    }
    assert!(counts.refused > 500, "{}", counts.refused);
    assert_eq!(demonstrations::read(&store).unwrap(), original);
}
