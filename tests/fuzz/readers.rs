//! Readers of files, and the Go Text Protocol. Seeds are the files in `corpus/<reader>` and a few short texts.

use std::io::sink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use freewheel::demonstrations;
use freewheel::document::Document;
use freewheel::plan::Plan;
use freewheel::{Registry, Tape, Trainer};
use freewheel_agents::data::{self, Options};
use freewheel_core::{PolicyMode, Purpose, Streams, record};
use freewheel_envs::go::gtp::Engine;
use freewheel_envs::go::players::Random;
use freewheel_envs::go::rules::Rules;
use freewheel_envs::go::sgf;
use freewheel_envs::go::uct::UctSettings;
use freewheel_envs::gridworld::GridworldFamily;
use freewheel_envs::market::replay;
use freewheel_envs::track::circuit::Circuit;
use toml::Table;

use crate::Target;

/// Targets of all readers; files are written into `folder`.
pub fn all(folder: &Path) -> Vec<Target> {
    let grid = |file: &Path| GridworldFamily.read(file, &Table::new()).is_ok();
    let arena = |name: &str| {
        let path = repository("envs/src/gridworld/testdata").join(name);
        std::fs::read(path).unwrap()
    };
    std::fs::write(folder.join("fixed.map"), arena("arena.map")).unwrap();
    std::fs::write(folder.join("arena.map"), arena("arena.map")).unwrap();
    let problems: Vec<u8> =
        arena("arena.map.scen").split_inclusive(|&b| b == b'\n').take(4).collect::<Vec<_>>().concat();
    std::fs::write(folder.join("moving.map.scen"), &problems).unwrap();

    vec![
        reader(folder, "map", "txt", corpus("map"), grid),
        reader(folder, "desc", "json", corpus("desc"), grid),
        named(folder, "movingai map", "moving.map", vec![arena("arena.map")], grid),
        named(folder, "movingai scen", "arena.map.scen", vec![problems], grid),
        reader(folder, "sgf", "sgf", corpus("sgf"), |file| sgf::read_first_file(file).is_ok()),
        reader(folder, "prices", "csv", corpus("market"), |file| replay::open(file, &Table::new()).is_ok()),
        reader(folder, "circuit", "csv", corpus("track"), |file| Circuit::read(file, false).is_ok()),
        reader(folder, "table", "csv", corpus("table"), open),
        named(folder, "idx", "images-idx3-ubyte", idx(), open),
        reader(folder, "experiment", "toml", corpus("toml"), |file| {
            Document::read(file).and_then(|doc| Plan::new(&Registry::standard(), &doc)).is_ok()
        }),
        reader(folder, "record", "jsonl", records(folder), |file| {
            let Ok(records) = record::read(file) else { return false };
            let world = Registry::standard().build_world("grid/cliff", &Table::new()).unwrap();
            records.iter().all(|record| record::verify(record, &*world).is_ok())
        }),
        reader(folder, "log", "csv", logs(), |file| {
            let world = Registry::standard().build_world("grid/cliff", &Table::new()).unwrap();
            let text = freewheel_core::input::read_text(file);
            text.is_ok_and(|text| demonstrations::log::parse(file, &text, &world.spec().actions).is_ok())
        }),
        reader(folder, "recording", "cast", recordings(), |file| {
            Tape::open(file).and_then(|tape| tape.last_text()).is_ok()
        }),
        store(folder, "demonstrations", "0/part-0.arrow"),
        store(folder, "demonstration metadata", "0/metadata.json"),
        store(folder, "demonstrations metadata", "metadata.json"),
        gtp(),
        crate::saved::checkpoint(),
    ]
}

fn open(file: &Path) -> bool {
    let name = file.to_str().unwrap();
    data::open(name, &Options::default()).is_ok()
}

/// Reader of a file with the extension `extension`.
fn reader(
    folder: &Path,
    name: &str,
    extension: &str,
    seeds: Vec<Vec<u8>>,
    read: impl Fn(&Path) -> bool + 'static,
) -> Target {
    named(folder, name, &format!("{name}.{extension}"), seeds, read)
}

/// Reader of a file with the name `file`.
fn named(
    folder: &Path,
    name: &str,
    file: &str,
    seeds: Vec<Vec<u8>>,
    read: impl Fn(&Path) -> bool + 'static,
) -> Target {
    let path = folder.join(file);
    let read = move |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        read(&path)
    };
    Target { name: name.to_owned(), seeds, read: Box::new(read) }
}

/// Engine that answers commands; the player is random, so that an answer takes no time.
fn gtp() -> Target {
    let seeds = [
        "1 protocol_version\nboardsize 7\nclear_board\nkomi 6.5\nplay b D4\ngenmove w\nundo\nshowboard\nfinal_score\n",
        "set_free_handicap A1 C3\nplace_free_handicap 2\nknown_command play\nlist_commands\nboardsize 5\nplay w pass\n\
         time_settings 60 10 5\ntime_left b 3 1\nkgs-rules japanese\nkata-set-rules chinese\nfinal_status_list dead\n",
    ];
    let read = |bytes: &[u8]| {
        let settings = UctSettings { playouts: 8, ..UctSettings::default() };
        let mut engine = Engine::new(Arc::new(Random), settings, Rules::chinese(9), 0).unwrap();
        engine.run(bytes, sink()).is_ok()
    };
    let seeds = seeds.iter().map(|text| text.as_bytes().to_vec()).collect();
    Target { name: "gtp".into(), seeds, read: Box::new(read) }
}

/// Recorded episodes of the cliff.
fn records(folder: &Path) -> Vec<Vec<u8>> {
    let trainer = Trainer::builder("grid/cliff", "q-learning").build().unwrap();
    let policy = trainer.policy(PolicyMode::Exploring).unwrap();
    let streams = Streams::new(0);
    let mut runner = trainer.world().episode_runner(streams, Purpose::EvaluationEnvironment, 0);
    let rng = streams.stream(Purpose::EvaluationAction, 0, 0);
    let played = record::play(&mut *runner, 0, &*policy, rng, 20).unwrap();
    let file = folder.join("recorded");
    record::write(&file, &[played]).unwrap();
    vec![std::fs::read(file).unwrap()]
}

/// Logs of the cliff.
fn logs() -> Vec<Vec<u8>> {
    let texts = [
        "episode,step,action,reward\n0,0,up,-1\n0,1,1,-1\n3,1,right,\n",
        "step,action,episode\n0,\"down\",0\n",
    ];
    texts.map(|text| text.as_bytes().to_vec()).into()
}

/// Terminal recordings of both versions, with colors, movements of the cursor and changes of the size.
fn recordings() -> Vec<Vec<u8>> {
    let texts = [
        r#"{"version":3,"term":{"cols":20,"rows":4},"title":"a"}
[0.1,"o","\u001b[2J\u001b[1;3Hhi"]
[0.5,"r","30x6"]
[0.1,"o","\u001b[38;2;9;8;7m\u001b[7m\u28ff\r\n"]
[0.2,"x","0"]
"#,
        r#"{"version":2,"width":3,"height":2}
# a comment
[0.5,"o","a\u001b[?1049h"]
[0.7,"i","x"]
[1,"o","\u001b[1;2r\u001b[5S\u001b[3L"]
"#,
    ];
    texts.map(|text| text.as_bytes().to_vec()).into()
}

/// Store written by Minari, without checksums, of which the file `changed` is mutated.
fn store(folder: &Path, name: &str, changed: &str) -> Target {
    let (from, to) =
        (repository("tests/data/minari/cartpole/random-v0/data"), folder.join(name).join("data"));
    for file in ["metadata.json", "0/metadata.json", "0/part-0.arrow", "1/metadata.json", "1/part-0.arrow"] {
        std::fs::create_dir_all(to.join(file).parent().unwrap()).unwrap();
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
    // The first episode alone.
    let facts = std::fs::read_to_string(to.join("metadata.json")).unwrap();
    let facts = facts
        .replace("\"total_episodes\": 3, \"total_steps\": 44", "\"total_episodes\": 1, \"total_steps\": 18");
    std::fs::write(to.join("metadata.json"), facts).unwrap();
    let store = folder.join(name);
    assert!(demonstrations::read(&store).is_ok());
    let seed = std::fs::read(to.join(changed)).unwrap();
    named(&to, name, changed, vec![seed], move |_| demonstrations::read(&store).is_ok())
}

/// Six images of 3x2, and six labels.
fn idx() -> Vec<Vec<u8>> {
    let images = [&[0, 0, 8, 3, 0, 0, 0, 6, 0, 0, 0, 3, 0, 0, 0, 2][..], &[7; 36]].concat();
    let labels = [&[0, 0, 8, 1, 0, 0, 0, 6][..], &[0, 1, 2, 0, 1, 2]].concat();
    vec![images, labels]
}

/// Files of the corpus of a reader.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = repository("tests/fuzz/corpus").join(name);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(path)
}
