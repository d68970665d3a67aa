use std::sync::Arc;

use proptest::prelude::*;

use super::Engine;
use crate::go::players;
use crate::go::rules::{Ko, Rules};
use crate::go::uct::UctSettings;

fn engine(size: u8) -> Engine {
    Engine::new(players::parse("random").unwrap(), UctSettings::plain(60), Rules::tromp_taylor(size), 1)
        .unwrap()
}

/// Output of the engine for a whole input.
fn run(engine: &mut Engine, input: &str) -> String {
    let mut out = Vec::new();
    engine.run(input.as_bytes(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Responses of the engine, one for each line, without the empty line that ends a response.
fn answers(engine: &mut Engine, lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| run(engine, line).trim_end().to_owned()).collect()
}

#[test]
fn a_session_is_answered_to_the_letter() {
    let input = "1 protocol_version\r\n# hello\n\nname\nboardsize 5\n3 play B c3 # center\nplay w C3\n4 plya\n\
                 quit\nname\n";
    let out = "=1 2\n\n= Freewheel random\n\n= \n\n=3 \n\n? illegal move\n\n?4 unknown command\n\n= \n\n";
    assert_eq!(run(&mut engine(9), input), out);
}

#[test]
fn error_messages_are_those_of_the_specification() {
    let mut engine = engine(9);
    let commands = [
        "boardsize",
        "boardsize x",
        "boardsize 0",
        "boardsize 20",
        "boardsize -3",
        "komi",
        "komi x",
        "komi nan",
        "play",
        "play black",
        "play red D4",
        "play black I4",
        "play black D10",
        "genmove",
        "undo",
        "fixed_handicap 1",
        "fixed_handicap 10",
        "set_free_handicap A1",
        "set_free_handicap A1 A1",
        "set_free_handicap A1 pass",
        "place_free_handicap 81",
        "loadsgf /no/file",
        "final_status_list lost",
        "time_settings 1 2",
        "kgs-time_settings hourglass",
        "is_legal black",
        "set_random_seed x",
        "",
    ];
    let responses = [
        "syntax error",
        "syntax error",
        "unacceptable size",
        "unacceptable size",
        "unacceptable size",
        "syntax error",
        "syntax error",
        "syntax error",
        "syntax error",
        "syntax error",
        "syntax error",
        "syntax error",
        "syntax error",
        "syntax error",
        "cannot undo",
        "invalid number of stones",
        "invalid number of stones",
        "bad vertex list",
        "bad vertex list",
        "bad vertex list",
        "invalid number of stones",
        "cannot load file: /no/file: No such file or directory (os error 2)",
        "syntax error",
        "syntax error",
        "syntax error",
        "syntax error",
        "syntax error",
        "unknown command",
    ];
    for (commands, responses) in commands.iter().zip(responses) {
        assert_eq!(run(&mut engine, &format!("7 {commands}")), format!("?7 {responses}\n\n"), "{commands}");
    }
    run(&mut engine, "play b a1");
    let not_empty = ["fixed_handicap 2", "place_free_handicap 2", "set_free_handicap B1 C1"];
    assert_eq!(answers(&mut engine, &not_empty), ["? board not empty"; 3]);
}

#[test]
fn every_command_that_is_listed_is_known_and_answered() {
    let mut engine = engine(5);
    let list = run(&mut engine, "list_commands");
    let names: Vec<&str> = list.trim_start_matches("= ").trim().lines().collect();
    let required = "protocol_version name version known_command list_commands quit boardsize clear_board komi play \
        genmove fixed_handicap place_free_handicap set_free_handicap undo time_settings time_left final_score \
        final_status_list loadsgf reg_genmove showboard";
    assert!(required.split_whitespace().all(|name| names.contains(&name)), "{names:?}");
    assert!(names.is_sorted());
    for name in names {
        assert_eq!(run(&mut engine, &format!("known_command {name}")), "= true\n\n");
        let response = run(&mut engine, name);
        assert!(response.starts_with(['=', '?']) && response.ends_with("\n\n"), "{name}: {response}");
        assert!(!response.contains("unknown command"), "{name}");
    }
    assert_eq!(answers(&mut engine, &["known_command x", "known_command"]), ["= false", "= false"]);
}

#[test]
fn the_board_is_shown_in_all_ways() {
    let mut engine = engine(5);
    run(&mut engine, "komi 0.5\nplay b C3\nplay w B3\nplay w C4\nplay w D3\nplay w C2\n");
    let commands = [
        "list_stones black",
        "list_stones white",
        "captures white",
        "captures black",
        "final_score",
        "is_legal b C3",
        "get_komi",
    ];
    assert_eq!(
        answers(&mut engine, &commands),
        ["=", "= C2 B3 D3 C4", "= 1", "= 0", "= W+25.5", "= 0", "= 0.5"]
    );
    let board = "= \n   A B C D E\n 5 . . . . . 5\n 4 . . O . . 4\n 3 . O . O . 3\n 2 . .(O). . 2\n 1 . . . . . 1\n   \
                 A B C D E\n\
                 black to move, captures black 0 white 1, komi 0.5\n\n";
    assert_eq!(run(&mut engine, "showboard"), board);
    assert_eq!(run(&mut engine, "final_status_list alive"), "= C2\nB3\nD3\nC4\n\n");
    let liberties = "= . . . . .\n. . 4 . .\n. 4 . 4 .\n. . 4 . .\n. . . . .\n\n".replace('.', "\"\"");
    assert_eq!(run(&mut engine, "freewheel-liberties"), liberties);
    // In random games White owns more points than Black.
    let owned = run(&mut engine, "freewheel-ownership 300");
    let sum: f64 = owned.trim_start_matches("= ").split_whitespace().map(|x| x.parse::<f64>().unwrap()).sum();
    assert!(sum < -5.0, "{owned}");
}

#[test]
fn games_are_played_undone_and_handicapped() {
    let mut engine = engine(9);
    assert_eq!(answers(&mut engine, &["fixed_handicap 3"]), ["= C3 C7 G7"]);
    let moves: Vec<String> = (0..4).map(|n| run(&mut engine, ["genmove w", "genmove b"][n % 2])).collect();
    assert!(moves.iter().all(|response| response.starts_with("= ")));
    assert_eq!(engine.game().move_number(), 4);
    assert_eq!(
        answers(&mut engine, &["undo", "undo", "undo", "undo", "undo"]),
        ["=", "=", "=", "=", "? cannot undo"]
    );
    assert_eq!(engine.game().board().stones(crate::go::rules::Color::Black), 3);
    assert_eq!(answers(&mut engine, &["clear_board", "place_free_handicap 12"]).len(), 2);
    assert_eq!(engine.game().setup().handicap, 9);
    assert_eq!(
        answers(&mut engine, &["boardsize 4", "place_free_handicap 2"]),
        ["=", "? invalid number of stones"]
    );
    assert_eq!(
        answers(&mut engine, &["rectangular_boardsize 3 5", "play b C5", "play b D1"]),
        ["=", "=", "? syntax error"]
    );
    assert_eq!(engine.game().stone(14), Some(crate::go::rules::Color::Black));
    // The game can continue after two passes.
    assert_eq!(
        answers(&mut engine, &["play w pass", "play b pass", "play w A1", "final_score"]),
        ["=", "=", "=", "= W+7.5"]
    );
}

#[test]
fn an_illegal_move_changes_nothing() {
    let mut engine = engine(5);
    let ko = Rules { ko: Ko::Simple, suicide: false, ..Rules::tromp_taylor(5) };
    engine.game = crate::go::rules::Game::new(ko).unwrap();
    let setup = "play b B1\nplay b A2\nplay b B3\nplay w C1\nplay w D2\nplay w C3\nplay b C2\nplay w B2\n";
    run(&mut engine, setup);
    // A ko may not be retaken. Asking for a legal move, even for the other color, does not change that.
    let commands = [
        "play b C2",
        "is_legal w C2",
        "is_legal b C2",
        "play w A2",
        "play b C2",
        "play b E5",
        "play w E4",
        "play b C2",
    ];
    let responses = ["? illegal move", "= 1", "= 0", "? illegal move", "? illegal move", "=", "=", "="];
    assert_eq!(answers(&mut engine, &commands), responses);
}

#[test]
fn the_seed_decides() {
    let game = |seed: &str| {
        let mut engine = engine(9);
        run(&mut engine, &format!("set_random_seed {seed}"));
        (0..20).map(|_| run(&mut engine, "genmove b")).collect::<String>()
    };
    assert_eq!(game("5"), game("5"));
    assert_ne!(game("5"), game("6"));
    assert_ne!(game("-5"), game("5"));
    // `reg_genmove` does not play the move that it chooses.
    let mut engine = engine(9);
    assert!(run(&mut engine, "reg_genmove b").starts_with("= "));
    assert_eq!(engine.game().move_number(), 0);
}

#[test]
fn records_are_loaded_to_the_end_or_before_a_move() {
    let folder = std::env::temp_dir().join(format!("freewheel-gtp-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("game.sgf");
    std::fs::write(&file, "(;SZ[7]KM[3.5];B[dd];W[ee];B[cc])").unwrap();
    let mut engine = engine(9);
    run(&mut engine, &format!("loadsgf {}", file.display()));
    assert_eq!(
        (engine.game().rules().width, engine.game().rules().komi, engine.game().move_number()),
        (7, 3.5, 3)
    );
    run(&mut engine, &format!("loadsgf {} 3", file.display()));
    assert_eq!(engine.game().move_number(), 2);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_record_has_its_own_rules_and_any_path() {
    let folder = std::env::temp_dir().join(format!("freewheel gtp {}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let rules = |engine: &Engine| (engine.game().rules().ko, engine.game().rules().suicide);
    let mut engine = engine(9);
    for (name, ru, expected) in [
        ("a b  c.sgf", "RU[Chinese]", (Ko::Positional, false)),
        ("game 2", "RU[Japanese]", (Ko::Simple, false)),
        ("\u{68cb}.sgf", "RU[NZ]", (Ko::Situational, true)),
    ] {
        let file = folder.join(name);
        std::fs::write(&file, format!("(;SZ[7]{ru};B[dd];W[ee])")).unwrap();
        for (command, moves) in [
            (format!("loadsgf {}", file.display()), 2),
            (format!("LOADSGF\t\"{}\"", file.display()), 2),
            (format!("4 loadsgf {} 2\r", file.display()), 1),
            (format!("loadsgf \"{}\" 1", file.display()), 0),
        ] {
            let response = run(&mut engine, &command);
            assert!(response.starts_with('=') && !response.contains("cannot"), "{command}: {response}");
            assert_eq!((engine.game().move_number(), rules(&engine)), (moves, expected), "{command}");
        }
    }
    // Without `RU` the rules of the engine are kept.
    std::fs::write(folder.join("x"), "(;SZ[5];B[aa])").unwrap();
    run(&mut engine, "kgs-rules aga");
    run(&mut engine, &format!("loadsgf {}", folder.join("x").display()));
    assert_eq!(rules(&engine), (Ko::Situational, false));
    // The written record is read again.
    let file = folder.join("written file.sgf");
    assert_eq!(run(&mut engine, &format!("printsgf {}", file.display())), "= \n\n");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("RU[AGA]") && text.contains(";B[aa]"), "{text}");
    assert_eq!(run(&mut engine, "printsgf"), format!("= {}\n\n", text.trim_end()));
    std::fs::remove_dir_all(&folder).unwrap();
}

/// KataGo's documentation of its GTP extensions gives these rules for these names.
#[test]
fn rules_are_set_as_katago_does() {
    let mut engine = engine(9);
    let json = |ko: &str, suicide: bool, bonus: &str| {
        format!(
            "= {{\"hasButton\":false,\"ko\":\"{ko}\",\"scoring\":\"AREA\",\"suicide\":{suicide},\"tax\":\"NONE\",\
             \"whiteHandicapBonus\":\"{bonus}\"}}"
        )
    };
    for (set, expected) in [
        ("kata-set-rules tromp-taylor", json("POSITIONAL", true, "0")),
        ("kata-set-rules chinese-ogs", json("POSITIONAL", false, "N")),
        ("kata-set-rules aga", json("SITUATIONAL", false, "N-1")),
        ("kata-set-rules new-zealand", json("SITUATIONAL", true, "0")),
        ("kgs-rules new_zealand", json("SITUATIONAL", true, "0")),
        ("kgs-rules japanese", json("SIMPLE", false, "0")),
        ("kgs-rules chinese", json("POSITIONAL", false, "N")),
        (
            r#"kata-set-rules {"ko":"SIMPLE", "scoring":"AREA", "suicide":true, "whiteHandicapBonus":"N-1"}"#,
            json("SIMPLE", true, "N-1"),
        ),
        ("kata-set-rule ko SITUATIONAL", json("SITUATIONAL", true, "N-1")),
        ("kata-set-rule suicide false", json("SITUATIONAL", false, "N-1")),
    ] {
        let found = answers(&mut engine, &[set, "kata-get-rules"]);
        assert_eq!(found, ["=".to_owned(), expected], "{set}");
    }
    for refused in [
        "kata-set-rules",
        "kata-set-rules stone-scoring",
        "kata-set-rules aga-button",
        r#"kata-set-rules {"scoring":"TERRITORY"}"#,
        "kata-set-rules {",
        "kata-set-rule ko SUPER",
        "kgs-rules goe",
    ] {
        assert!(run(&mut engine, refused).starts_with("? "), "{refused}");
    }
    assert_eq!(run(&mut engine, "kata-get-rules").trim_end(), json("SITUATIONAL", false, "N-1"));
}

#[test]
fn analysis_is_written_as_katago_does() {
    let mut engine = engine(5);
    let out = run(&mut engine, "kata-analyze w 1 ownership true maxmoves 2 rootInfo true\n");
    let line = out.strip_prefix("=\n").unwrap().lines().next().unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    let value = |name: &str| -> f64 {
        words[words.iter().position(|word| *word == name).unwrap() + 1].parse().unwrap()
    };
    assert_eq!(words.iter().filter(|word| **word == "info").count(), 2, "{line}");
    assert!((0.0..=1.0).contains(&value("winrate")) && (0.0..=1.0).contains(&value("lcb")), "{line}");
    assert!(value("scoreLead").abs() <= 25.0 && value("scoreStdev") >= 0.0, "{line}");
    assert!(words.contains(&"rootInfo"), "{line}");
    let ownership = words.iter().position(|word| *word == "ownership").unwrap();
    let owned: Vec<f64> = words[ownership + 1..].iter().map(|word| word.parse().unwrap()).collect();
    assert!(owned.len() == 25 && owned.iter().all(|owned| owned.abs() <= 1.0), "{line}");
    let out = run(&mut engine, "kata-genmove_analyze b 100\n");
    assert!(out.contains("\nplay ") && out.ends_with("\n\n"), "{out}");
    assert_eq!(engine.game().move_number(), 1);
}

/// White's stone in Black's area is dead: Black removes it before passing.
#[test]
fn cleanup_removes_dead_stones() {
    struct Passes;
    impl players::Player for Passes {
        fn name(&self) -> String {
            "passes".into()
        }
        fn choose(
            &self,
            game: &crate::go::rules::Game,
            _: &mut freewheel_core::Stream,
        ) -> freewheel_core::Result<players::PlayerAction> {
            Ok(players::PlayerAction::Play(game.pass()))
        }
    }
    let rules = Rules::chinese(5);
    let mut engine = Engine::new(Arc::new(Passes), UctSettings::plain(1), rules, 0).unwrap();
    let setup = "play b B1\nplay b B2\nplay b B3\nplay b B4\nplay b B5\nplay w C1\nplay w C2\nplay w C3\n\
                 play w C4\nplay w C5\nplay w A3\n";
    run(&mut engine, setup);
    assert_eq!(run(&mut engine, "genmove b"), "= pass\n\n");
    for _ in 0..6 {
        let response = run(&mut engine, "kgs-genmove_cleanup b");
        if response == "= pass\n\n" {
            break;
        }
        run(&mut engine, "play w pass");
    }
    assert_eq!(run(&mut engine, "list_stones w"), "= C1 C2 C3 C4 C5\n\n");
    assert_eq!(run(&mut engine, "kgs-genmove_cleanup b"), "= pass\n\n");
}

/// Input as controllers send it: a byte order mark, upper case, tabs, CR LF or CR alone, comments, very long lines.
#[test]
fn input_of_other_controllers_is_read() {
    let expected = "=1 2\n\n= \n\n=3 A1\n\n= \n\n";
    let input = "\u{feff}1\tPROTOCOL_VERSION\n\n# x\nPlay\tBLACK a1\n3 list_stones B # c\nQUIT\n";
    for input in [input.to_owned(), input.replace('\n', "\r\n"), input.replace('\n', "\r")] {
        assert_eq!(run(&mut engine(5), &input), expected, "{input:?}");
    }
    let long = format!("7 play b {}\nname\n", "A1 ".repeat(1 << 20));
    let responses = run(&mut engine(5), &long);
    assert!(responses.starts_with("?7 line too long"), "{responses}");
    assert!(responses.ends_with("\n\n= Freewheel random\n\n"), "{responses}");
}

#[test]
fn analysis_is_written_as_leela_zero_does() {
    let mut engine = engine(5);
    let out = run(&mut engine, "2 lz-analyze b interval 1\n3 lz-genmove_analyze b 100\nquit\n");
    let mut parts = out.split("\n\n");
    let first = parts.next().unwrap().strip_prefix("=2\n").unwrap();
    assert!(first.lines().count() >= 1);
    for line in first.lines() {
        let infos: Vec<&str> = line.split("info ").filter(|info| !info.is_empty()).collect();
        let mut visits = u32::MAX;
        for (order, info) in infos.iter().enumerate() {
            let words: Vec<&str> = info.split_whitespace().collect();
            let value = |name: &str| words[words.iter().position(|word| *word == name).unwrap() + 1];
            assert_eq!(value("order"), order.to_string());
            assert_eq!(value("pv"), value("move"));
            let found = value("visits").parse().unwrap();
            assert!((1..=visits).contains(&found));
            visits = found;
            assert!((0..=10_000).contains(&value("winrate").parse::<i32>().unwrap()));
        }
    }
    let second = parts.next().unwrap().strip_prefix("=3\n").unwrap();
    let chosen = second.lines().last().unwrap().strip_prefix("play ").unwrap();
    assert_eq!(engine.game().move_number(), 1);
    assert_eq!(run(&mut engine, "list_stones b"), format!("= {chosen}\n\n"));
}

/// A player that chooses an occupied point gives an error, and the game is unchanged.
#[test]
fn an_illegal_move_of_the_player_is_an_error() {
    struct IllegalPlayer;
    impl players::Player for IllegalPlayer {
        fn name(&self) -> String {
            "stubborn".into()
        }
        fn choose(
            &self,
            _: &crate::go::rules::Game,
            _: &mut freewheel_core::Stream,
        ) -> freewheel_core::Result<players::PlayerAction> {
            Ok(players::PlayerAction::Play(0))
        }
    }
    let rules = Rules::tromp_taylor(5);
    let mut engine = Engine::new(Arc::new(IllegalPlayer), UctSettings::plain(1), rules, 0).unwrap();
    let responses = answers(&mut engine, &["genmove b", "genmove w", "name"]);
    let fault = "? the player chose A1, which is illegal: that point is occupied";
    assert_eq!(responses, ["= A1", fault, "= Freewheel stubborn"]);
    assert_eq!(engine.game().move_number(), 1);
}

fn lines() -> impl Strategy<Value = String> {
    let names = "(play|genmove|boardsize|komi|undo|loadsgf|fixed_handicap|set_free_handicap|place_free_handicap\
        |is_legal|all_legal|showboard|final_status_list|time_left|kgs-time_settings|lz-genmove_analyze\
        |freewheel-ownership|rectangular_boardsize|clear_board)";
    let words = "( (b|w|black|[A-HJ][1-9]|pass|-?[0-9]{1,3}|[!-~]{0,3})){0,3}";
    let commands = proptest::string::string_regex(&format!("[0-9]{{0,3}} ?{names}{words}")).unwrap();
    prop_oneof![3 => commands, 1 => Just("genmove b".to_owned()), 1 => "\\PC{0,20}", 1 => "[\\x00-\\x7f]{0,20}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Every command has exactly one response.
    #[test]
    fn no_input_panics(lines in proptest::collection::vec(lines(), 0..12)) {
        let mut engine = engine(5);
        for line in lines {
            let out = run(&mut engine, &line);
            prop_assert!(out.is_empty() || out.starts_with(['=', '?']) && out.ends_with("\n\n"), "{line:?}: {out:?}");
            // CR ends a line only without LF.
            let end = if line.contains('\n') { '\n' } else { '\r' };
            let parsed = || line.split(end).filter_map(super::protocol::Command::parse);
            let commands = parsed().take_while(|c| !c.is("quit")).count();
            let quit = parsed().any(|c| c.is("quit"));
            prop_assert_eq!(out.matches("\n\n").count(), commands + usize::from(quit), "{:?}: {:?}", line, out);
        }
    }
}
