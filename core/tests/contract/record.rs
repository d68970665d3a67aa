use std::fs;
use std::sync::Arc;

use freewheel_core::record::{EpisodeRecord, RecordedActions, Recorder, play, read, verify, write};
use freewheel_core::{Actions, DynWorld, Ending, Error, Purpose, Streams, World};
use proptest::prelude::*;
use tempfile::tempdir;

use crate::worlds::{LastLegal, Uniform, adding_game, push, walk};

const STREAMS: Streams = Streams { seed: 7 };

fn record<W: World>(world: W, index: u64, episode: u64) -> (EpisodeRecord, Arc<W>) {
    let world = Arc::new(world);
    let mut runner = world.episode_runner(STREAMS, Purpose::EvaluationEnvironment, index);
    let rng = STREAMS.stream(Purpose::EvaluationAction, index, episode);
    (play(runner.as_mut(), episode, &Uniform, rng, 1000).unwrap(), world)
}

fn differs(record: &EpisodeRecord, world: &dyn DynWorld, why: &str) {
    match verify(record, world) {
        Err(Error::Mismatch(message)) => {
            assert!(message.contains(why), "{message}");
            assert!(message.starts_with(&format!("episode {} of index", record.episode)), "{message}");
        }
        other => panic!("{other:?}, not {why}"),
    }
}

#[test]
fn recorded_episodes_verify() {
    for episode in 0..5 {
        let (walked, world) = record(walk(true, Some(30)), 3, episode);
        assert_eq!((walked.index, walked.episode, walked.seed), (3, episode, 7));
        assert_eq!(walked.length as usize, walked.actions.len());
        assert!(walked.ending.is_over());
        verify(&walked, &world).unwrap();
        let (game, world) = record(adding_game(), 3, episode);
        verify(&game, &world).unwrap();
        let (pushed, world) = record(push(), 3, episode);
        assert!(matches!(&pushed.actions, RecordedActions::Continuous(all) if all[0].len() == 2));
        assert_eq!(pushed.ending, Ending::Truncated);
        verify(&pushed, &world).unwrap();
    }
}

/// Verification detects a change of any field of a record.
#[test]
fn any_change_is_detected() {
    let (good, world) = record(walk(true, Some(30)), 3, 1);
    type Change = fn(&mut EpisodeRecord);
    let changes: [(&str, Change); 12] = [
        ("the format was 2 and is 1", |r| r.format = 2),
        ("the world was test/run and is test/walk", |r| r.world = "test/run".into()),
        ("version was 2 and is 1", |r| r.version = 2),
        ("", |r| r.seed += 1),
        ("", |r| r.purpose = Purpose::Environment),
        ("", |r| r.index += 1),
        ("", |r| r.episode += 1),
        ("the length was", |r| r.length += 1),
        ("the return was", |r| r.episode_return = f64::from_bits(r.episode_return.to_bits() ^ 1)),
        ("the ending was", |r| r.ending = Ending::Running),
        ("the digest", |r| r.digest = "00".into()),
        ("", |r| {
            let RecordedActions::Discrete(all) = &mut r.actions else { panic!() };
            all.pop();
        }),
    ];
    for (why, change) in changes {
        let mut record = good.clone();
        change(&mut record);
        differs(&record, &world, why);
    }
    // Settings are not compared: only the caller uses them.
    let mut record = good.clone();
    record.settings = serde_json::json!({ "size": 4 });
    verify(&record, &world).unwrap();
    // A continuous action instead of a discrete one, and an illegal action.
    record.actions = RecordedActions::Continuous(vec![vec![0.0]]);
    differs(&record, &world, "step 1 of 1");
    record.actions = RecordedActions::Discrete(vec![2, 9]);
    differs(&record, &world, "step 2 of 2: row 0: action 9 is not legal");
}

/// A world with another mask and the same actions, rewards and observations: only the digest differs.
#[test]
fn a_changed_mask_is_detected() {
    let world = Arc::new(walk(false, Some(3)));
    let mut runner = world.episode_runner(STREAMS, Purpose::WatchEnvironment, 0);
    let mut recorder = Recorder::new(runner.as_mut(), 0);
    for action in [0, 0, 2] {
        recorder.step(Actions::Discrete(&[action])).unwrap();
    }
    let record = recorder.finish();
    verify(&record, &world).unwrap();
    let mut other = walk(false, Some(3));
    other.spec.masked = false;
    differs(&record, &Arc::new(other), "the digest");
}

#[test]
fn a_step_limit_truncates() {
    let world = Arc::new(walk(false, None));
    let mut runner = world.episode_runner(STREAMS, Purpose::WatchEnvironment, 0);
    let rng = STREAMS.stream(Purpose::WatchAction, 0, 0);
    let mut record = play(runner.as_mut(), 4, &LastLegal, rng, 6).unwrap();
    assert_eq!((record.length, record.ending, record.episode_return), (6, Ending::Truncated, 12.0));
    verify(&record, &world).unwrap();
    record.ending = Ending::Running;
    differs(&record, &world, "digest");
}

#[test]
fn an_episode_by_hand_may_be_left_unfinished() {
    let world = Arc::new(walk(false, None));
    let mut runner = world.episode_runner(STREAMS, Purpose::WatchEnvironment, 0);
    let mut recorder = Recorder::new(runner.as_mut(), 0);
    recorder.step(Actions::Discrete(&[0])).unwrap();
    recorder.step(Actions::Discrete(&[0])).unwrap();
    // Illegal actions are not recorded.
    assert!(recorder.step(Actions::Discrete(&[0])).is_err());
    recorder.step(Actions::Discrete(&[1])).unwrap();
    assert_eq!(recorder.runner().obs(), [1.0, 3.0]);
    let record = recorder.finish();
    assert_eq!((record.length, record.ending, record.episode_return), (3, Ending::Running, 2.0));
    assert_eq!(record.actions, RecordedActions::Discrete(vec![0, 0, 1]));
    verify(&record, &world).unwrap();
}

#[test]
fn files_have_one_episode_per_line() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("episodes.jsonl");
    let records =
        [record(walk(true, None), 1, 0).0, record(push(), 2, 5).0, record(adding_game(), 0, u64::MAX).0];
    write(&path, &records).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 3);
    assert!(
        text.starts_with(r#"{"format":1,"world":"test/walk","version":1,"settings":null,"seed":7,"#),
        "{text}"
    );
    assert_eq!(read(&path).unwrap(), records);
    fs::write(&path, format!("\n{text}\n")).unwrap();
    assert_eq!(read(&path).unwrap(), records);
    write(&path, &[]).unwrap();
    assert_eq!(read(&path).unwrap(), []);
}

#[test]
fn a_bad_line_is_named() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("episodes.jsonl");
    let (record, _) = record(walk(true, None), 1, 0);
    write(&path, std::slice::from_ref(&record)).unwrap();
    // Without the checksum, which would differ in each case.
    let written = fs::read_to_string(&path).unwrap();
    let good = format!("{}}}\n", written.split_once(",\"checksum\"").unwrap().0);
    for (bad, why) in [
        (good.replace("\"format\":1", "\"format\":9"), "format 9, and this program reads format 1"),
        (good.replace("\"length\"", "\"lenght\""), "lenght"),
        (good.replace("\"index\":1,", ""), "index"),
        (good.replace("\"index\":1,", "\"index\":-1,"), "-1"),
        (format!("{}\n", &good[..good.len() / 2]), "EOF"),
        ("no\n".to_string(), "expected"),
    ] {
        fs::write(&path, format!("{good}{bad}{good}")).unwrap();
        match read(&path).unwrap_err() {
            Error::Input { file, line, column, message } => {
                assert_eq!((file, line), (path.clone(), 2));
                assert!(message.contains(why), "{message}");
                assert!(column >= 1);
            }
            other => panic!("{other}"),
        }
    }
    assert!(matches!(read(dir.path().join("none")), Err(Error::Io { .. })));
    // JSON has no infinity: an infinite return is an error, and the old file is unchanged.
    fs::write(&path, &good).unwrap();
    let endless = EpisodeRecord { episode_return: f64::INFINITY, ..record };
    assert!(matches!(write(&path, &[endless]), Err(Error::Unsupported(_))));
    assert_eq!(fs::read_to_string(&path).unwrap(), good);
}

/// Every bit of a line is covered by the checksum at its end.
#[test]
fn a_flipped_bit_of_a_line_is_detected() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("episodes.jsonl");
    let (record, _) = record(walk(true, Some(5)), 1, 0);
    write(&path, &[record]).unwrap();
    let good = fs::read(&path).unwrap();
    for bit in 0..(good.len() - 1) * 8 {
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, bytes).unwrap();
        assert!(matches!(read(&path), Err(Error::Input { .. })), "bit {bit}");
    }
}

/// An episode that an earlier version wrote has no checksum.
#[test]
fn a_line_without_a_checksum_is_read() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("episodes.jsonl");
    let (record, _) = record(walk(true, Some(5)), 1, 0);
    fs::write(&path, serde_json::to_string(&record).unwrap()).unwrap();
    assert_eq!(read(&path).unwrap(), [record]);
}

proptest! {
    /// Finite numbers have the same bits after writing and reading.
    #[test]
    fn numbers_survive_the_file(bits: Vec<u32>, score: f64) {
        let actions = bits.iter().map(|&b| f32::from_bits(b)).filter(|x| x.is_finite()).collect();
        let (mut record, _) = record(push(), 0, 0);
        record.actions = RecordedActions::Continuous(vec![actions]);
        record.episode_return = if score.is_finite() { score } else { 0.0 };
        let again: EpisodeRecord = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
        prop_assert_eq!(again.episode_return.to_bits(), record.episode_return.to_bits());
        let of = |record: &EpisodeRecord| match &record.actions {
            RecordedActions::Continuous(all) => all[0].iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
            RecordedActions::Discrete(_) => panic!(),
        };
        prop_assert_eq!(of(&again), of(&record));
    }
}
