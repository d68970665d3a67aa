mod files;

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
    record.warnings.clear();
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
    assert_eq!(fault("(;SZ[25])"), "line 1, column 6: SZ[25]: a larger board than 19x19 is not supported");
    assert_eq!(
        fault("(;SZ[20:13])"),
        "line 1, column 6: SZ[20:13]: a larger, rectangular board than 19x19 is not supported"
    );
    assert_eq!(fault("(;SZ[9]\n;B[jj])"), "line 2, column 4: `jj` is not a point of a board of 9x9");
    assert_eq!(fault("(;SZ[9];B[é])"), "line 1, column 11: `é` is not a point of a board of 9x9");
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
    let fault = read_first_file(&file).unwrap_err().to_string();
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
    // Komi of 2.75 to 7.5 points can be written in hundredths: 275 is read as 5.5.
    let komi = (-500..500i32).prop_map(|halves| halves as f32 / 2.0);
    let handicap = prop_oneof![Just(0), 2..9u16];
    let game_info = (proptest::option::of(komi), handicap, [name, name], proptest::bool::ANY);
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
                    komi,
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

/// Messages of all warnings of a record.
fn warnings(text: &str) -> Vec<String> {
    one(text).warnings.into_iter().map(|warning| warning.message).collect()
}

#[test]
fn odd_game_info_is_a_warning_with_the_value_kept() {
    for (written, komi) in [
        ("KM[6.5 points]", Some(6.5)),
        ("KM[5.5目]", Some(5.5)),
        ("KM[0,5]", Some(0.5)),
        ("KM[none]", None),
        ("KM[375]AP[foxwq]", Some(7.5)),
        ("KM[3.75]", Some(7.5)),
        ("KM[2.75]", Some(5.5)),
        ("KM[325]", Some(6.5)),
        ("KO[黒6目半]", Some(6.5)),
        ("KM[6.3]", Some(6.3)),
        ("KM[1e9]", Some(1e9)),
    ] {
        let text = format!("(;SZ[9]{written};B[ee])");
        let record = one(&text);
        assert_eq!(record.komi, komi, "{written}");
        assert_eq!(record.warnings.len(), 1, "{written}: {:?}", record.warnings);
        assert_eq!(record.warnings[0].location.column, 11, "{written}");
        record.replay(record.ruleset()).unwrap();
    }
    assert_eq!(one("(;SZ[9]KM[])").komi, None);
    for (written, handicap, faults) in [
        ("HA[2.0]", 2, 1),
        ("HA[3 stones]", 3, 1),
        ("HA[4]", 4, 0),
        ("HA[0]", 0, 0),
        ("HA[1]", 0, 1),
        ("HA[-1]", 0, 1),
        ("HA[none]", 0, 1),
        ("HA[999]", 0, 1),
        ("HA[]", 0, 0),
    ] {
        let record = one(&format!("(;{written})"));
        assert_eq!((record.handicap, record.warnings.len()), (handicap, faults), "{written}");
    }
    for (written, size, faults) in [
        ("SZ[]", (19, 19), 1),
        ("SZ[abc]", (19, 19), 1),
        ("SZ[0]", (19, 19), 1),
        ("SZ[19:19]", (19, 19), 1),
        ("SZ[13x13]", (13, 13), 1),
        ("SZ[9.0]", (9, 9), 1),
        ("SZ[5:6]", (5, 6), 0),
        ("SZ[ 13 ]", (13, 13), 0),
    ] {
        let record = one(&format!("(;{written})"));
        assert_eq!(((record.width, record.height), record.warnings.len()), (size, faults), "{written}");
    }
    assert_eq!(warnings("(;PL[])"), ["PL[] is not a color and is skipped; write PL[B] or PL[W]"]);
    assert_eq!(warnings("(;GM[Go])"), ["GM[Go] is read as GM[1], Go"]);
    assert!(one("(;DT[?? 2020-13-45]RE[?]PL[W])").warnings.is_empty());
    // A message never carries a long or a hostile text.
    let hostile = warnings(&format!("(;KM[\u{1b}]2;x\u{7}{}])", "y".repeat(1000)));
    assert!(
        hostile.iter().all(|message| message.len() < 200 && !message.contains(is_control)),
        "{hostile:?}"
    );
}

#[test]
fn one_handicap_stone_is_no_handicap() {
    let record = one("(;SZ[9]RU[Chinese]HA[1]KM[0];B[ee])");
    assert_eq!(record.replay(record.ruleset()).unwrap().score(), 81.0);
    let mut setup = crate::go::rules::Setup::free_handicap(vec![40]);
    setup.to_play = Color::White;
    let game = Game::with_setup(Rules { komi: 0.0, ..Rules::chinese(9) }, setup).unwrap();
    assert_eq!(game.score(), 81.0);
}

#[test]
fn faults_of_syntax_are_warnings_where_the_moves_are_clear() {
    let read = |text: &str| {
        let record = read_first(text).unwrap();
        (record.moves().count(), record.warnings.len())
    };
    for (text, moves, faults) in [
        ("(;SZ[9];B[ee];W[dd]", 2, 1),
        ("(;SZ[9];B[ee](;W[dd];B[cc]", 3, 1),
        ("(;SZ[9];B[ee];W[dd];C[never closed", 2, 3),
        ("(SZ[9];B[ee];W[dd])", 2, 1),
        ("(\r\nTE[x]\r\nSZ[9]\r\n;B[ee];W[dd])", 2, 1),
        (";SZ[9];B[ee];W[dd])", 2, 1),
        ("From: a (b)\n\n(;SZ[9];B[ee];W[dd]) bye (;", 2, 1),
        ("(;SZ[9];B[ee;W[dd])", 2, 1),
        ("(;SZ[9];b[ee];w[dd])", 2, 2),
        ("(;SiZe[9];Black[ee];White[dd])", 2, 0),
        ("(;SZ[9];B[ee];W)", 1, 1),
        ("(;SZ[9];B[ee]?;W[dd])", 2, 1),
        ("(;SZ[9](;B[ee];W[dd]);B[cc])", 2, 1),
        ("(;SZ[9];B[ee](W[dd])(;W[cc]))", 2, 1),
        ("(;SZ[19];B[R16];W[Pass])", 2, 2),
    ] {
        assert_eq!(read(text), (moves, faults), "{text}: {:?}", read_first(text).unwrap().warnings);
    }
    for text in ["", " ", "()", "hello", "(hello)", "\u{feff}"] {
        assert_eq!(fault(text).split(": ").nth(1), Some("no game found; a game begins with `(;`"), "{text}");
        assert_eq!(read_each(text).len(), 1);
    }
}

#[test]
fn each_game_of_a_collection_has_a_result() {
    let text = "(;GM[1]SZ[9];B[ee])\n(;GM[1]SZ[9];B[zz])\n(;GM[2])(;FF[4]SZ[25])(;GM[1]SZ[9];B[gg];W[aa]\n\
                (;FF[4]SZ[9];B[aa])\n(;GM[1]SZ[9];B[cc";
    let moves: Vec<Option<usize>> =
        read_each(text).into_iter().map(|game| game.ok().map(|game| game.moves().count())).collect();
    assert_eq!(moves, [Some(1), None, None, None, Some(2), Some(1), Some(0)]);
    assert_eq!(moves.len(), 7);
    assert_eq!(moves_of_first(text), 1);
    let mut games = Games::new("(;SZ[9]);W[dd])");
    assert_eq!((games.by_ref().count(), games.text_after().is_some()), (1, true));
    let mut games = Games::new("(;SZ[9])\n\n");
    assert_eq!((games.by_ref().count(), games.text_after()), (1, None));
}

fn moves_of_first(text: &str) -> usize {
    read_first(text).unwrap().moves().count()
}

/// Inputs of great size in every direction are read in linear time and without recursion.
#[test]
fn great_inputs_take_linear_time() {
    let n = 200_000;
    let names = |n: usize| (0..n).map(|k| format!("{}[x]", letters(k))).collect::<String>();
    let start = std::time::Instant::now();
    for text in [
        format!("(;SZ[9]{};B[ee])", names(n)),
        format!("(;SZ[9]{}{};B[ee])", names(1000), "AB[aa]".repeat(n)),
        format!("(;SZ[9]AB{};B[ee])", "[aa:ii]".repeat(n)),
        format!("(;SZ[9];B[ee]{}{})", "(;W[dd]".repeat(n), ")".repeat(n)),
        format!("(;SZ[9];B[ee]{})", "(;W[dd])".repeat(n)),
        format!("(;SZ[9];B[ee]{})", ";AB[aa]AE[bb]".repeat(n / 20)),
        format!("{}(;SZ[9];B[ee])", "(".repeat(n)),
        format!("(;SZ[9];B[ee]{})", "(;FF".repeat(n)),
        format!("(;SZ[9];B[ee]{}", "\n[".repeat(n)),
        format!("(;SZ[9]C[{}];B[ee])", "\\".repeat(2 * n)),
        format!("(;SZ[9]KM[{}];B[ee])", "6".repeat(n)),
    ] {
        let record = read_first(&text).unwrap();
        assert!(record.moves().next().is_some());
        assert!(Games::new(&text).next().unwrap().unwrap().to_sgf().unwrap().0.starts_with("(;FF[4]"));
    }
    let bytes = "(;CA[gbk]PB[\u{e9}])(;CA[big5])".repeat(n / 20).into_bytes();
    assert_eq!(read_each(&decode(&bytes)).len(), n / 10);
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

/// Name of a property: `n` in letters.
fn letters(mut n: usize) -> String {
    let mut name = String::from("X");
    while n > 0 {
        name.push(char::from(b'A' + (n % 26) as u8));
        n /= 26;
    }
    name
}
