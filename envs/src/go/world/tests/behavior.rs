//! Rewards, endings, and invalid settings.

use std::sync::Arc;

use freewheel_core::{
    ActionBuffer, Actions, Batch, Ending, Env, Error, NoPolicyLoader, Policy, Purpose, Result, Step, Stream,
    Streams, VectorEnv, World, WorldFamily,
};
use proptest::prelude::*;

use super::super::{GoFamily, GoVersusOpponent, OpponentStatus, PolicyPlayer, VersusOpponentState};
use super::{settings, two_player, versus_opponent};
use crate::go::players::{Player, PlayerAction};
use crate::go::rules::{Color, Game};

fn stream(seed: u64) -> Stream {
    Streams::new(seed).stream(Purpose::Environment, 0, 0)
}

fn measured<E: Env>(world: &E, state: &E::State) -> Vec<f64> {
    let mut out = vec![f64::INFINITY; world.spec().measures.len()];
    world.measure(state, &mut out);
    out
}

/// Plays random legal actions until the end; returns the last step.
fn finish<E: Env<Action = u32>>(world: &E, state: &mut E::State, rng: &mut Stream) -> Step {
    let mut legal = vec![false; world.spec().actions.count()];
    loop {
        world.legal(state, &mut legal);
        let all: Vec<u32> =
            (0u32..).zip(&legal).filter(|(_, legal)| **legal).map(|(action, _)| action).collect();
        let action = all[rng.below(all.len() as u32) as usize];
        let step = world.step(state, action, rng);
        if step.ending.is_over() {
            return step;
        }
    }
}

/// Player that calls a function.
struct Scripted(fn(&Game) -> Result<PlayerAction>);

impl Player for Scripted {
    fn name(&self) -> String {
        "scripted".into()
    }

    fn choose(&self, game: &Game, _rng: &mut Stream) -> Result<PlayerAction> {
        (self.0)(game)
    }
}

fn versus_player(text: &str, opponent: fn(&Game) -> Result<PlayerAction>) -> GoVersusOpponent {
    GoVersusOpponent::with_player("go/test", 5, &settings(text), Arc::new(Scripted(opponent))).unwrap()
}

/// Black wins the whole of 5x5 with one stone and two passes: 25 - 0.5 for White's komi.
#[test]
fn the_reward_is_the_movers() {
    for (text, reward) in [("", 1.0), ("reward = 'score'", 24.5 / 25.0)] {
        let world = two_player(5, &format!("opponent = 'self'\n{text}"));
        let mut game = world.reset(&mut stream(0));
        assert_eq!(world.step(&mut game, 12, &mut stream(0)), Step::transition(0.0));
        assert_eq!(world.step(&mut game, 25, &mut stream(0)), Step::transition(0.0));
        // Black passes last, and wins.
        let mut win_value = game.clone();
        assert_eq!(world.step(&mut win_value, 25, &mut stream(0)), Step::termination(reward));
        assert_eq!(measured(&world, &win_value), [1.0, 24.5, 3.0]);
        // White passes last, and loses.
        world.step(&mut game, 0, &mut stream(0));
        world.step(&mut game, 25, &mut stream(0));
        world.step(&mut game, 25, &mut stream(0));
        assert!(game.is_over());
    }
    let world = two_player(5, "opponent = 'self'\nkomi = 30");
    let mut game = world.reset(&mut stream(0));
    world.step(&mut game, 25, &mut stream(0));
    assert_eq!(world.step(&mut game, 25, &mut stream(0)), Step::termination(1.0), "White moved last and won");
    assert_eq!(measured(&world, &game), [0.0, -30.0, 2.0]);
}

#[test]
fn a_draw_pays_nothing() {
    let world = two_player(3, "opponent = 'self'\nkomi = 0");
    let mut game = world.reset(&mut stream(0));
    world.step(&mut game, 9, &mut stream(0));
    assert_eq!(world.step(&mut game, 9, &mut stream(0)), Step::termination(0.0));
    assert_eq!(measured(&world, &game), [0.5, 0.0, 2.0]);
}

/// Measures against an opponent are the agent's, for both colors.
#[test]
fn measures_are_the_learners() {
    for (color, sign) in [("black", 1.0), ("white", -1.0)] {
        let world = versus_opponent(5, &format!("color = '{color}'"));
        let mut rng = stream(4);
        for _ in 0..20 {
            let mut state = world.reset(&mut rng);
            let step = finish(&world, &mut state, &mut rng);
            assert_eq!(step.ending, Ending::Terminal);
            let score = f64::from(state.game.score()) * sign;
            let win_value = if score > 0.0 { 1.0 } else { 0.0 };
            assert_eq!(measured(&world, &state), [win_value, score, f64::from(state.game.move_number())]);
            assert_eq!(f64::from(step.reward), 2.0 * win_value - 1.0);
        }
    }
}

#[test]
fn the_learners_color_is_as_set() {
    let colors = |text: &str| -> Vec<Color> {
        let world = versus_opponent(3, text);
        (0..200).map(|seed| world.reset(&mut stream(seed)).agent).collect()
    };
    assert!(colors("color = 'black'").iter().all(|&color| color == Color::Black));
    assert!(colors("color = 'white'").iter().all(|&color| color == Color::White));
    let black = colors("").iter().filter(|&&color| color == Color::Black).count();
    assert!((65..=135).contains(&black), "{black} of 200; five standard deviations are 35");
}

/// The agent is always to move, until the end.
#[test]
fn the_opponent_answers_in_the_same_step() {
    for text in ["color = 'white'", "color = 'black'", "size_is_in_the_name"] {
        let Ok(table) = text.parse::<toml::Table>() else { continue };
        let Ok(Some(_)) = GoFamily::default().build("5x5", &table, &NoPolicyLoader) else { continue };
        let world = versus_opponent(5, text);
        let mut rng = stream(8);
        let mut state = world.reset(&mut rng);
        let mut last = state.game.move_number();
        assert_eq!(last, u32::from(text.contains("white")));
        for _ in 0..10 {
            let mut legal = vec![false; 26];
            world.legal(&state, &mut legal);
            let action = legal.iter().position(|&legal| legal).unwrap() as u32;
            if world.step(&mut state, action, &mut rng).ending.is_over() {
                break;
            }
            assert_eq!((state.game.to_play(), state.game.move_number()), (state.agent, last + 2));
            last += 2;
        }
    }
}

#[test]
fn an_opponent_may_resign_or_fail() {
    let world = versus_player("color = 'black'", |_| Ok(PlayerAction::Resign));
    let mut state = world.reset(&mut stream(0));
    assert_eq!(world.step(&mut state, 12, &mut stream(0)), Step::termination(1.0));
    assert_eq!(measured(&world, &state), [1.0, 25.0, 1.0]);
    let failures: [fn(&Game) -> Result<PlayerAction>; 2] =
        [|_| Err(Error::Unsupported("it died".into())), |_| Ok(PlayerAction::Play(12))];
    for fails in failures {
        let world = versus_player("color = 'black'", fails);
        let mut state = world.reset(&mut stream(0));
        assert_eq!(world.step(&mut state, 12, &mut stream(0)), Step::truncation(0.0));
        let measures = measured(&world, &state);
        assert!(measures[0].is_nan() && measures[1].is_nan());
    }
    // A failure on the first move ends the agent's first step.
    let world = versus_player("color = 'white'", |_| Err(Error::Unsupported("it died".into())));
    let mut state = world.reset(&mut stream(0));
    assert_eq!(state.opponent, OpponentStatus::Failed);
    assert_eq!(world.step(&mut state, 3, &mut stream(0)), Step::truncation(0.0));
}

/// Two moves of the limit are one step of the agent.
#[test]
fn games_are_truncated_at_their_move_limit() {
    assert_eq!(two_player(9, "opponent = 'self'").spec().time_limit, Some(162));
    assert_eq!(two_player(2, "opponent = 'self'").spec().time_limit, Some(50));
    assert_eq!(versus_opponent(9, "").spec().time_limit, Some(81));
    let world = Arc::new(two_player(9, "opponent = 'self'\nmove_limit = 7"));
    let mut batch = Batch::new(world, 1, Streams::new(0), Purpose::Environment, 0);
    for action in 0..7 {
        batch.step(Actions::Discrete(&[action])).unwrap();
    }
    assert_eq!((batch.view().ending[0], batch.view().reward[0]), (Ending::Truncated, 0.0));
    assert_eq!(batch.view().last_obs[..7].iter().sum::<f32>(), 3.0, "White is to move and has three stones");
}

/// A policy as opponent gets its own observation; it plays the first empty point of its mask.
#[test]
fn a_policy_can_be_the_opponent() {
    struct First;
    impl Policy for First {
        fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
            assert_eq!((obs.len(), legal.len(), rngs.len()), (6 * 25, 26, 1));
            // It is White: the plane of Black is empty.
            assert_eq!(obs[3 * 25], 0.0);
            let first = legal.iter().position(|&legal| legal).unwrap() as u32;
            *actions = ActionBuffer::Discrete(vec![first]);
        }
    }
    let settings = settings("color = 'black'");
    let first = Arc::new(PolicyPlayer::new("first".into(), Arc::new(First), 5, &settings));
    let world = GoVersusOpponent::with_player("go/test", 5, &settings, first).unwrap();
    let mut state = world.reset(&mut stream(0));
    world.step(&mut state, 12, &mut stream(0));
    world.step(&mut state, 13, &mut stream(0));
    assert_eq!([0, 1].map(|point| state.game.stone(point)), [Some(Color::White); 2]);
}

#[test]
fn scripts_play_legal_moves() {
    let world = two_player(3, "opponent = 'self'");
    let mut game = world.reset(&mut stream(0));
    let scripts = world.spec().scripts.len();
    for turn in 0.. {
        let action = world.scripted(turn % scripts, &game, &mut stream(turn as u64)).unwrap();
        assert!(game.legal(action as u16));
        if world.step(&mut game, action, &mut stream(0)).ending.is_over() || turn > 40 {
            break;
        }
    }
    assert_eq!(world.scripted(scripts, &game, &mut stream(0)), None);
}

/// Uniform play fills its own eyes: against a player that does not, it hardly ever wins.
#[test]
fn the_baseline_is_played_out() {
    let query = freewheel_core::SolveQuery::for_spec(versus_opponent(3, "").spec());
    let small = versus_opponent(3, "opponent = 'random'").baseline(&query).unwrap();
    assert_eq!(small, versus_opponent(3, "opponent = 'random'").baseline(&query).unwrap());
    assert!(small.name == "random" && (0.0..0.5).contains(&small.value), "{small:?}");
    let two_player = two_player(3, "opponent = 'self'\nkomi = 0").baseline(&query).unwrap();
    assert!((0.4..0.8).contains(&two_player.value), "{two_player:?}");
    assert!(versus_opponent(3, "opponent = 'uct:10'").baseline(&query).is_err());
}

#[test]
fn invalid_settings_are_errors() {
    let error = |name: &str, text: &str| {
        let table = text.parse().unwrap();
        GoFamily::default()
            .build(name, &table, &NoPolicyLoader)
            .map(|world| world.is_some())
            .unwrap_err()
            .to_string()
    };
    assert!(error("20x20", "").contains("2x2 to 19x19"));
    assert!(error("1x1", "").contains("2x2 to 19x19"));
    assert!(error("9x9", "komi = 0.3").contains("komi"));
    assert!(error("9x9", "komi = nan").contains("komi"));
    assert!(error("9x9", "handicap = 10").contains("handicap"));
    assert!(error("9x9", "history = 0").contains("history"));
    assert!(error("9x9", "move_limit = 0").contains("move_limit"));
    assert!(error("9x9", "opponent = 'gredy'").contains("did you mean `greedy`"));
    assert!(error("9x9", "opponents = 'greedy'").contains("did you mean `opponent`"));
    assert!(error("9x9", "ruleset = 'japanese'").contains("tromp-taylor"));
    for name in ["9x7", "9", "x", "ninexnine", "09x09", "9x9x9"] {
        assert!(
            GoFamily::default().build(name, &toml::Table::new(), &NoPolicyLoader).unwrap().is_none(),
            "{name}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// A serialized state continues as the original; a damaged one is rejected or continues without a panic.
    #[test]
    fn states_are_data(seed: u64, size in 2u8..8, steps in 0u32..20, at: usize, byte: u8) {
        let world = versus_opponent(size, "");
        let mut rng = stream(seed);
        let mut state = world.reset(&mut rng);
        for _ in 0..steps {
            let mut legal = vec![false; state.game.area() + 1];
            world.legal(&state, &mut legal);
            let all: Vec<u32> = (0u32..).zip(&legal).filter(|(_, l)| **l).map(|(action, _)| action).collect();
            let action = all[rng.below(all.len() as u32) as usize];
            if world.step(&mut state, action, &mut rng).ending.is_over() {
                break;
            }
        }
        let text = serde_json::to_string(&state).unwrap();
        let mut again: VersusOpponentState = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(serde_json::to_string(&again).unwrap(), text.clone());
        let mut other_rng = rng.clone();
        if !state.game.is_over() {
            let pass = u32::from(state.game.pass());
            prop_assert_eq!(world.step(&mut state, pass, &mut rng), world.step(&mut again, pass, &mut other_rng));
            prop_assert_eq!(serde_json::to_string(&again).unwrap(), serde_json::to_string(&state).unwrap());
        }
        let mut bytes = text.into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        // Also with the state of another board: no out-of-range access.
        if let Ok(mut odd) = serde_json::from_slice::<VersusOpponentState>(&bytes) {
            let other = versus_opponent(4, "");
            for world in [&world, &other] {
                let mut obs = vec![0.0; world.spec().observation.len()];
                let mut legal = vec![false; world.spec().actions.count()];
                world.observe(&odd, &mut obs);
                world.legal(&odd, &mut legal);
                measured(world, &odd);
                world.step(&mut odd, 0, &mut other_rng);
            }
        }
    }
}
