//! Go Text Protocol (GTP): `freewheel gtp` and `freewheel match`.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};

use freewheel_envs::go::sgf;
use freewheel_tests::{Program, files};
use serde_json::Value;

const NAME: &str = env!("CARGO_BIN_EXE_freewheel-program");
const PROGRAM: Program = Program(NAME);

fn start(words: &[&str]) -> Child {
    PROGRAM.command(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

/// Output of `freewheel gtp` for the commands `input`.
fn responses(words: &[&str], input: &str) -> String {
    let mut child = start(words);
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_session_is_answered_and_ends_with_quit_or_input() {
    let words = [
        "gtp",
        "--size",
        "5",
        "--komi",
        "-1.5",
        "--player",
        "greedy",
        "--ko",
        "simple",
        "--suicide",
        "forbid",
    ];
    let input = "1 name\nplay b B1\nplay b A2\n2 is_legal w A1\nfinal_score\n";
    let wanted = "=1 Freewheel greedy\n\n= \n\n= \n\n=2 0\n\n= B+26.5\n\n";
    assert_eq!(responses(&words, input), wanted);
    assert_eq!(responses(&words, &format!("{input}quit\nname\n")), format!("{wanted}= \n\n"));
    let games =
        [1, 1, 2].map(|seed| responses(&["gtp", "--seed", &seed.to_string()], &"genmove b\n".repeat(3)));
    assert_eq!(games[0], games[1]);
    assert_ne!(games[0], games[2]);
}

#[test]
fn an_analysis_goes_on_until_it_is_interrupted() {
    let mut child = start(&["gtp", "--player", "uct:10"]);
    let mut input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    input.write_all(b"1 lz-analyze b interval 1\n").unwrap();
    assert_eq!(lines.next().unwrap(), "=1");
    // Analysis reports continue as long as no other command is sent.
    for _ in 0..5 {
        assert!(lines.next().unwrap().starts_with("info move "));
    }
    // An empty line ends the analysis.
    input.write_all(b"\n").unwrap();
    assert_eq!(lines.by_ref().find(|line| !line.starts_with("info move ")).unwrap(), "");
    input.write_all(b"kata-analyze w 1\n").unwrap();
    assert_eq!(lines.next().unwrap(), "=");
    assert!(lines.next().unwrap().contains(" scoreLead "));
    input.write_all(b"# a comment\n").unwrap();
    assert_eq!(lines.by_ref().find(|line| !line.starts_with("info move ")).unwrap(), "");
    input.write_all(b"1 analyze b interval 1\n").unwrap();
    assert_eq!(lines.next().unwrap(), "=1");
    input.write_all(b"2 protocol_version\n").unwrap();
    let after: Vec<String> =
        lines.by_ref().skip_while(|line| line.starts_with("info move ")).take(2).collect();
    assert_eq!(after, ["", "=2 2"]);
    input.write_all(b"quit\n").unwrap();
    // The input stays open: `quit` ends the program.
    assert!(child.wait().unwrap().success());
    drop(input);
}

/// Suicide, ko and komi of each rule set; suicide is forbidden by default.
#[test]
fn rule_sets_have_the_rules_of_their_books() {
    // The last move of this game takes the last liberty of its own stones.
    let moves: Vec<String> = sgf::read(include_str!("data/self_capture_7x7.sgf")).unwrap()[0]
        .moves()
        .map(|one| {
            let color = freewheel_envs::go::gtp::vertex::color_name(one.color);
            let rules = freewheel_envs::go::rules::Rules::tromp_taylor(7);
            format!("play {color} {}\n", freewheel_envs::go::gtp::vertex::name(&rules, one.point))
        })
        .collect();
    let after = |words: &[&str]| {
        let words = [&["gtp", "--player", "random", "--size", "7"], words].concat();
        let out = responses(&words, &moves.concat());
        let answers: Vec<&str> = out.split_terminator("\n\n").collect();
        assert!(answers[..moves.len() - 1].iter().all(|answer| *answer == "= "), "{words:?} {answers:?}");
        answers[moves.len() - 1] == "? illegal move"
    };
    assert!(after(&[]));
    for (set, forbidden) in [
        ("chinese", true),
        ("japanese", true),
        ("aga", true),
        ("cgos", true),
        ("kgs", true),
        ("tromp-taylor", false),
        ("new-zealand", false),
    ] {
        assert_eq!(after(&["--rules", set]), forbidden, "{set}");
        assert!(after(&["--rules", set, "--suicide", "forbid"]));
        assert!(!after(&["--rules", set, "--suicide", "allow"]));
    }
    for (set, komi) in [("chinese", "7.5"), ("japanese", "6.5"), ("new-zealand", "7")] {
        let words = ["gtp", "--player", "random", "--rules", set];
        assert_eq!(responses(&words, "get_komi\n"), format!("= {komi}\n\n"));
    }
}

/// The engine that plays without `--player` is the strong one.
#[test]
fn the_strong_engine_is_the_default() {
    let help = PROGRAM.text(&["gtp", "--help"]);
    let help: Vec<&str> = help.split_whitespace().collect();
    assert!(help.join(" ").contains("[default: uct:5000,strong]"));
    assert!(responses(&["gtp"], "name\n").contains("uct:5000,rave,patterns"));
}

/// Result of a match, without times.
fn play_match(words: &[&str]) -> Value {
    let mut json = PROGRAM.json(&[&["match"], words, &["--json", "--size", "7"]].concat());
    assert!(json["seconds_per_move"].take()[0].as_f64().unwrap() >= 0.0);
    json
}

#[test]
fn a_match_of_our_own_is_the_same_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let play = |threads: &str| {
        let games = folder.path().join(threads);
        let json = play_match(&[
            "uct:20",
            "greedy",
            "--games",
            "9",
            "--seed",
            "4",
            "--threads",
            threads,
            "--sgf",
            &games.to_string_lossy(),
        ]);
        (json, files(&games))
    };
    let (one, four) = (play("1"), play("4"));
    assert_eq!(one, four);
    let (json, games) = one;
    let count = |key: &str| json["result"][key].as_u64().unwrap();
    assert_eq!((count("games"), count("games_as_black")), (9, 5));
    assert_eq!(count("won") + count("drawn") + count("lost"), 9);
    assert_eq!(count("by_passes") + count("by_limit"), 9);
    assert_eq!(games.len(), 9);
    let records: Vec<sgf::GameRecord> =
        games.values().map(|bytes| sgf::read(&sgf::decode(bytes)).unwrap().remove(0)).collect();
    let mut won = 0;
    for (n, record) in records.iter().enumerate() {
        let game = record.replay(record.ruleset()).unwrap();
        assert_eq!(record.outcome, Some(sgf::Outcome::from_score(game.score())));
        assert_eq!(record.players[n % 2].name, "uct:20");
        let winner = record.outcome.as_ref().and_then(sgf::Outcome::winner).unwrap();
        won += u64::from(record.players[winner as usize].name == "uct:20");
        // Both games of a pair have the same opening; different pairs have different openings.
        let opening = |n: usize| records[n].moves().take(2).map(|played| played.point).collect::<Vec<_>>();
        assert_eq!(opening(n), opening(n / 2 * 2));
        assert!(n < 2 || opening(n) != opening(n - 2));
    }
    assert_eq!(won, count("won"));
}

#[test]
fn another_program_plays_as_our_own_does() {
    let other = format!("gtp:'{NAME}' gtp --player greedy --size 7");
    let json = play_match(&[&other, "random", "--games", "4", "--threads", "2"]);
    assert_eq!(json["faults"], Value::Array(vec![]));
    // The program is sent seeds, so the result is the same again.
    assert_eq!(json, play_match(&[&other, "random", "--games", "4", "--threads", "1"]));
}

/// Program that speaks GTP, with a fixed response to `genmove`.
fn scripted_program(genmove: &str) -> String {
    let script = format!(
        "while read id command; do case \"$command\" in
            genmove*) {genmove};; quit) exit;; *) echo \"=$id false\"; echo;;
        esac; done"
    );
    format!("gtp:sh -c '{script}'")
}

/// Output of a command that ends with an error: exit code, JSON, and message.
fn fails_with_json(words: &[&str]) -> (i32, Value, String) {
    let output = PROGRAM.command(words).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let json = serde_json::from_str(&text).unwrap_or(Value::Null);
    (output.status.code().unwrap_or(-1), json, String::from_utf8(output.stderr).unwrap())
}

/// A game in which a program fails has no result, and a few in a row end the match.
#[test]
fn games_of_a_program_that_fails_have_no_result() {
    let cases = [
        ("echo \"=$id Z99\"; echo", "which is not a valid response"),
        ("echo \"=$id A1\"; echo", "A1, is not legal: that point is occupied"),
        ("exit 3", "exit status: 3"),
        ("exec sleep 60", "within 300ms"),
        ("echo \"?$id I am lost\"; echo", "I am lost"),
        ("exec yes", "was stopped"),
        ("exec cat /dev/zero", "a line of more than 64 KiB"),
        ("echo \"=\"; echo", "which is not a valid response"),
    ];
    for (genmove, expected) in cases {
        let program = scripted_program(genmove);
        let words = ["match", "random", &program, "--games", "9", "--threads", "1", "--timeout", "0.3"];
        let (code, json, message) = fails_with_json(&[&words[..], &["--json", "--size", "7"]].concat());
        let result = &json["result"];
        let counts = (&result["games"], &result["won"], &result["without_result"]);
        assert_eq!((code, counts), (3, (&0.into(), &0.into(), &3.into())), "{genmove}: {json} {message}");
        assert!(
            message.contains("no game has a result") && message.contains(expected),
            "{genmove}: {message}"
        );
        for fault in json["faults"].as_array().unwrap() {
            assert!(fault["fault"].as_str().unwrap().contains(expected), "{genmove}: {fault}");
        }
    }
    let resigns = play_match(&[&scripted_program("echo \"=$id resign\"; echo"), "random", "--games", "2"]);
    assert_eq!((&resigns["result"]["lost"], &resigns["result"]["by_resignation"]), (&2.into(), &2.into()));
}

/// One failure does not end a match; its game has no result.
#[test]
fn a_program_is_restarted_after_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("failed");
    let once = format!(
        "if [ -e {mark} ]; then echo \"=$id pass\"; echo; else touch {mark}; exit 3; fi",
        mark = mark.display()
    );
    let json = play_match(&[&scripted_program(&once), "random", "--games", "5", "--threads", "1"]);
    let result = &json["result"];
    assert_eq!((&result["games"], &result["without_result"]), (&4.into(), &1.into()), "{json}");
    assert_eq!(json["faults"][0]["game"], 1, "{json}");
}

/// One signal ends a match, a training run and an evaluation within a second or so, while the opponent thinks.
/// Nothing that the opponent has started goes on.
#[cfg(target_os = "linux")]
#[test]
fn an_interruption_is_answered_while_an_opponent_thinks() {
    use std::time::{Duration, Instant};
    let folder = tempfile::tempdir().unwrap();
    let started = folder.path().join("started");
    let sleep = format!("sleep {}.5", 10_000 + std::process::id());
    let thinks = scripted_program(&format!("touch {}; {sleep} & wait", started.display()));
    let out = folder.path().join("out");
    let opponent = format!("world.opponent={thinks}");
    let train = ["train", "go/3x3", "q-learning", "--steps", "60", "--quiet", "--set", &opponent, "--out"];
    let train = [&train[..], &[out.to_str().unwrap()]].concat();
    let search = ["match", "uct:100000000", "random", "--size", "9", "--games", "2", "--quiet"];
    for (words, code) in [
        (&["match", "random", &thinks, "--size", "5", "--games", "2"][..], 130),
        (&train[..], 130),
        (&search[..], 130),
    ] {
        let _ = std::fs::remove_file(&started);
        let mut child = PROGRAM.command(words).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let until = Instant::now() + Duration::from_secs(30);
        while words[1].starts_with("uct") || !started.exists() {
            std::thread::sleep(Duration::from_millis(300));
            assert!(Instant::now() < until, "{words:?}: the opponent did not start");
            if words[1].starts_with("uct") {
                break;
            }
        }
        let begin = Instant::now();
        let signal = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(signal.unwrap().success());
        let status = child.wait().unwrap();
        let took = begin.elapsed();
        assert_eq!(status.code(), Some(code), "{words:?}");
        assert!(took < Duration::from_millis(2500), "{words:?}: {took:?}");
        let list = std::process::Command::new("ps").args(["-eo", "args"]).output().unwrap().stdout;
        let list = String::from_utf8_lossy(&list);
        assert!(!list.lines().any(|line| line.starts_with(&sleep)), "{words:?}: an orphan is left");
    }
    // The interrupted training run goes on with another opponent's... moves of the same kind: it is found and resumed.
    assert!(out.exists());
}

/// Greatest resident memory of a process until it ends, bytes.
#[cfg(target_os = "linux")]
fn peak_memory(child: &mut Child) -> u64 {
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let found = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        peak = found.map_or(peak, |kib| 1024 * kib.parse::<u64>().unwrap());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    peak
}

/// Memory does not grow with what another program writes, be it an opponent or a controller.
#[cfg(target_os = "linux")]
#[test]
fn a_flood_takes_no_memory() {
    const LIMIT: u64 = 100 << 20;
    for genmove in ["exec yes", "exec cat /dev/zero", "printf \"= \"; exec yes line"] {
        let program = scripted_program(genmove);
        let words =
            ["match", "random", &program, "--games", "3", "--size", "7", "--timeout", "3", "--threads", "1"];
        let mut child = PROGRAM.command(&words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let peak = peak_memory(&mut child);
        assert!((1 << 20..LIMIT).contains(&peak), "{genmove}: {peak}");
    }
    let mut child = start(&["gtp", "--player", "random"]);
    let mut input = child.stdin.take().unwrap();
    let flood = std::thread::spawn(move || {
        for _ in 0..400 {
            input.write_all(&[b'x'; 1 << 20]).unwrap();
        }
        input.write_all(b"\nname\n").unwrap();
    });
    let peak = peak_memory(&mut child);
    flood.join().unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut answer).unwrap();
    assert!(answer.ends_with("= Freewheel random\n\n"), "{answer}");
    assert!((1 << 20..LIMIT).contains(&peak), "{peak}");
}

/// Two programs play a game whose last move is a suicide: it is illegal unless the rules allow it.
#[test]
fn suicide_is_illegal_in_a_match_by_default() {
    let rules = freewheel_envs::go::rules::Rules::tromp_taylor(7);
    let record = sgf::read(include_str!("data/self_capture_7x7.sgf")).unwrap().remove(0);
    let moves: Vec<String> =
        record.moves().map(|one| freewheel_envs::go::gtp::vertex::name(&rules, one.point)).collect();
    // Both programs know all moves, and count those that were played.
    let script = format!(
        "while read id command more; do case \"$command\" in
            clear_board) set --; answer=;;
            play) set -- \"$@\" x; answer=;;
            genmove) set -- \"$@\" x; answer=$(echo {} | cut -d \" \" -f $#);;
            quit) exit;;
            *) answer=false;;
        esac; echo \"=$id $answer\"; echo; done",
        moves.join(" ") + &" pass".repeat(4)
    );
    let program = format!("gtp:sh -c '{script}'");
    let words = ["match", &program, &program, "--size", "7", "--games", "2", "--opening", "0", "--json"];
    let (code, json, said) = fails_with_json(&words);
    assert_eq!((code, &json["result"]["without_result"]), (3, &2.into()), "{json} {said}");
    assert!(said.contains("is not legal: ") && said.contains("suicide"), "{said}");
    for allowed in [["--suicide", "allow"], ["--rules", "tromp-taylor"]] {
        let json = PROGRAM.json(&[&words[..], &allowed].concat());
        let result = &json["result"];
        assert_eq!((&result["games"], &result["by_passes"]), (&2.into(), &2.into()), "{json}");
        assert_eq!(result["mean_length"], moves.len() as f64 + 2.0);
    }
}

#[test]
fn invalid_matches_are_refused() {
    let refused = |words: &[&str], code: i32, expected: &str| {
        let (found, message) = PROGRAM.fails(words);
        assert!(found == code && message.contains(expected), "{words:?}: {found} {message}");
    };
    refused(&["match", "random", "gtp:/no/such/program"], 3, "`/no/such/program` cannot be started");
    refused(&["match", "random", "gtp:true"], 3, "exited");
    refused(&["match", "random", "rndom"], 3, "did you mean `random`?");
    refused(&["match", "random", "random", "--komi", "6.3"], 3, "`komi` is 6.3");
    refused(&["match", "random", "random", "--timeout=-1"], 2, "--timeout -1");
    refused(&["gtp", "--size", "20"], 2, "1..=19");
    refused(&["gtp", "--rules", "chines"], 2, "chinese");
    refused(&["gtp", "--player", "uct:0"], 3, "uct");
}
