use std::fs;
use std::path::Path;

use freewheel_core::Error;
use freewheel_core::checkpoint::{Checkpoint, Restored, Store, Writer, write_atomically};
use proptest::prelude::*;
use tempfile::tempdir;

fn checkpoint(mark: u8) -> Checkpoint {
    let mut checkpoint = Checkpoint::new();
    checkpoint.insert("learner", vec![mark; 5]);
    checkpoint.insert("episodes", vec![0, 1, 2, 255]);
    checkpoint.insert("counters", Vec::new());
    checkpoint
}

fn encoded(checkpoint: &Checkpoint) -> Vec<u8> {
    let mut bytes = Vec::new();
    checkpoint.write(&mut bytes).unwrap();
    bytes
}

fn reason(bytes: &[u8]) -> String {
    match Checkpoint::decode(Path::new("a.ckpt"), bytes) {
        Err(Error::Damaged { file, reason }) => {
            assert_eq!(file, Path::new("a.ckpt"));
            reason
        }
        other => panic!("{other:?}"),
    }
}

/// `body` with the hash that belongs to it.
fn sealed(mut body: Vec<u8>) -> Vec<u8> {
    let hash = blake3::hash(&body);
    body.extend(hash.as_bytes());
    body
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The layout by hand: this is what stands on disks and must not change within a format version.
#[test]
fn the_layout() {
    let mut checkpoint = Checkpoint::new();
    checkpoint.insert("b", vec![7, 8]);
    checkpoint.insert("a", vec![9]);
    let body = [
        b"FRWHCKPT".as_slice(),
        &[1, 0, 0, 0],
        &[2, 0, 0, 0],
        &[1, 0, 0, 0, b'a', 1, 0, 0, 0, 0, 0, 0, 0],
        &[1, 0, 0, 0, b'b', 2, 0, 0, 0, 0, 0, 0, 0],
        &[9, 7, 8],
    ];
    assert_eq!(encoded(&checkpoint), sealed(body.concat()));
}

#[test]
fn every_flipped_bit_is_refused() {
    let whole = encoded(&checkpoint(3));
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        reason(&bytes);
    }
}

#[test]
fn every_truncation_and_trailing_bytes_are_refused() {
    let whole = encoded(&checkpoint(3));
    for len in 0..whole.len() {
        reason(&whole[..len]);
    }
    reason(&[&whole[..], &[0]].concat());
    reason(&[&whole[..], &whole[..]].concat());
}

/// Even under a checksum that fits, a table that does not is refused, and nothing is allocated for what it claims.
#[test]
fn a_table_that_does_not_fit_is_refused() {
    let body = |version: u32, count: u32, rest: &[u8]| {
        sealed([b"FRWHCKPT".as_slice(), &version.to_le_bytes(), &count.to_le_bytes(), rest].concat())
    };
    assert!(reason(&body(2, 0, &[])).contains("format version 2, and this program reads version 1"));
    assert!(reason(&body(1, 0, &[0])).contains("1 bytes follow"));
    assert!(reason(&body(1, u32::MAX, &[])).contains("table"));
    assert!(reason(&body(1, 1, &[255; 20])).contains("longer than the file"));
    let section = |name: u8, len: u64| [&[1, 0, 0, 0, name][..], &len.to_le_bytes()].concat();
    assert!(reason(&body(1, 1, &section(b'a', u64::MAX))).contains("longer than the file"));
    assert!(reason(&body(1, 1, &section(b'a', 1))).contains("longer than the file"));
    assert!(reason(&body(1, 2, &[section(b'b', 0), section(b'a', 0)].concat())).contains("not in order"));
    assert!(reason(&body(1, 2, &[section(b'a', 0), section(b'a', 0)].concat())).contains("not in order"));
    assert!(reason(&body(1, 1, &section(255, 0))).contains("utf-8"));
    assert!(reason(&sealed(b"FRWHCKPT".to_vec())).contains("cut short"));
    assert!(reason(&sealed(b"not one of ours".to_vec())).contains("begin"));
    assert!(reason(&[]).contains("begin"));
}

proptest! {
    #[test]
    fn what_goes_in_comes_out(sections in proptest::collection::btree_map(".{0,8}", proptest::collection::vec(any::<u8>(), 0..40), 0..6)) {
        let checkpoint = Checkpoint { sections };
        let again = Checkpoint::decode(Path::new("a.ckpt"), &encoded(&checkpoint)).unwrap();
        prop_assert_eq!(again, checkpoint);
    }

    #[test]
    fn no_bytes_make_it_panic(rest in proptest::collection::vec(any::<u8>(), 0..80)) {
        reason(&sealed([b"FRWHCKPT\x01\0\0\0".as_slice(), &[9], &rest].concat()));
        reason(&rest);
    }
}

#[test]
fn a_section_that_is_not_there() {
    let checkpoint = checkpoint(1);
    assert_eq!(checkpoint.get("learner"), Some([1; 5].as_slice()));
    assert_eq!(checkpoint.get("learnen"), None);
    assert!(checkpoint.section("counters").unwrap().is_empty());
    let error = checkpoint.section("learnen").unwrap_err().to_string();
    assert!(error.contains("did you mean `learner`?"), "{error}");
}

#[test]
fn a_file_is_replaced_whole() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("config.toml");
    write_atomically(&path, b"old").unwrap();
    write_atomically(&path, b"newer").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"newer");
    assert_eq!(names(dir.path()), ["config.toml"]);
}

#[test]
fn a_failed_write_leaves_the_old_file_and_nothing_else() {
    let dir = tempdir().unwrap();
    // A folder cannot be replaced by a file: everything works up to the renaming.
    let path = dir.path().join("taken");
    fs::create_dir(&path).unwrap();
    assert!(matches!(write_atomically(&path, b"new"), Err(Error::Io { path: told, .. }) if told == path));
    assert_eq!(names(dir.path()), ["taken"]);
    assert!(matches!(write_atomically(dir.path().join("no/such"), b""), Err(Error::Io { .. })));
    assert!(matches!(write_atomically("/", b""), Err(Error::Config(_))));
}

#[test]
fn a_store_keeps_the_newest() {
    let dir = tempdir().unwrap();
    let store = Store::new(dir.path().join("checkpoints"), 2);
    assert!(store.steps().unwrap().is_empty());
    assert!(store.latest().unwrap().is_none());
    for step in [0, 100, 9, 2_000_000_000_000] {
        let path = store.save(step, &checkpoint(step as u8)).unwrap();
        assert_eq!(path, store.path(step));
    }
    assert_eq!(store.steps().unwrap(), [100, 2_000_000_000_000]);
    assert_eq!(names(store.dir()), ["step-000000000100.ckpt", "step-2000000000000.ckpt"]);
    assert_eq!(store.load(100).unwrap(), checkpoint(100));
    assert!(matches!(store.load(9), Err(Error::Io { .. })));
    // The same step again replaces its file; none is ever kept at all, the one just written is.
    store.save(100, &checkpoint(7)).unwrap();
    assert_eq!(store.load(100).unwrap(), checkpoint(7));
    let one = Store::new(store.dir(), 0);
    one.save(2_000_000_000_001, &checkpoint(1)).unwrap();
    assert_eq!(one.steps().unwrap(), [2_000_000_000_001]);
}

#[test]
fn an_interrupted_save_leaves_the_old_one() {
    let dir = tempdir().unwrap();
    let store = Store::new(dir.path(), 3);
    store.save(1, &checkpoint(1)).unwrap();
    // A save that was stopped before its renaming, wherever it stopped.
    let left = dir.path().join(".step-000000000002.ckpt.1-0.tmp");
    let bytes = encoded(&checkpoint(2));
    for len in [0, 1, bytes.len() / 2, bytes.len()] {
        fs::write(&left, &bytes[..len]).unwrap();
        let restored = store.latest().unwrap().unwrap();
        assert_eq!((restored.step, restored.checkpoint, restored.refused.len()), (1, checkpoint(1), 0));
    }
    // Other people's files stay.
    fs::write(dir.path().join("notes.tmp"), "").unwrap();
    fs::write(dir.path().join("step-3.ckpt"), "").unwrap();
    store.save(2, &checkpoint(2)).unwrap();
    assert_eq!(
        names(dir.path()),
        ["notes.tmp", "step-000000000001.ckpt", "step-000000000002.ckpt", "step-3.ckpt"]
    );
    assert_eq!(store.steps().unwrap(), [1, 2]);
}

#[test]
fn damaged_checkpoints_are_passed_over_and_told() {
    let dir = tempdir().unwrap();
    let store = Store::new(dir.path(), 9);
    for step in [1, 2, 3] {
        store.save(step, &checkpoint(step as u8)).unwrap();
    }
    let cut = |step| {
        let bytes = fs::read(store.path(step)).unwrap();
        fs::write(store.path(step), &bytes[..bytes.len() - 1]).unwrap();
    };
    cut(3);
    let Restored { step, checkpoint: whole, refused } = store.latest().unwrap().unwrap();
    assert_eq!((step, whole), (2, checkpoint(2)));
    assert!(matches!(&refused[..], [Error::Damaged { file, .. }] if *file == store.path(3)));
    cut(2);
    let restored = store.latest().unwrap().unwrap();
    assert_eq!((restored.step, restored.refused.len()), (1, 2));
    cut(1);
    let error = store.latest().unwrap_err();
    assert!(matches!(&error, Error::Damaged { file, .. } if file == dir.path()), "{error}");
    assert!(error.to_string().contains("not one of its 3 checkpoints is whole"), "{error}");
}

/// A run that fell back to step 2 saves 3 again with `keep` 1: what it has just saved must not go in favor of the damaged
/// file of step 9.
#[test]
fn a_damaged_later_file_does_not_cost_the_new_one() {
    let dir = tempdir().unwrap();
    let store = Store::new(dir.path(), 1);
    fs::write(store.path(9), "damaged").unwrap();
    store.save(3, &checkpoint(3)).unwrap();
    assert_eq!(store.latest().unwrap().unwrap().step, 3);
    store.save(12, &checkpoint(12)).unwrap();
    assert_eq!(store.steps().unwrap(), [12]);
}

/// Sections of many pieces, and of none.
#[test]
fn large_sections_survive() {
    let dir = tempdir().unwrap();
    let store = Store::new(dir.path(), 1);
    let mut large = checkpoint(1);
    large.insert("replay", (0..3_000_001u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect());
    store.save(1, &large).unwrap();
    assert!(store.load(1).unwrap() == large);
    let bytes = fs::read(store.path(1)).unwrap();
    assert_eq!(
        bytes.split_last_chunk::<32>().unwrap().1,
        blake3::hash(&bytes[..bytes.len() - 32]).as_bytes()
    );
}

#[test]
fn a_writer_does_one_thing_at_a_time_in_order() {
    use std::sync::{Arc, Mutex};
    let (mut writer, log) = (Writer::default(), Arc::new(Mutex::new(Vec::new())));
    for i in 0..20 {
        let log = Arc::clone(&log);
        let work = move || {
            log.lock().unwrap().push((i, "begins"));
            std::thread::sleep(std::time::Duration::from_millis(2));
            log.lock().unwrap().push((i, "ends"));
            Ok(())
        };
        writer.begin(work).unwrap();
    }
    writer.finish().unwrap();
    let expected: Vec<_> = (0..20).flat_map(|i| [(i, "begins"), (i, "ends")]).collect();
    assert_eq!(*log.lock().unwrap(), expected);
    // Whoever drops it waits, too.
    let later = Arc::clone(&log);
    writer
        .begin(move || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            later.lock().unwrap().clear();
            Ok(())
        })
        .unwrap();
    drop(writer);
    assert!(log.lock().unwrap().is_empty());
}

#[test]
fn what_a_writer_could_not_do_is_told_once_by_the_next_call() {
    let dir = tempdir().unwrap();
    fs::write(dir.path().join("file"), "not a folder").unwrap();
    let store = Store::new(dir.path().join("file"), 1);
    let mut writer = Writer::default();
    let save = |store: Store| move || store.save(1, &checkpoint(1)).map(drop);
    writer.begin(save(store.clone())).unwrap();
    let good = Store::new(dir.path().join("good"), 1);
    assert!(matches!(writer.begin(save(good.clone())), Err(Error::Io { .. })));
    assert_eq!(good.steps().unwrap(), [0u64; 0], "nothing is begun after an error");
    writer.begin(save(good.clone())).unwrap();
    writer.finish().unwrap();
    assert_eq!(good.steps().unwrap(), [1]);
    writer.begin(save(store)).unwrap();
    assert!(matches!(writer.finish(), Err(Error::Io { .. })));
    writer.finish().unwrap();
}
