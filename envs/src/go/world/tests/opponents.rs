//! Opponents: other programs, trained policies, and states from other games.

use std::sync::Arc;

use freewheel_core::{Env, Error, NoPolicyLoader, Purpose, ScriptedPolicy, Stream, Streams, WorldFamily};
use serde_json::Value;

use super::super::{GoFamily, GoVersusOpponent, OpponentStatus, PolicyPlayer, VersusOpponentState};
use super::{settings, two_player, versus_opponent};
use crate::go::players::{self, Player};
use crate::go::rules::{Game, Rules};

fn stream(seed: u64) -> Stream {
    Streams::new(seed).stream(Purpose::Environment, 0, 0)
}

#[test]
fn suicide_is_forbidden_against_another_program() {
    let suicide = |text: &str| settings(text).rules(9).suicide;
    assert!(suicide("") && suicide("opponent = 'uct:10'"));
    assert!(!suicide("opponent = 'gtp:gnugo --mode gtp'"));
    assert!(!suicide("opponent = 'self'\nevaluation_opponent = 'gtp:gnugo --mode gtp'"));
    assert!(suicide("opponent = 'gtp:gnugo --mode gtp'\nsuicide = true"));
    assert!(!suicide("ruleset = 'chinese'"));
}

/// Program that plays the points of 5x5 in order, as many as it has received: it plays a wrong point if it is sent
/// anything but one whole game.
const COUNTS: &str = r#"gtp:sh -c 'while read id command; do
    case "$command" in
        clear_board) n=0; r="";;
        play*) n=$((n+1)); r="";;
        genmove*) set -- A B C D E; shift $((n%5)); r="$1$((n/5+1))"; n=$((n+1));;
        known_command*) r=false;;
        quit) exit;;
        *) r="";;
    esac
    printf "=$id $r\n\n"
done'"#;

#[cfg(unix)]
#[test]
fn a_program_follows_many_games_on_many_threads() {
    let settings = super::super::Settings { opponent: COUNTS.into(), ..settings("color = 'black'") };
    let world = &GoVersusOpponent::new("go/test", 5, &settings, &NoPolicyLoader).unwrap();
    let play = || {
        let mut rng = stream(0);
        let mut games: Vec<VersusOpponentState> = (0..3).map(|_| world.reset(&mut rng)).collect();
        for step in 0..6 {
            for state in &mut games {
                world.step(state, 2 * step, &mut rng);
                let points: Vec<u16> = state.game.moves().map(|played| played.point).collect();
                assert_eq!(
                    (points, state.opponent),
                    ((0..2 * step as u16 + 2).collect(), OpponentStatus::Playing)
                );
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(play);
        }
    });
}

#[cfg(unix)]
#[test]
fn a_program_that_does_not_play_here_is_refused_at_once() {
    let refused = |opponent: &str| {
        let settings = super::super::Settings { opponent: opponent.into(), ..settings("") };
        GoVersusOpponent::new("go/test", 5, &settings, &NoPolicyLoader).err().unwrap().to_string()
    };
    let message = refused("gtp:/no/such/program --mode gtp");
    assert!(message.contains("`/no/such/program --mode gtp` cannot be started"), "{message}");
    let message = refused(r#"gtp:sh -c 'while read id command; do printf "?$id no\n\n"; done'"#);
    assert!(message.contains("with an error"), "{message}");
    let message = refused("gtp:true");
    assert!(message.contains("exited"), "{message}");
}

/// A family without programs starts nothing: the command would leave a file.
#[cfg(unix)]
#[test]
fn a_family_without_programs_starts_none() {
    let file = std::env::temp_dir().join(format!("freewheel-go-no-program-{}", std::process::id()));
    let program = format!(" gtp:touch '{}'", file.display());
    for settings in
        [format!("opponent = {program:?}"), format!("opponent = \"self\"\nevaluation_opponent = {program:?}")]
    {
        let table: toml::Table = settings.parse().unwrap();
        let refused = GoFamily::default().programs(false).build("5x5", &table, &NoPolicyLoader);
        match refused.err() {
            Some(Error::Unsupported(message)) => {
                assert!(message.contains("--allow-programs") && message.contains("touch"), "{message}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(!file.exists());
    for builtin in ["", "opponent = \"greedy\"", "opponent = \"self\""] {
        let table: toml::Table = builtin.parse().unwrap();
        assert!(GoFamily::default().programs(false).build("5x5", &table, &NoPolicyLoader).is_ok());
    }
}

/// A scripted policy plays as its player, which uses the game, and not as its `act`.
#[test]
fn a_scripted_policy_plays_as_its_script() {
    let greedy = PolicyPlayer::new("it".into(), Arc::new(ScriptedPolicy(1)), 5, &settings(""));
    let mut game = Game::new(Rules::tromp_taylor(5)).unwrap();
    for seed in 0..20 {
        let wanted = players::parse("greedy").unwrap().choose(&game, &mut stream(seed)).unwrap();
        assert_eq!(greedy.choose(&game, &mut stream(seed)).unwrap(), wanted);
        let players::PlayerAction::Play(point) = wanted else { panic!("it resigned") };
        game.play(point).unwrap();
    }
    let other = Game::new(Rules::tromp_taylor(7)).unwrap();
    for asked in [greedy.check_ready(&other), greedy.choose(&other, &mut stream(0)).map(drop)] {
        assert!(matches!(asked, Err(Error::Config(why)) if why.contains("trained on 5x5")));
    }
}

/// A saved state contains its own rules. For any of them, nothing panics or writes out of range.
#[test]
fn states_of_other_rules_do_no_harm() {
    let changes: [(&str, Value); 6] = [
        ("/game/rules/width", 2.into()),
        ("/game/rules/height", 19.into()),
        ("/game/rules/move_limit", 1.into()),
        ("/game/to_play", "white".into()),
        ("/agent", "white".into()),
        ("/game/rules/komi", 900.into()),
    ];
    for opponent in ["random", "greedy", "uct:4", "uct:4,strong"] {
        let world = versus_opponent(3, &format!("opponent = '{opponent}'\ncolor = 'black'"));
        let mut rng = stream(1);
        let mut state = world.reset(&mut rng);
        world.step(&mut state, 0, &mut rng);
        for (at, to) in &changes {
            // With two moves as played, and with none: a board of another width may reject the moves.
            for moves in [true, false] {
                let mut json = serde_json::to_value(&state).unwrap();
                *json.pointer_mut(at).unwrap() = to.clone();
                if !moves {
                    *json.pointer_mut("/game/moves").unwrap() = Value::Array(Vec::new());
                }
                let Ok(mut odd) = serde_json::from_value::<VersusOpponentState>(json) else {
                    assert!(moves, "{at}: an empty board is a game");
                    continue;
                };
                let mut obs = vec![0.0; world.spec().observation.len()];
                let mut legal = vec![false; world.spec().actions.count()];
                for action in [0, 4, 9, 9, 9] {
                    world.observe(&odd, &mut obs);
                    world.legal(&odd, &mut legal);
                    assert!(legal[9], "{at}: there is always something to do");
                    assert!(world.scripted(2, &odd, &mut rng).is_some(), "{at}");
                    world.step(&mut odd, action, &mut rng);
                }
            }
        }
    }
    let pair = two_player(3, "opponent = 'self'");
    let mut large = Game::new(Rules::tromp_taylor(19)).unwrap();
    let mut obs = vec![0.0; pair.spec().observation.len()];
    pair.observe(&large, &mut obs);
    pair.step(&mut large, 9, &mut stream(0));
    assert_eq!(large.move_number(), 1);
}
