use std::fs;
use std::path::Path;

use freewheel_core::Error;
use freewheel_core::checkpoint::{Checkpoint, LatestCheckpoint, Store, Writer, write_atomically};
use proptest::prelude::*;
use tempfile::tempdir;

fn checkpoint(mark: u8) -> Checkpoint {
    let mut checkpoint = Checkpoint::new();
    checkpoint.insert("agent", vec![mark; 5]);
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

/// `body` followed by its hash.
fn with_hash(mut body: Vec<u8>) -> Vec<u8> {
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

/// Bytes of a file, written by hand; they must not change within a format version.
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
    assert_eq!(encoded(&checkpoint), with_hash(body.concat()));
}

#[test]
fn every_flipped_bit_is_an_error() {
    let whole = encoded(&checkpoint(3));
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        reason(&bytes);
    }
}

#[test]
fn truncated_files_and_trailing_bytes_are_errors() {
    let whole = encoded(&checkpoint(3));
    for len in 0..whole.len() {
        reason(&whole[..len]);
    }
    reason(&[&whole[..], &[0]].concat());
    reason(&[&whole[..], &whole[..]].concat());
}

/// A table of sections that does not match the file is an error, even with a valid checksum; reading it allocates no
/// memory for the sections.
#[test]
fn an_inconsistent_table_is_an_error() {
    let body = |version: u32, count: u32, rest: &[u8]| {
        with_hash([b"FRWHCKPT".as_slice(), &version.to_le_bytes(), &count.to_le_bytes(), rest].concat())
    };
    assert!(reason(&body(3, 0, &[])).contains("format version 3, and this program reads versions 1 and 2"));
    assert!(reason(&body(1, 0, &[0])).contains("1 bytes follow"));
    assert!(reason(&body(1, u32::MAX, &[])).contains("table"));
    assert!(reason(&body(1, 1, &[255; 20])).contains("longer than the file"));
    let section = |name: u8, len: u64| [&[1, 0, 0, 0, name][..], &len.to_le_bytes()].concat();
    assert!(reason(&body(1, 1, &section(b'a', u64::MAX))).contains("longer than the file"));
    assert!(reason(&body(1, 1, &section(b'a', 1))).contains("longer than the file"));
    assert!(reason(&body(1, 2, &[section(b'b', 0), section(b'a', 0)].concat())).contains("not in order"));
    assert!(reason(&body(1, 2, &[section(b'a', 0), section(b'a', 0)].concat())).contains("not in order"));
    assert!(reason(&body(1, 1, &section(255, 0))).contains("utf-8"));
    assert!(reason(&with_hash(b"FRWHCKPT".to_vec())).contains("cut short"));
    assert!(reason(&with_hash(b"not a checkpoint".to_vec())).contains("does not begin"));
    assert!(reason(&[]).contains("does not begin"));
}

proptest! {
    #[test]
    fn encoding_is_reversible(
        sections in prop::collection::btree_map(".{0,8}", prop::collection::vec(any::<u8>(), 0..40), 0..6)
    ) {
        let checkpoint = Checkpoint { sections };
        let again = Checkpoint::decode(Path::new("a.ckpt"), &encoded(&checkpoint)).unwrap();
        prop_assert_eq!(again, checkpoint);
    }

    #[test]
    fn no_bytes_cause_a_panic(rest in proptest::collection::vec(any::<u8>(), 0..80)) {
        reason(&with_hash([b"FRWHCKPT\x01\0\0\0".as_slice(), &[9], &rest].concat()));
        reason(&rest);
    }
}

/// Values of a table, most of them zero.
fn table() -> Vec<u8> {
    (0..100_000u32).map(|i| if i % 50 == 0 { (i / 50 * 37) as u8 } else { 0 }).collect()
}

#[test]
fn a_long_section_is_compressed_if_that_makes_it_shorter() {
    let mut noise = 1u32;
    let noise: Vec<u8> = (0..100_000)
        .map(|_| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (noise >> 24) as u8
        })
        .collect();
    let mut checkpoint = Checkpoint::new();
    checkpoint.insert("noise", noise);
    let plain = encoded(&checkpoint);
    assert_eq!((plain[8], plain.len() > 100_000), (1, true));
    checkpoint.insert("table", table());
    checkpoint.insert("small", vec![0; 1000]);
    let bytes = encoded(&checkpoint);
    assert_eq!((bytes[8], bytes.len() < 120_000), (2, true));
    assert_eq!(Checkpoint::decode(Path::new("a.ckpt"), &bytes).unwrap(), checkpoint);
    assert_eq!(encoded(&checkpoint), bytes);
    for len in (0..bytes.len()).step_by(997) {
        reason(&bytes[..len]);
    }
}

/// Forged lengths of a compressed section, with a right checksum.
#[test]
fn a_compressed_section_of_another_length_is_an_error() {
    let mut checkpoint = Checkpoint::new();
    checkpoint.insert("t", table());
    let mut body = encoded(&checkpoint);
    body.truncate(body.len() - blake3::OUT_LEN);
    // Magic, version, count, length of the name, name.
    let at = 8 + 4 + 4 + 4 + 1;
    let with_length = |length: u64| {
        let mut body = body.clone();
        body[at..at + 8].copy_from_slice(&length.to_le_bytes());
        with_hash(body)
    };
    assert_eq!(Checkpoint::decode(Path::new("a.ckpt"), &with_length(100_000)).unwrap(), checkpoint);
    assert!(reason(&with_length(99_999)).contains("100000 bytes or more in place of 99999"));
    assert!(reason(&with_length(100_001)).contains("100000 bytes or more in place of 100001"));
    for length in [0, u64::MAX, 1 << 25] {
        assert!(reason(&with_length(length)).contains("not possible"), "{length}");
    }
    for place in at + 16..body.len() {
        let mut forged = body.clone();
        forged[place] ^= 0x55;
        // Refused, or other bytes of this length; never a panic.
        let _ = Checkpoint::decode(Path::new("a.ckpt"), &with_hash(forged));
    }
}

#[test]
fn a_missing_section_is_an_error() {
    let checkpoint = checkpoint(1);
    assert_eq!(checkpoint.get("agent"), Some([1; 5].as_slice()));
    assert_eq!(checkpoint.get("agemt"), None);
    assert!(checkpoint.section("counters").unwrap().is_empty());
    let error = checkpoint.section("agemt").unwrap_err().to_string();
    assert!(error.contains("did you mean `agent`?"), "{error}");
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
    // Renaming fails, because a file cannot replace a folder.
    let path = dir.path().join("taken");
    fs::create_dir(&path).unwrap();
    assert!(matches!(write_atomically(&path, b"new"), Err(Error::Io { path: named, .. }) if named == path));
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
    // Saving the same step again replaces the file. A `keep` of 0 counts as 1.
    store.save(100, &checkpoint(7)).unwrap();
    assert_eq!(store.load(100).unwrap(), checkpoint(7));
    let one = Store::new(store.dir(), 0);
    one.save(2_000_000_000_001, &checkpoint(1)).unwrap();
    assert_eq!(one.steps().unwrap(), [2_000_000_000_001]);
}

/// A link with the name of a temporary file, or of the file itself, is replaced; its target is unchanged.
#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let dir = tempdir().unwrap();
    let victim = dir.path().join("victim");
    fs::write(&victim, "kept").unwrap();
    let store = Store::new(dir.path().join("store"), 3);
    fs::create_dir(store.dir()).unwrap();
    for name in [".step-000000000001.ckpt.tmp", "step-000000000001.ckpt", ".a.json.tmp", "a.json"] {
        std::os::unix::fs::symlink(&victim, store.dir().join(name)).unwrap();
    }
    store.save(1, &checkpoint(1)).unwrap();
    write_atomically(store.dir().join("a.json"), b"{}").unwrap();
    assert_eq!(names(store.dir()), ["a.json", "step-000000000001.ckpt"]);
    assert!(store.path(1).symlink_metadata().unwrap().is_file());
    assert_eq!(store.load(1).unwrap(), checkpoint(1));
    assert_eq!(fs::read_to_string(&victim).unwrap(), "kept");
}

#[test]
fn an_interrupted_save_leaves_the_old_one() {
    let dir = tempdir().unwrap();
    let store = Store::new(dir.path(), 3);
    store.save(1, &checkpoint(1)).unwrap();
    // Temporary file of a save that was interrupted before the renaming.
    let left = dir.path().join(".step-000000000002.ckpt.1-0.tmp");
    let bytes = encoded(&checkpoint(2));
    for len in [0, 1, bytes.len() / 2, bytes.len()] {
        fs::write(&left, &bytes[..len]).unwrap();
        let restored = store.latest().unwrap().unwrap();
        assert_eq!((restored.step, restored.checkpoint, restored.damaged.len()), (1, checkpoint(1), 0));
    }
    // Files with other names are kept.
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
fn damaged_checkpoints_are_skipped_and_reported() {
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
    let LatestCheckpoint { step, checkpoint: intact, damaged } = store.latest().unwrap().unwrap();
    assert_eq!((step, intact), (2, checkpoint(2)));
    assert!(matches!(&damaged[..], [Error::Damaged { file, .. }] if *file == store.path(3)));
    cut(2);
    let restored = store.latest().unwrap().unwrap();
    assert_eq!((restored.step, restored.damaged.len()), (1, 2));
    cut(1);
    let error = store.latest().unwrap_err();
    assert!(matches!(&error, Error::Damaged { file, .. } if file == dir.path()), "{error}");
    assert!(error.to_string().contains("all of its 3 checkpoints are damaged"), "{error}");
}

/// A run that was resumed from step 2 saves step 3 with `keep` 1: the new file is kept, although a damaged file of step
/// 9 exists.
#[test]
fn a_damaged_later_file_does_not_replace_the_new_one() {
    let dir = tempdir().unwrap();
    let store = Store::new(dir.path(), 1);
    fs::write(store.path(9), "damaged").unwrap();
    store.save(3, &checkpoint(3)).unwrap();
    assert_eq!(store.latest().unwrap().unwrap().step, 3);
    store.save(12, &checkpoint(12)).unwrap();
    assert_eq!(store.steps().unwrap(), [12]);
}

/// Sections so long that they are hashed in many pieces.
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
fn a_writer_runs_one_job_at_a_time_in_order() {
    use std::sync::{Arc, Mutex};
    let (mut writer, log) = (Writer::default(), Arc::new(Mutex::new(Vec::new())));
    for i in 0..20 {
        let log = Arc::clone(&log);
        let job = move || {
            log.lock().unwrap().push((i, "start"));
            std::thread::sleep(std::time::Duration::from_millis(2));
            log.lock().unwrap().push((i, "end"));
            Ok(())
        };
        writer.submit(job).unwrap();
    }
    writer.finish().unwrap();
    let expected: Vec<_> = (0..20).flat_map(|i| [(i, "start"), (i, "end")]).collect();
    assert_eq!(*log.lock().unwrap(), expected);
    // Dropping the writer waits for the job, too.
    let later = Arc::clone(&log);
    writer
        .submit(move || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            later.lock().unwrap().clear();
            Ok(())
        })
        .unwrap();
    drop(writer);
    assert!(log.lock().unwrap().is_empty());
}

#[test]
fn the_next_call_returns_a_writers_error_once() {
    let dir = tempdir().unwrap();
    fs::write(dir.path().join("file"), "not a folder").unwrap();
    let store = Store::new(dir.path().join("file"), 1);
    let mut writer = Writer::default();
    let save = |store: Store| move || store.save(1, &checkpoint(1)).map(drop);
    writer.submit(save(store.clone())).unwrap();
    let good = Store::new(dir.path().join("good"), 1);
    assert!(matches!(writer.submit(save(good.clone())), Err(Error::Io { .. })));
    assert_eq!(good.steps().unwrap(), [0u64; 0], "no job is started after an error");
    writer.submit(save(good.clone())).unwrap();
    writer.finish().unwrap();
    assert_eq!(good.steps().unwrap(), [1]);
    writer.submit(save(store)).unwrap();
    assert!(matches!(writer.finish(), Err(Error::Io { .. })));
    writer.finish().unwrap();
}
