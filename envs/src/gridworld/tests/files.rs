//! Worlds from files: map files, Gymnasium's `desc` lists, MovingAI's maps and scenarios; errors for wrong names and
//! settings.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};

use freewheel_core::{Env, NoPolicyLoader, SolveQuery, World, WorldFamily};

use super::super::movingai::{MovingAiMap, ProblemInstance, parse_scenario};
use super::super::{Gridworld, GridworldFamily};
use super::{of, world};

const ARENA: &str = include_str!("../testdata/arena.map");
const PROBLEMS: &str = include_str!("../testdata/arena.map.scen");

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gridworld/testdata").join(name)
}

/// Writes `text` to the file `name` in `folder`; returns the path.
fn file(folder: &Path, name: &str, text: &str) -> PathBuf {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    file
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("freewheel-grid-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn open(file: &Path, settings: &str) -> Result<Gridworld, String> {
    GridworldFamily.read(file, &settings.parse().unwrap()).map_err(|e| e.to_string())
}

/// Length of the shortest path from the start to a goal, by Dijkstra's algorithm over the transition table.
fn shortest(world: &Gridworld) -> f64 {
    let start = world.starts().next().unwrap().0;
    let mut lengths = vec![f64::INFINITY; world.states()];
    let mut open = BinaryHeap::from([(Reverse(0u64), start)]);
    lengths[start as usize] = 0.0;
    while let Some((Reverse(bits), state)) = open.pop() {
        // Lengths are not negative, so their bits as integers have the same order.
        let length = f64::from_bits(bits);
        if length > lengths[state as usize] {
            continue;
        }
        for action in (0..world.actions()).filter(|&a| world.is_legal(state as usize, a)) {
            for outcome in world.outcomes(state as usize, action) {
                let further = length - outcome.reward;
                if outcome.terminal && outcome.reward == 0.0 {
                    return length;
                }
                if further < lengths[outcome.next as usize] {
                    lengths[outcome.next as usize] = further;
                    open.push((Reverse(further.to_bits()), outcome.next));
                }
            }
        }
    }
    f64::INFINITY
}

fn arena(problem: &ProblemInstance<'_>) -> Gridworld {
    let map = MovingAiMap::parse(ARENA).unwrap().map(problem).unwrap();
    Gridworld::from_map("grid/arena", &map).unwrap()
}

#[test]
fn every_arena_problem_has_its_published_length() {
    let problems = parse_scenario(PROBLEMS).unwrap();
    assert_eq!(problems.len(), 160);
    for problem in &problems {
        let found = shortest(&arena(problem));
        // Lengths are published with six significant digits.
        let error = (found - problem.length).abs() / problem.length;
        assert!(error <= 5e-6, "line {}: {found}, published {}", problem.line, problem.length);
    }
}

#[test]
fn the_reference_of_a_problem_is_its_published_length() {
    for number in [1, 80, 160] {
        let world = open(&testdata("arena.map.scen"), &format!("problem = {number}")).unwrap();
        let published = parse_scenario(PROBLEMS).unwrap()[number - 1].length;
        let best = world.solve(&SolveQuery::for_spec(world.spec())).unwrap().value;
        assert!((best + published).abs() / published <= 5e-6, "problem {number}: {best}");
        assert_eq!(world.spec().id, format!("grid:{}", testdata("arena.map.scen").display()));
    }
}

/// Parser and rule for diagonal moves at corners against another implementation: the crate `movingai`.
#[test]
fn neighbors_are_those_of_another_reader() {
    use movingai::Map2D;
    let theirs = movingai::parser::parse_map(ARENA).unwrap();
    let world = arena(&parse_scenario(PROBLEMS).unwrap()[0]);
    let free: Vec<_> = theirs.coords().filter(|&cell| theirs.is_traversable(cell)).collect();
    assert_eq!(free.len(), world.states());
    let number = |cell| free.iter().position(|&c| c == cell).unwrap() as u32;
    for (state, &cell) in free.iter().enumerate() {
        if world.outcomes(state, 0).any(|o| o.terminal && o.reward == 0.0) {
            continue; // The goal.
        }
        let mut expected: Vec<u32> = theirs.neighbors(cell).into_iter().map(number).collect();
        let legal = (0..world.actions()).filter(|&a| world.is_legal(state, a));
        let mut found: Vec<u32> = legal.flat_map(|a| world.outcomes(state, a)).map(|o| o.next).collect();
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{cell:?}");
    }
}

#[test]
fn a_map_finds_its_scenario() {
    let world = open(&testdata("arena.map"), "").unwrap();
    assert_eq!(world.states(), 2054);
    assert_eq!(shortest(&world), 1.0);
    let unmasked = open(&testdata("arena.map"), "mask = false").unwrap();
    assert!(!unmasked.spec().masked && shortest(&unmasked) == 1.0);
}

#[test]
fn errors_of_maps_and_scenarios() {
    let folder = folder("movingai");
    let head = "type octile\nheight 2\nwidth 3\nmap\n";
    let scen = |fields: &str| format!("version 1\n0\tx.map\t{fields}\n");
    let cases = [
        ("type octile\nheight x\n", "", "x.map:2:8: `height` must be a number of cells, not `x`"),
        ("type hex\n", "", "x.map:1:6: unknown type `hex`"),
        ("size 3\n", "", "x.map:1:1: unknown key `size`"),
        ("type octile\nmap\n", "", "x.map:2:1: `height` or `width` is missing"),
        ("type octile\n", "", "x.map:1:1: there is no line `map`"),
        (&format!("{head}...\n"), "", "x.map:5:1: the map has 1 rows"),
        (&format!("{head}...\n..\n"), "", "x.map:6:3: this row has 2 cells"),
        (&format!("{head}...\n.x.\n"), "", "x.map:6:2: unknown terrain"),
        (
            &format!("{head}...\n.@.\n"),
            &scen("3\t2\t0\t0\t2"),
            "x.map.scen:2:18: a problem has nine fields, this",
        ),
        (&format!("{head}...\n.@.\n"), &scen("3\t2\t0\ta\t2\t0\t2"), "x.map.scen:2:15: `a` must be a whole"),
        (
            &format!("{head}...\n.@.\n"),
            &scen("3\t3\t0\t0\t2\t0\t2"),
            "x.map.scen:2:1: the scenario is for a map of 3x3",
        ),
        (
            &format!("{head}...\n.@.\n"),
            &scen("3\t2\t0\t0\t1\t1\t2"),
            "x.map.scen:2:1: the goal at column 1, row 1",
        ),
        (
            &format!("{head}...\n.@.\n"),
            &scen("3\t2\t0\t0\t0\t0\t0"),
            "x.map.scen:2:1: start and goal are the same cell",
        ),
    ];
    for (map, scenario, expected) in cases {
        let map = file(&folder, "x.map", map);
        let fine = scen("3\t2\t0\t0\t2\t0\t2");
        file(&folder, "x.map.scen", if scenario.is_empty() { &fine } else { scenario });
        let message = open(&map, "").map(|_| ()).unwrap_err();
        let message = message.rsplit_once('/').map_or(message.as_str(), |(_, rest)| rest);
        assert!(message.starts_with(expected), "expected {expected}\nfound    {message}");
    }
    file(&folder, "x.map", &format!("{head}...\n.@.\n"));
    file(&folder, "x.map.scen", &scen("3\t2\t0\t0\t2\t0\t2"));
    assert_eq!(shortest(&open(&folder.join("x.map.scen"), "").unwrap()), 2.0);
    assert!(open(&folder.join("x.map"), "problem = 2").is_err_and(|e| e.contains("there is no problem 2")));
    std::fs::remove_file(folder.join("x.map.scen")).unwrap();
    assert!(open(&folder.join("x.map"), "").is_err_and(|e| e.contains("put its scenario beside it")));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn gymnasium_lists_are_lakes() {
    let folder = folder("desc");
    let text = "[\n  \"SFFF\",\n  'FHFH',\n  \"FFFH\", \"HFFG\",\n]\n";
    let lake = file(&folder, "lake.txt", text);
    let read = open(&lake, "").unwrap();
    let own = world("frozenlake-4x4", "");
    assert_eq!(read.transitions_json()["P"], own.transitions_json()["P"]);
    assert_eq!((read.spec().time_limit, &read.spec().id), (Some(100), &format!("grid:{}", lake.display())));
    for (text, expected) in [
        ("[\"SF\", \"FX\"]", "1:10: unknown cell `X`"),
        ("[\"SF\", \"F\"]", "1:10: this row has 1 cells"),
        ("[\"SF\" \"FG\"]", "1:7: expected a comma"),
        ("[\"SF\",\n\"FG", "2:1: this row has no closing"),
        ("[\"SH\",\n\"HG\"]", "2:3: this goal cannot be reached"),
        ("[\"SG\"] x", "1:8: text after the end of the list"),
        ("[\"SG\", 3]", "1:8: expected a row in quotes"),
    ] {
        let message = open(&file(&folder, "bad.txt", text), "").map(|_| ()).unwrap_err();
        let message = message.rsplit_once("bad.txt:").map_or(message.as_str(), |(_, rest)| rest);
        assert!(message.starts_with(expected), "expected {expected}\nfound    {message}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn own_files_open_as_worlds() {
    let folder = folder("own");
    let good = file(&folder, "mine.txt", "S.G\n---\nstep = -2\n");
    let family: &dyn WorldFamily = &GridworldFamily;
    let opened = family.open(&good, &"time_limit = 9".parse().unwrap()).unwrap();
    assert_eq!((&opened.spec().id, opened.spec().time_limit), (&format!("grid:{}", good.display()), Some(9)));
    let bad = file(&folder, "bad.txt", "S.G\n---\nstpe = -2\n");
    let message = family.open(&bad, &toml::Table::new()).err().unwrap().to_string();
    assert!(
        message.ends_with("bad.txt:3:1: the legend: unknown key `stpe`; did you mean `step`?"),
        "{message}"
    );
    assert!(family.open(&folder.join("none.txt"), &toml::Table::new()).is_err());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn names_and_settings() {
    let family: &dyn WorldFamily = &GridworldFamily;
    let none = toml::Table::new();
    for name in
        ["", "clif", "deepsea-", "deepsea-x", "deepsea-07", "random-3x3", "random-3x-1", "frozenlake-x-1"]
    {
        assert!(family.build(name, &none, &NoPolicyLoader).unwrap().is_none(), "{name}");
    }
    for name in [
        "deepsea-1",
        "deepsea-2001",
        "random-1x1-0",
        "random-0x9-0",
        "frozenlake-1-0",
        "random-99999x99999-1",
    ] {
        assert!(family.build(name, &none, &NoPolicyLoader).is_err(), "{name}");
    }
    for info in family.list() {
        assert!(!info.about.is_empty() && info.id.starts_with("grid/"));
        let name =
            info.id[5..].replace("deepsea-N", "deepsea-4").replace("WxH-S", "5x4-1").replace("-N-S", "-4-1");
        let world = family.build(&name, &none, &NoPolicyLoader).unwrap().expect("a listed world");
        assert_eq!(world.spec().id, format!("grid/{name}"));
    }
    let refused = |name: &str, settings: &str| {
        family
            .build(name, &settings.parse().unwrap(), &NoPolicyLoader)
            .err()
            .map(|e| e.to_string())
            .unwrap_or_default()
    };
    assert!(refused("cliff", "slipery = true").contains("did you mean `slippery`"));
    assert!(refused("cliff", "changed = true").contains("has no setting `changed`"));
    assert!(refused("taxi", "slippery = true").contains("it has gamma, time_limit, mask"));
    assert!(refused("cliff", "slip = 2").contains("from 0 to 1"));
    assert!(refused("cliff", "slip = 0.5\nslippery = true").contains("leave one of them out"));
    assert!(refused("example-3.5", "gamma = 1\ntime_limit = 0").contains("an episode would never end"));
    let fields = freewheel_core::settings::fields(&family.settings("cliff"));
    assert!(fields.iter().all(|field| !field.about.is_empty()));
    assert_eq!(of("S.G").spec().version, 1);
}

/// A byte order mark, line ends of Windows, and a NUL or ^Z at the end do not change the world.
#[test]
fn text_as_editors_write_it() {
    let folder = folder("text");
    let problems: Vec<&str> = PROBLEMS.lines().take(3).collect();
    for (name, text, beside) in [
        ("plain.txt", "S..\n.#.\n..G\n---\nstep = -2\n".to_owned(), None),
        ("desc.txt", "[\"SFF\",\n\"FHG\"]\n".to_owned(), None),
        ("arena.map", ARENA.to_owned(), Some(("arena.map.scen", problems.join("\n")))),
        ("arena.map.scen", problems.join("\n"), Some(("arena.map", ARENA.to_owned()))),
    ] {
        if let Some((name, text)) = &beside {
            file(&folder, name, text);
        }
        let plain = open(&file(&folder, name, &text), "").unwrap().transitions_json();
        let windows = text.replace('\n', "\r\n");
        for changed in
            [format!("\u{feff}{text}"), windows.clone(), format!("{windows}\x1a"), format!("{text}\0")]
        {
            let world = open(&file(&folder, name, &changed), "").unwrap();
            assert!(world.transitions_json() == plain, "{name}: {changed:?}");
        }
    }
}

/// The fault is in the same line of the file for each line end.
#[test]
fn lines_of_errors_count_every_line_end_and_blank_lines() {
    let folder = folder("lines");
    file(&folder, "x.map.scen", "version 1\n0\tx.map\t3\t2\t0\t0\t2\t0\t2\n");
    for (name, text, expected) in [
        ("map.txt", "\n\nS..\n.?.\n..G\n", "map.txt:4:2: unknown glyph"),
        (
            "legend.txt",
            "S.G\n---\n\nstep = -1\n\nspeed = 2\n",
            "legend.txt:6:1: the legend: unknown key `speed`",
        ),
        ("desc.txt", "[\"SF\",\n\n\"FX\"]\n", "desc.txt:3:3: unknown cell `X`"),
        ("x.map", "type octile\nheight x\n", "x.map:2:8: `height` must be a number"),
    ] {
        for end in ["\n", "\r\n"] {
            let message = open(&file(&folder, name, &text.replace('\n', end)), "").map(|_| ()).unwrap_err();
            assert!(message.contains(expected), "{end:?}: {message}");
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// A list of 100 KB in one line, with its fault at the end: reading takes linear time.
#[test]
fn a_long_line_is_read_at_once() {
    let folder = folder("long");
    let row = "F".repeat(316);
    let rows = vec![row.as_str(); 315].join("\", \"");
    let one_cell = "\"F\", ".repeat(20_000);
    for (text, expected) in [
        (format!("[\"S{}\", \"{rows}\", \"{}G\"]", &row[1..], &row[1..]), None),
        (format!("[\"S\", {one_cell}\"G\"]"), None),
        (format!("[\"S{}G\"]", "F".repeat(100_000)), None),
        (format!("[\"S\", {one_cell}\"X\"]"), Some("1:100008: unknown cell `X`")),
        (format!("[\"S{}\", \"G\"]", "F".repeat(100_000)), Some("this row has 1 cells")),
    ] {
        let begin = std::time::Instant::now();
        let found = open(&file(&folder, "long.txt", &text), "").map(|_| ());
        let took = begin.elapsed();
        assert!(took < std::time::Duration::from_secs(5), "{took:?}");
        match expected {
            None => assert_eq!(found, Ok(())),
            Some(part) => {
                assert!(found.as_ref().is_err_and(|e| e.contains(part) && e.len() < 300), "{found:?}")
            }
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}
