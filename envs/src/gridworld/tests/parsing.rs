//! Parsing of map files: errors have line, column and correction; the text of a map parses back to an equal map.

use proptest::prelude::*;

use super::super::{CellRule, Direction, GridworldFamily, Legend, Map, MapError, Moves, SlipTo, Start};
use super::{error_of, of};

#[test]
fn errors_have_line_column_and_correction() {
    let cases = [
        ("", "1:1: the map has no rows; write rows"),
        ("\n\n---\nstep = 1", "1:1: the map has no rows"),
        ("S..\n..\n..G", "2:3: this row has 2 cells, the first has 3"),
        ("S..\n....\n..G", "2:4: this row has 4 cells, the first has 3"),
        ("S..\n\n..G", "2:1: this row has 0 cells, the first has 3"),
        ("S..\n.?.\n..G", "2:2: unknown glyph `?`"),
        ("S.D\n..G", "1:3: the door `D` has no key `d` on the map"),
        ("S.\nkG", "2:1: the key `k` opens no door `K` on the map"),
        ("...\n..G", "1:1: there is no start"),
        ("S..\n...", "1:1: an episode would never end"),
        ("S#.\n##G", "2:3: this goal cannot be reached from any start"),
        ("S..\n.#G\n#S#", "3:2: no goal can be reached from this start"),
        ("SdD\n#.#\n#GD", "1:1: ok"),
        ("SDd\n##G", "2:3: this goal cannot be reached"),
        ("S>G\n---\n", "1:1: ok"),
        ("S<G", "1:3: this goal cannot be reached"),
        ("S.G\n---\nstep = -1\nspeed = 2", "4:1: the legend: unknown key `speed`; known are"),
        ("S.G\n---\nslipp = 0.1", "3:1: the legend: unknown key `slipp`; did you mean `slip`?"),
        ("S.G\n---\n\n[cells.G]\nrewards = 1", "5:1: cells.G: unknown key `rewards`; did you mean `reward`?"),
        ("S.G\n---\nstep = \"a\"", "3:8: the legend: invalid type: string \"a\", expected f64"),
        ("S.G\n---\nstep = = 1", "3:8: the legend:"),
        ("S.G\n---\nslip = 1.5", "3:1: `slip` must be a number from 0 to 1"),
        ("S.G\n---\ngamma = 2", "3:1: `gamma` must be a number from 0 to 1"),
        ("S.G\n---\nstep = nan", "3:1: a reward must be a finite number"),
        ("S.G\n---\nwind = [1]", "3:1: the map has 3 columns and wind has 1 numbers"),
        ("S.G\n---\nstochastic_wind = true", "3:1: `stochastic_wind` needs `wind`"),
        ("S.G\n---\nactions = [\"right\", \"right\"]", "3:1: an action is listed twice"),
        (
            "S.G\n---\nactions = [\"right\", \"left\"]\nslip = 0.1",
            "4:1: a sideways slip needs both perpendicular",
        ),
        ("S.G\n---\n[cells.Gold]\nreward = 1", "3:8: [cells.Gold]: the name must be one character"),
        ("S.G\n---\n[cells.x]\nreward = 1", "3:8: `x` is on no cell of the map"),
        (
            "SA.G\n---\n[cells.A]\nteleport = \"b\"",
            "4:1: the teleport `A` leads to `b`: no cell has this glyph",
        ),
        ("SAbbG\n---\n[cells.A]\nteleport = \"b\"", "4:1: the teleport `A` leads to `b`: more than one cell"),
        ("SCSG\n---\n[cells.C]\nback_to_start = true", "1:2: a cell with back_to_start needs"),
        ("S.G\n---\n[cells.S]\nterminal = true", "1:1: an episode cannot begin here"),
    ];
    for (text, expected) in cases {
        if expected.ends_with(": ok") {
            of(text);
        } else {
            let message = error_of(text);
            assert!(message.starts_with(expected), "for\n{text}\nexpected {expected}\nfound    {message}");
        }
    }
}

#[test]
fn too_many_observations_are_refused() {
    let keys = "abcdefijklmn";
    let row: String = keys.chars().chain(keys.to_ascii_uppercase().chars()).collect();
    let map = format!("S{row}G\n{}", format!("{}\n", ".".repeat(26)).repeat(200));
    assert!(error_of(&map).contains("more than 2^24"), "{}", error_of(&map));
}

#[test]
fn windows_line_ends_and_blank_edges_are_fine() {
    assert_eq!(
        Map::parse("\r\nS.G\r\n...\r\n\r\n---\r\nstep = 0\r\n"),
        Map::parse("S.G\n...\n---\nstep = 0")
    );
}

#[test]
fn an_error_in_a_file_names_it() {
    let error = Map::parse("S.\n.").map_err(|e: MapError| e.in_file("my.txt")).unwrap_err();
    assert!(error.to_string().starts_with("my.txt:2:2: this row has 1 cells"), "{error}");
}

#[test]
fn named_maps_print_and_parse() {
    for info in freewheel_core::WorldFamily::list(&GridworldFamily) {
        let name = info.id.trim_start_matches("grid/");
        if let Some(map) = GridworldFamily.map(name, &toml::Table::new()).unwrap() {
            assert_eq!(Map::parse(&map.to_string()), Ok(map), "{name}");
        }
    }
}

fn legends() -> impl Strategy<Value = Legend> {
    let rewards = (-10.0..10.0f64, proptest::option::of(-9.0..9.0f64), proptest::option::of(-9.0..9.0f64));
    let moves = proptest::sample::select(vec![Moves::Four, Moves::King, Moves::KingStay]);
    let rule = proptest::option::of((-1e6..1e6f64, any::<bool>()));
    (rewards, moves, 0.0..1.0f64, any::<[bool; 4]>(), 0.0..1.0f64, any::<u32>(), rule, "[ -~äöü\"\\\\]{0,20}")
        .prop_map(|((step, diagonal, bump), moves, slip, flags, gamma, time_limit, rule, about)| Legend {
            about,
            step,
            diagonal,
            bump,
            moves,
            actions: if flags[3] { vec![Direction::Left, Direction::UpRight] } else { vec![] },
            slip,
            slip_to: if flags[0] { SlipTo::Others } else { SlipTo::Sideways },
            cut_corners: flags[1],
            wind: if flags[2] { vec![0, -1, 3] } else { vec![] },
            stochastic_wind: flags[2],
            start: if flags[0] { Start::Anywhere } else { Start::Marked },
            mask: flags[1],
            gamma,
            // Integers in TOML are signed.
            time_limit,
            cells: rule
                .map(|(reward, flag)| {
                    let rule = CellRule { reward: Some(reward), terminal: Some(flag), ..CellRule::default() };
                    ("G".to_owned(), rule)
                })
                .into_iter()
                .collect(),
        })
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back(
        rows in proptest::collection::vec("[#.SGHabAB^v<>]{7}", 1..6),
        legend in legends(),
    ) {
        let map = Map::new(&rows, legend).unwrap();
        prop_assert_eq!(Map::parse(&map.to_string()).unwrap(), map);
    }

    /// Any text gives a result or an error, never a panic.
    #[test]
    fn any_text_is_a_map_or_an_error(text in "[S.G#Hab\\-\n=\"\\[\\]0-9a-z{},]{0,80}") {
        let _ = Map::parse(&text).and_then(|map| super::super::Gridworld::from_map("grid/any", &map));
        let _ = super::super::gymnasium::parse(&text);
        let _ = super::super::movingai::MovingAiMap::parse(&text);
        let _ = super::super::movingai::parse_scenario(&text);
    }
}
