use std::path::Path;

use freewheel_agents::fixed::UniformPolicy;
use freewheel_core::demonstrations::{Demonstration, DemonstrationSet, Keep, Label, Source, WorldHeader};
use freewheel_core::{Ending, Policy, Purpose, ScriptedPolicy, Streams};
use tempfile::tempdir;

use super::*;
use crate::Registry;

/// Set of `n` random episodes in the world `id`, of at most 40 steps.
fn random(id: &str, settings: &str, n: u64) -> DemonstrationSet {
    let table: toml::Table = settings.parse().unwrap();
    let world = Registry::standard().build_world(id, &table).unwrap();
    let (spec, streams) = (world.spec(), Streams::new(3));
    let policy: Box<dyn Policy> = match spec.scripts.is_empty() {
        true => Box::new(UniformPolicy::new(spec).unwrap()),
        false => Box::new(ScriptedPolicy(0)),
    };
    let mut runner = world.episode_runner(streams, Purpose::EvaluationEnvironment, 0);
    let label = Label { noise: 0.25, ..Label::of(Source::Scripted, "first") };
    let episodes = (0..n).map(|episode| {
        let mut rng = streams.stream(Purpose::EvaluationAction, 0, episode);
        Demonstration::play(&mut *runner, episode, &*policy, &label, &mut rng, 40).unwrap()
    });
    let episodes = episodes.collect();
    let settings = serde_json::to_value(&table).unwrap();
    DemonstrationSet { header: WorldHeader::of(spec, id, settings), episodes }
}

/// Discrete and continuous observations and actions, masks, one and two players.
fn sets() -> Vec<DemonstrationSet> {
    [
        ("grid/cliff", ""),
        ("grid/taxi", "mask = true"),
        ("classic/cartpole", ""),
        ("classic/pendulum", ""),
        ("go/5x5", "opponent = 'self'"),
        ("track/club", ""),
        ("market/ar1", ""),
    ]
    .map(|(id, settings)| random(id, settings, 3))
    .into()
}

fn damaged(folder: &Path) -> (PathBuf, String) {
    match read(folder) {
        Err(Error::Damaged { file, reason }) => (file, reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_written_is_read() {
    let home = tempdir().unwrap();
    for (i, set) in sets().into_iter().enumerate() {
        let folder = home.path().join(format!("store-{i}"));
        write(&folder, &set).unwrap();
        assert_eq!(read(&folder).unwrap(), set, "{}", set.header.world);
        let expected = Facts { header: set.header.clone(), episodes: 3, steps: set.steps() };
        assert_eq!(facts(&folder).unwrap(), expected);
        let table: toml::Table = serde_json::from_value(set.header.settings.clone()).unwrap();
        let world = Registry::standard().build_world(&set.header.world, &table).unwrap();
        assert_eq!(read(&folder).unwrap().verify(&*world).unwrap(), 0);
    }
}

#[test]
fn appending_gives_the_bytes_of_writing() {
    let home = tempdir().unwrap();
    let set = random("grid/cliff", "", 4);
    let (whole, parts) = (home.path().join("a/cliff"), home.path().join("b/cliff"));
    write(&whole, &set).unwrap();
    for numbers in [&[0][..], &[1, 2], &[3]] {
        append(&parts, &set.select(numbers)).unwrap();
    }
    let names = ["metadata.json", "0/metadata.json", "3/metadata.json", "3/part-0.arrow", "2/part-0.arrow"];
    for name in names {
        let bytes = |folder: &Path| std::fs::read(folder.join("data").join(name)).unwrap();
        assert!(bytes(&whole) == bytes(&parts), "{name}");
    }
    // A store is not overwritten, and takes no episodes of another world.
    assert!(write(&whole, &set).unwrap_err().to_string().contains("exists already"));
    let other = append(&whole, &random("grid/taxi", "", 1)).unwrap_err();
    assert!(other.to_string().contains("different worlds, `grid/cliff` and `grid/taxi`"), "{other}");
    assert_eq!(read(&whole).unwrap(), set);
}

#[test]
fn an_episode_that_was_not_counted_is_replaced() {
    let home = tempdir().unwrap();
    let (folder, set) = (home.path().join("store"), random("grid/cliff", "", 3));
    write(&folder, &set.select(&[0, 1])).unwrap();
    // As after the end of the program between the two renames, and in the middle of writing.
    for name in ["2", ".2.tmp"] {
        std::fs::create_dir(folder.join("data").join(name)).unwrap();
        std::fs::write(folder.join("data").join(name).join("part-0.arrow"), "half").unwrap();
    }
    assert_eq!(read(&folder).unwrap().episodes.len(), 2);
    append(&folder, &set.select(&[2])).unwrap();
    assert_eq!(read(&folder).unwrap(), set);
    assert!(!folder.join("data/.2.tmp").exists());
}

#[test]
fn a_set_that_cannot_be_stored_leaves_nothing() {
    let home = tempdir().unwrap();
    let mut set = random("grid/cliff", "", 2);
    set.episodes[1].ending = Ending::Running;
    let error = write(&home.path().join("store"), &set).unwrap_err().to_string();
    assert!(error.contains("episode 1 cannot be stored: the episode has no ending"), "{error}");
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn damage_is_named_with_its_file() {
    let home = tempdir().unwrap();
    let set = random("grid/cliff", "", 2);
    let data = |name: &str| home.path().join(name).join("data");
    let fresh = |name: &str| {
        let folder = home.path().join(name);
        write(&folder, &set).unwrap();
        folder
    };
    // One bit of the steps.
    let folder = fresh("steps");
    let file = data("steps").join("1/part-0.arrow");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let (file, reason) = damaged(&folder);
    assert!(file.ends_with("1/metadata.json") && reason.contains("part-0.arrow"), "{reason}");
    // The score of an episode.
    let folder = fresh("score");
    let file = data("score").join("0/metadata.json");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\"score\": -", "\"score\": -1")).unwrap();
    assert!(damaged(&folder).1.contains("checksum"));
    // A missing file, a wrong count, a wrong number.
    let folder = fresh("missing");
    std::fs::remove_file(data("missing").join("0/part-0.arrow")).unwrap();
    assert!(damaged(&folder).0.ends_with("0/part-0.arrow"));
    let folder = fresh("count");
    let file = data("count").join("metadata.json");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\"total_steps\": ", "\"total_steps\": 1")).unwrap();
    assert!(damaged(&folder).1.contains("steps"));
    let folder = fresh("swapped");
    std::fs::rename(data("swapped").join("0"), data("swapped").join("x")).unwrap();
    std::fs::rename(data("swapped").join("1"), data("swapped").join("0")).unwrap();
    assert!(damaged(&folder).1.contains("it is of episode 1"));
    // Not a store, and another format of Minari.
    assert!(read(home.path()).unwrap_err().to_string().contains("not a store of demonstrations"));
    let folder = fresh("format");
    let file = data("format").join("metadata.json");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\"arrow\"", "\"hdf5\"")).unwrap();
    assert!(read(&folder).unwrap_err().to_string().contains("data_format=\"arrow\""));
}

#[test]
fn a_data_set_written_by_minari_is_read() {
    // Three random episodes of CartPole-v1, seeds 0 to 2, written by Minari 0.5.4 (tests/peers/minari_demos.py).
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/minari/cartpole/random-v0");
    let set = read(&folder).unwrap();
    assert_eq!((set.episodes.len(), set.steps()), (3, 44));
    let lengths: Vec<usize> = set.episodes.iter().map(Demonstration::len).collect();
    let returns: Vec<f64> = set.episodes.iter().map(|episode| episode.episode_return).collect();
    assert_eq!(returns, lengths.iter().map(|&n| n as f64).collect::<Vec<_>>());
    assert!(
        set.episodes.iter().all(|episode| episode.ending == Ending::Terminal && episode.origin.is_none())
    );
    // The spaces of Gymnasium's CartPole, and the first observation of seed 0.
    let bounds = [4.8, f32::INFINITY, 0.41887903, f32::INFINITY];
    assert!(
        matches!(&set.header.observation, freewheel_core::ObservationSpace::Box { high, .. } if *high == bounds)
    );
    let first = [0.01369617, -0.02302133, -0.04590265, -0.04834723];
    assert!(
        set.episodes[0]
            .observation(0)
            .iter()
            .zip(first)
            .all(|(x, expected): (&f32, f32)| (x - expected).abs() < 5e-9)
    );
    assert_eq!(set.header.actions.count(), 2);
    assert_eq!(set.kept(Keep::Top(0.3)).len(), 1);
    // It is stored again as Freewheel's.
    let home = tempdir().unwrap();
    write(&home.path().join("copy"), &set).unwrap();
    assert_eq!(read(&home.path().join("copy")).unwrap(), set);
}

#[test]
fn ids_are_minaris() {
    let cases = [
        ("demos/grid/cliff/human-v0", "grid/cliff/human-v0"),
        ("/tmp/my demos/store", "store-v0"),
        ("demos", "demos-v0"),
        ("x/demos/good drivers", "good_drivers-v0"),
        ("a-v12", "a-v12"),
    ];
    for (folder, id) in cases {
        assert_eq!(id_of(Path::new(folder)), id);
    }
    assert_eq!(default_store("grid:maps/a.txt", "human"), Path::new("demos/grid/maps/a_txt/human-v0"));
}
