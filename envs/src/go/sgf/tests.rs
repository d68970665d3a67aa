use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::go::rules::{Color, Game, Move, Point, Rules};

fn one(text: &str) -> GameRecord {
    let mut records = read(text).unwrap();
    assert_eq!(records.len(), 1);
    records.remove(0)
}

fn fault(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

/// Moves of the record, with their colors.
fn moves(record: &GameRecord) -> Vec<(Color, Point)> {
    record.moves().map(|played| (played.color, played.point)).collect()
}

/// Record without locations, which change when it is written and read again.
fn without_locations(mut record: GameRecord) -> GameRecord {
    record.events.iter_mut().for_each(|event| event.location = Location::default());
    record
}

#[test]
fn facts_and_moves_are_read() {
    let record =
        one("(;GM[1]FF[4]SZ[9]KM[6,5]HA[2]RU[AGA]PB[A \\] B]BR[9d]PW[C\nD]DT[2003-10-06]RE[W+Resign]\
                      AB[cc][gg]PL[W];W[ee]C[x];B[tt](;W[ai];B[])(;W[aa]))");
    assert_eq!((record.width, record.height, record.komi, record.handicap), (9, 9, Some(6.5), 2));
    assert_eq!((record.rules.as_str(), record.date.as_str()), ("AGA", "2003-10-06"));
    assert_eq!(record.players[0], PlayerInfo { name: "A ] B".into(), rank: "9d".into() });
    assert_eq!(record.players[1].name, "C D");
    assert_eq!(record.outcome, Some(Outcome::Win { winner: Color::White, by: WinReason::Resignation }));
    use Color::{Black, White};
    assert_eq!(moves(&record), [(White, 40), (Black, 81), (White, 0), (Black, 81)]);
    let game = record.replay(record.ruleset()).unwrap();
    assert_eq!((game.setup().handicap, game.move_number(), game.stone(56)), (2, 4, Some(Black)));
    // Komi 6.5, and one point for each handicap stone but the first.
    assert_eq!(game.score(), -6.5 - 1.0);
}

#[test]
fn boards_may_be_rectangles_and_lists_compressed() {
    let record = one("(;SZ[5:3]AB[aa:cb]AW[ec]AE[ba]AB[];PL[2];W[dc])");
    let game = record.replay(record.ruleset()).unwrap();
    let black: Vec<Point> = (0..15).filter(|&point| game.stone(point) == Some(Color::Black)).collect();
    assert_eq!(black, [5, 6, 7, 10, 11, 12]);
    assert_eq!((game.stone(4), game.stone(3)), (Some(Color::White), Some(Color::White)));
}

#[test]
fn a_setup_after_moves_changes_the_board() {
    let record = one("(;SZ[5];B[cc];W[cd];AE[cc]AB[aa]PL[B];B[bb])");
    let game = record.replay(record.ruleset()).unwrap();
    let stones: Vec<_> = (0..25).filter_map(|point| Some((point, game.stone(point)?))).collect();
    use Color::{Black, White};
    assert_eq!(stones, [(7, White), (16, Black), (20, Black)]);
    assert_eq!(game.move_number(), 1);
}

#[test]
fn a_replay_can_stop_and_report_each_move() {
    let record = one("(;SZ[5];B[cc];W[];B[];W[dd])");
    let mut seen = Vec::new();
    let game =
        record.replay_with(record.ruleset(), 3, |game, played| seen.push((game.move_number(), played.point)));
    assert!(game.unwrap().is_over());
    assert_eq!(seen, [(0, 12), (1, 25), (2, 25)]);
    // The record continues after two passes, and so does the game.
    assert!(!record.replay(record.ruleset()).unwrap().is_over());
}

#[test]
fn impossible_records_are_refused_with_a_location() {
    assert_eq!(fault("(;GM[2]SZ[8])"), "line 1, column 6: GM[2] is not Go; Go is GM[1]");
    assert_eq!(
        fault("(;SZ[25])"),
        "line 1, column 6: SZ[25]: sides must be 1 to 19, as in SZ[19] or SZ[5:6]"
    );
    assert_eq!(fault("(;SZ[9]\n;B[jj])"), "line 2, column 4: `jj` is not a point of a board of 9x9");
    assert_eq!(fault("(;SZ[9];B[é])"), "line 1, column 11: `é` is not a point of a board of 9x9");
    assert_eq!(fault("(;KM[six])"), "line 1, column 6: KM[six] is not a number");
    assert_eq!(fault("(;HA[-1])"), "line 1, column 6: HA[-1] is not a number of stones");
    assert_eq!(fault("(;PL[x])"), "line 1, column 6: PL[x] is not a color; write PL[B] or PL[W]");
    let illegal = |text: &str| {
        let record = one(text);
        record.replay(record.ruleset()).unwrap_err().to_string()
    };
    assert_eq!(
        illegal("(;SZ[9];B[ee];W[dd]\n;B[ee])"),
        "line 2, column 4: move 3, black E5, is not legal: that point is occupied"
    );
    assert!(illegal("(;SZ[2]AB[aa][ab][ba][bb])").starts_with("line 1, column 8: setup"));
}

#[test]
fn files_are_named_in_errors() {
    let fault = fault_of(b"(;PB[\xe9]\n;B[zz])");
    assert!(fault.ends_with("game.sgf:2:4: `zz` is not a point of a board of 19x19"), "{fault}");
}

fn fault_of(bytes: &[u8]) -> String {
    let folder = std::env::temp_dir().join(format!("freewheel-sgf-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("game.sgf");
    std::fs::write(&file, bytes).unwrap();
    let fault = read_file(&file).unwrap_err().to_string();
    std::fs::remove_dir_all(&folder).unwrap();
    fault
}

#[test]
fn a_game_becomes_a_record_and_a_game_again() {
    let rules = Rules { move_limit: None, ..Rules::chinese(9) };
    let setup = crate::go::rules::Setup::fixed_handicap(&rules, 3).unwrap();
    let mut game = Game::with_setup(rules, setup).unwrap();
    for point in [40, 41, 81, 0] {
        game.play(point).unwrap();
    }
    let record = one(&GameRecord::from_game(&game).to_string());
    let again = record.replay(rules).unwrap();
    assert_eq!(again.setup(), game.setup());
    assert!(again.moves().eq(game.moves()));
    assert_eq!(again.score(), game.score());
}

/// The crate `sgf-parse` reads the written text and finds the same content.
#[test]
fn an_outside_reader_agrees() {
    use sgf_parse::go::{Move as TheirMove, Point as TheirPoint, Prop};
    let record = one("(;SZ[13]KM[0.5]HA[3]PB[x\\]y]AB[dd][jj][dj];W[jd];B[];W[mm])");
    let parsed = sgf_parse::go::parse(&record.to_string()).unwrap().remove(0);
    let mut found = Vec::new();
    for node in parsed.main_variation() {
        for property in node.properties() {
            match property {
                Prop::B(played) => found.push(('B', *played)),
                Prop::W(played) => found.push(('W', *played)),
                Prop::SZ(size) => assert_eq!(*size, (13, 13)),
                Prop::KM(komi) => assert_eq!(*komi, 0.5),
                Prop::HA(stones) => assert_eq!(*stones, 3),
                Prop::AB(points) => assert_eq!(points.len(), 3),
                Prop::PB(name) => assert_eq!(name.to_string(), "x]y"),
                _ => {}
            }
        }
    }
    let at = |x, y| TheirMove::Move(TheirPoint { x, y });
    assert_eq!(found, [('W', at(9, 3)), ('B', TheirMove::Pass), ('W', at(12, 12))]);
}

fn colors() -> impl Strategy<Value = Color> {
    prop_oneof![Just(Color::Black), Just(Color::White)]
}

fn records() -> impl Strategy<Value = GameRecord> {
    let name = "[!-~é棋]([ -~é]{0,8}[!-~])?";
    let game_info = (proptest::option::of(-2000..2000i32), 0..9u16, [name, name], proptest::bool::ANY);
    ((1..=19u8, 1..=19u8), game_info).prop_flat_map(
        |((width, height), (komi, handicap, names, win_value))| {
            let area = Point::from(width) * Point::from(height);
            let points = || proptest::collection::btree_set(0..area, 0..4).prop_map(Vec::from_iter);
            let edit = (points(), points(), points(), proptest::option::of(colors()))
                .prop_map(|(black, white, empty, to_play)| {
                    EventKind::Edit(Edit { black, white, empty, to_play })
                })
                .prop_filter("says something", |kind| *kind != EventKind::Edit(Edit::default()));
            let play = (colors(), 0..=area).prop_map(|(color, point)| EventKind::Move(Move { color, point }));
            vec(prop_oneof![8 => play, 1 => edit], 0..30).prop_map(move |events| {
                let [black, white] = names.clone().map(|name| PlayerInfo { name, rank: String::new() });
                GameRecord {
                    width,
                    height,
                    komi: komi.map(|halves| halves as f32 / 2.0),
                    handicap,
                    rules: black.name.clone(),
                    players: [black, white],
                    outcome: Some(Outcome::from_score(if win_value { 3.5 } else { -0.5 })),
                    events: events
                        .into_iter()
                        .map(|kind| Event { kind, location: Location::default() })
                        .collect(),
                    ..GameRecord::default()
                }
            })
        },
    )
}

proptest! {
    #[test]
    fn a_record_survives_its_text(record in records()) {
        prop_assert_eq!(without_locations(one(&record.to_string())), record);
    }

    /// Any text is read and replayed, or gives an error.
    #[test]
    fn no_text_panics(
        text in "(\\(|;|\\)|B\\[[a-j]{2}\\]|W\\[\\]|A[BWE]\\[[a-e]{2}(:[a-e]{2})?\\]|SZ\\[[0-9:]{1,4}\\]|PL\\[.\\]){0,40}"
    ) {
        for record in read(&format!("(;{text}")).unwrap_or_default() {
            let _ = record.replay(record.ruleset());
        }
    }
}
