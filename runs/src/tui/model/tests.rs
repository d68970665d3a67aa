use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use freewheel_core::{Actions, Ending, Policy};

use super::*;
use crate::tui::clock::Speed;
use crate::tui::episode::EpisodeEnd;
use crate::tui::keys;
use crate::tui::test_worlds::{self, SlipperyGrid, TakeOne, model};

fn press(model: &mut Model, key: KeyCode) {
    if let Some(command) = keys::command(KeyEvent::new(key, KeyModifiers::NONE), model) {
        model.execute(command);
    }
    model.refresh();
}

fn typed(model: &mut Model, text: &str) {
    text.chars().for_each(|c| press(model, KeyCode::Char(c)));
}

/// Rewards and pictures from here to the end of the episode.
fn trace(model: &mut Model) -> Vec<(Option<u32>, String)> {
    let mut trace = Vec::new();
    while model.episode.over().is_none() {
        press(model, KeyCode::Char('n'));
        trace.push((model.episode.last().map(|m| m.reward.to_bits()), model.picture.to_text()));
    }
    trace
}

#[test]
fn episodes_are_the_same_whenever_they_are_shown() {
    let mut model = model();
    let first = trace(&mut model);
    press(&mut model, KeyCode::Char('N'));
    assert_eq!(model.episode.number(), 1);
    let second = trace(&mut model);
    assert_ne!(first, second);
    press(&mut model, KeyCode::Char('b'));
    assert_eq!(trace(&mut model), first);
    press(&mut model, KeyCode::Char('N'));
    assert_eq!(trace(&mut model), second);
    press(&mut model, KeyCode::Char('r'));
    assert_eq!(trace(&mut model), second);
    // Shown five times, counted twice.
    assert_eq!(model.returns().len(), 2);
}

#[test]
fn the_first_episode_has_none_before_it() {
    let mut model = model();
    press(&mut model, KeyCode::Char('b'));
    assert_eq!(model.note.as_deref(), Some("this is the first episode"));
    assert_eq!(model.episode.number(), 0);
    press(&mut model, KeyCode::Char('f'));
    assert_eq!(model.note, None);
}

#[test]
fn a_step_back_and_forth_is_the_same_step() {
    let mut model = model();
    let whole = trace(&mut model);
    for _ in 0..3 {
        press(&mut model, KeyCode::Left);
    }
    assert!(model.episode.over().is_none());
    assert_eq!(model.picture.to_text(), whole[whole.len() - 4].1);
    assert_eq!(trace(&mut model), whole[whole.len() - 3..]);
    for _ in 0..99 {
        press(&mut model, KeyCode::Left);
    }
    assert_eq!(model.note.as_deref(), Some("this is the start of the episode"));
    assert_eq!(trace(&mut model), whole);
}

#[test]
fn policies_are_switched_on_the_same_episode() {
    let mut model = model();
    press(&mut model, KeyCode::Char('N'));
    let first = trace(&mut model);
    press(&mut model, KeyCode::Char(']'));
    assert_eq!((model.policy_index, model.episode.number(), model.episode.runner().length()), (1, 1, 0));
    assert_ne!(trace(&mut model), first);
    assert_eq!(model.returns().len(), 1);
    press(&mut model, KeyCode::Char('['));
    assert_eq!(model.policy_index, 0);
    assert_eq!(trace(&mut model), first);
}

#[test]
fn time_makes_steps() {
    let mut model = model();
    assert_eq!(model.due(), Some(Duration::from_millis(100)));
    model.advance(Duration::from_millis(250));
    assert!(model.tick() && model.tick() && !model.tick());
    assert_eq!(model.episode.runner().length(), 2);
    press(&mut model, KeyCode::Char(' '));
    assert_eq!(model.due(), None);
    model.advance(Duration::from_secs(9));
    assert!(!model.tick());
    press(&mut model, KeyCode::Char(' '));
    // Time while paused makes no steps.
    assert!(!model.tick());
}

#[test]
fn high_speed_goes_through_episodes_and_shows_when_it_lags() {
    let mut model = model();
    for _ in 0..30 {
        press(&mut model, KeyCode::Char('+'));
    }
    assert_eq!(model.clock.label(), "64x");
    model.clock = Clock::new(&*model.world, Speed::StepsPerSecond(100_000.0));
    model.advance(Duration::from_secs(1));
    for _ in 0..1500 {
        assert!(model.tick());
    }
    model.drop_step_debt();
    assert!(model.lagging && !model.tick());
    assert!(model.episode.number() > 20);
    assert_eq!(model.returns().len() as u64, model.episode.number());
    for _ in 0..30 {
        press(&mut model, KeyCode::Char('-'));
    }
    assert_eq!((model.clock.label().as_str(), model.lagging), ("0.25x", false));
}

#[test]
fn an_ending_stays_on_the_screen() {
    let mut model = model();
    while model.episode.over().is_none() {
        model.advance(Duration::from_millis(100));
        model.tick();
    }
    let mut waited = Duration::ZERO;
    while model.episode.over().is_some() {
        model.advance(Duration::from_millis(50));
        model.tick();
        waited += Duration::from_millis(50);
    }
    assert!((1.0..1.3).contains(&waited.as_secs_f64()), "{waited:?}");
}

#[test]
fn playing_plays_the_pressed_actions() {
    let mut model = model();
    press(&mut model, KeyCode::Char('p'));
    assert!(model.human_to_move() && !model.running);
    // At the lower left, left and down are not legal.
    press(&mut model, KeyCode::Left);
    assert_eq!(model.note.as_deref(), Some("left is not legal here"));
    press(&mut model, KeyCode::Char('3'));
    assert_eq!(model.note.as_deref(), Some("down is not legal here"));
    press(&mut model, KeyCode::Char('7'));
    assert_eq!(model.note.as_deref(), Some("there is no action 7"));
    press(&mut model, KeyCode::Char('0'));
    assert_eq!(model.note.as_deref(), Some("there is no action 10"));
    assert_eq!(model.episode.runner().length(), 0);
    press(&mut model, KeyCode::Up);
    press(&mut model, KeyCode::Char('w'));
    press(&mut model, KeyCode::Char('1'));
    assert_eq!((model.episode.runner().length(), model.note.as_deref()), (3, None));
    press(&mut model, KeyCode::Char('l'));
    assert_eq!(model.episode.runner().length(), 4);
    press(&mut model, KeyCode::Char('R'));
    assert_eq!(model.episode.runner().length(), 0);
    // Into a hole, unless a random step leads elsewhere.
    while model.episode.over().is_none() {
        press(&mut model, KeyCode::Right);
        press(&mut model, KeyCode::Down);
    }
    press(&mut model, KeyCode::Right);
    assert!(model.note.as_deref().is_some_and(|note| note.starts_with("the episode is over")));
    assert_eq!(model.returns().len(), 1);
    press(&mut model, KeyCode::Char('p'));
    assert!(model.human.is_none() && model.running);
    assert_eq!(model.returns().len(), 0);
}

#[test]
fn another_seed_is_another_episode_with_the_same_number() {
    let mut model = test_worlds::model();
    press(&mut model, KeyCode::Char('N'));
    press(&mut model, KeyCode::End);
    while model.tick() {}
    let play = |model: &Model| {
        let actions = model.episode.steps().iter().map(|step| step.action.discrete());
        (actions.collect::<Vec<_>>(), model.episode.rewards())
    };
    let (before, number, seed) = (play(&model), model.episode.number(), model.seed);
    press(&mut model, KeyCode::Char('s'));
    assert_eq!((model.episode.number(), model.episode.position(), model.seed), (number, 0, seed + 1));
    assert_eq!(model.returns().len(), 0);
    press(&mut model, KeyCode::End);
    while model.tick() {}
    assert_ne!(play(&model), before);
}

#[test]
fn a_policy_that_plays_an_illegal_action_stops_with_a_message() {
    struct IllegalPolicy;
    impl Policy for IllegalPolicy {
        fn act(&self, _: &[f32], _: &[bool], _: &mut [freewheel_core::Stream], actions: &mut ActionBuffer) {
            *actions = ActionBuffer::Discrete(vec![3]);
        }
    }
    let world = SlipperyGrid::world(4, 3);
    let mut model = Model::new(
        Watch::new(Arc::clone(&world)).policy("illegal", Arc::new(IllegalPolicy) as Arc<dyn Policy>),
    );
    model.advance(Duration::from_secs(1));
    model.tick();
    assert!(!model.running);
    assert!(model.note.as_deref().is_some_and(|note| note.contains("not legal")), "{:?}", model.note);
}

#[test]
fn a_board_game_is_played_by_name_against_the_policy() {
    let world = test_worlds::nim();
    let mut model =
        Model::new(Watch::new(Arc::clone(&world)).policy("take one", Arc::new(TakeOne) as Arc<dyn Policy>));
    press(&mut model, KeyCode::Char('p'));
    // Letters are typed, even those that are commands otherwise.
    typed(&mut model, "qp");
    press(&mut model, KeyCode::Backspace);
    press(&mut model, KeyCode::Enter);
    assert!(model.note.as_deref().is_some_and(|note| note.starts_with("no action is called q")));
    typed(&mut model, "thr");
    press(&mut model, KeyCode::Enter);
    assert_eq!(model.episode.runner().obs(), [9.0]);
    typed(&mut model, "two");
    press(&mut model, KeyCode::Enter);
    assert_eq!(model.note.as_deref(), Some("it is the policy's turn"));
    model.advance(Duration::from_secs(1));
    assert!(model.tick() && !model.tick());
    assert_eq!(model.episode.runner().obs(), [8.0]);
    typed(&mut model, "nine");
    press(&mut model, KeyCode::Enter);
    assert_eq!(model.note.as_deref(), Some("nine is not legal here"));
    typed(&mut model, "eight");
    press(&mut model, KeyCode::Enter);
    assert_eq!(
        (model.episode.over(), model.episode.runner().episode_return()),
        (Some(EpisodeEnd::Terminal), 1.0)
    );
    assert_eq!(model.due(), None);
    // The episode is over: N is the next episode, where letters are typed again.
    press(&mut model, KeyCode::Char('N'));
    assert_eq!((model.episode.number(), model.episode.over()), (1, None));
    typed(&mut model, "three");
    press(&mut model, KeyCode::Enter);
    assert_eq!(model.episode.runner().obs(), [9.0]);
    press(&mut model, KeyCode::Esc);
    assert!(model.human.is_none() && model.exit.is_none());
}

#[test]
fn continuous_actions_are_entered_or_repeated_by_time() {
    let world = test_worlds::steering();
    let mut model = Model::new(Watch { max_steps: 12, ..Watch::new(Arc::clone(&world)) });
    assert!(model.human.is_some(), "without a policy the user plays");
    for key in [KeyCode::Right, KeyCode::Right, KeyCode::Right, KeyCode::Down, KeyCode::Right, KeyCode::Enter]
    {
        press(&mut model, key);
    }
    let last = model.episode.last().cloned().unwrap();
    assert_eq!(last.action.as_actions(), Actions::Continuous(&[0.6, 0.1]));
    press(&mut model, KeyCode::Char(' '));
    model.advance(Duration::from_secs(9));
    while model.tick() {}
    assert_eq!((model.episode.runner().length(), model.episode.over()), (12, Some(EpisodeEnd::Cut)));
    assert_eq!(model.episode.runner().ending(), Ending::Running);
    press(&mut model, KeyCode::Char('p'));
    assert_eq!(model.note.as_deref(), Some("there is no policy to continue"));
}

#[test]
fn escape_closes_the_innermost_first() {
    let mut model = model();
    press(&mut model, KeyCode::Char('p'));
    press(&mut model, KeyCode::Char('?'));
    assert!(model.help);
    press(&mut model, KeyCode::Esc);
    assert!(!model.help && model.human.is_some());
    press(&mut model, KeyCode::Esc);
    assert!(model.human.is_none() && model.exit.is_none());
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.exit, Some(Exit::Quit));
}

#[test]
fn control_c_quits_from_anywhere() {
    for key in ["", "p", "p?", "?"] {
        let mut model = model();
        typed(&mut model, key);
        let event = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        let command = keys::command(event, &model).unwrap();
        model.execute(command);
        assert_eq!(model.exit, Some(Exit::Quit), "after {key:?}");
    }
}

#[test]
fn no_key_panics() {
    let mut worlds = [model(), test_worlds::on(SlipperyGrid::world(90, 60))];
    let [steering, nim] = [test_worlds::steering(), test_worlds::nim()];
    let mut others = [
        Model::new(Watch::new(Arc::clone(&steering))),
        Model::new(Watch { speed: Speed::StepsPerSecond(f64::NAN), ..Watch::new(Arc::clone(&nim)) }),
    ];
    let mut rng = freewheel_core::Streams::new(1).stream(freewheel_core::Purpose::WatchAction, 0, 0);
    let named =
        [KeyCode::Up, KeyCode::Down, KeyCode::Left, KeyCode::Right, KeyCode::Enter, KeyCode::Backspace];
    for model in worlds.iter_mut().chain(&mut others) {
        for _ in 0..2000 {
            let draw = rng.below(127 - 32 + 6) as u8;
            let key = named.get(usize::from(draw)).copied();
            press(model, key.unwrap_or(KeyCode::Char(char::from(draw.saturating_sub(6) + 32))));
            model.exit = None;
            model.advance(Duration::from_millis(20));
            for _ in 0..3 {
                model.tick();
            }
        }
    }
}

fn click(model: &mut Model, kind: MouseEventKind, step: usize) {
    let bar = model.areas.bar();
    let column = bar.x + model.timeline_column(step, bar.width);
    model.mouse(MouseEvent { kind, column, row: bar.y, modifiers: KeyModifiers::NONE });
}

#[test]
fn the_timeline_goes_anywhere_and_keeps_the_later_steps() {
    let mut model = model();
    let whole = trace(&mut model);
    model.fit(Rect::new(0, 0, 120, 40));
    assert_eq!(model.timeline_steps(), whole.len());
    for step in [0, whole.len() / 2, whole.len()] {
        click(&mut model, MouseEventKind::Down(MouseButton::Left), step);
        assert_eq!((model.episode.position(), model.running), (step, false));
        click(&mut model, MouseEventKind::Up(MouseButton::Left), step);
    }
    press(&mut model, KeyCode::Home);
    assert_eq!((model.episode.position(), model.episode.known()), (0, whole.len()));
    // Forward again: the same steps, and no new ones.
    assert_eq!(trace(&mut model), whole);
    press(&mut model, KeyCode::Home);
    press(&mut model, KeyCode::End);
    assert_eq!(model.episode.position(), whole.len());
    press(&mut model, KeyCode::Home);
    typed(&mut model, "g1x");
    assert_eq!(model.entry.as_deref(), Some("1"));
    press(&mut model, KeyCode::Enter);
    assert_eq!((model.episode.position(), model.entry.as_deref()), (1, None));
}

#[test]
fn the_end_of_an_unknown_episode_is_played_at_once() {
    let mut model = model();
    press(&mut model, KeyCode::End);
    while model.tick() {}
    assert!(model.episode.over().is_some());
    assert_eq!(model.due(), None, "the viewer is paused at the end");
}

#[test]
fn another_action_replaces_the_later_steps() {
    let mut model = model();
    let whole = trace(&mut model);
    press(&mut model, KeyCode::Home);
    press(&mut model, KeyCode::Char('p'));
    let first = model.episode.steps()[0].action.clone();
    // The same action: the later steps stay, and this one is the user's.
    model.play_action(first.clone());
    assert_eq!((model.episode.position(), model.episode.known()), (1, whole.len()));
    assert!(model.episode.steps()[0].by_human && model.episode.by_human());
    // Up or down along the left edge, where there is no hole.
    let second = model.episode.steps()[1].action.clone();
    let other = if second == ActionBuffer::Discrete(vec![0]) { 2 } else { 0 };
    model.play_action(ActionBuffer::Discrete(vec![other]));
    assert_eq!((model.episode.position(), model.episode.known()), (2, 2));
    // Handing back: the policy goes on from here.
    press(&mut model, KeyCode::Char('p'));
    assert!(model.human.is_none());
    press(&mut model, KeyCode::Char('n'));
    assert!(!model.episode.steps()[2].by_human);
}

#[test]
fn an_episode_is_repeated_in_a_loop() {
    let mut model = model();
    press(&mut model, KeyCode::Char('l'));
    for _ in 0..200 {
        model.advance(Duration::from_millis(500));
        while model.tick() {}
    }
    assert_eq!(model.episode.number(), 0);
    press(&mut model, KeyCode::Char('l'));
    for _ in 0..200 {
        model.advance(Duration::from_millis(500));
        while model.tick() {}
    }
    assert!(model.episode.number() > 0);
}

#[test]
fn a_finished_episode_of_the_user_is_passed_on() {
    let kept = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let all = std::rc::Rc::clone(&kept);
    let mut model = Model::new(Watch {
        human: true,
        on_episode: Some(Box::new(move |played| {
            all.borrow_mut().push(played.clone());
            "kept".into()
        })),
        ..test_worlds::watch()
    });
    press(&mut model, KeyCode::Up);
    // One step of the policy, then the user's.
    press(&mut model, KeyCode::Char('n'));
    assert!(kept.borrow().is_empty());
    while model.episode.over().is_none() {
        press(&mut model, KeyCode::Right);
        press(&mut model, KeyCode::Down);
    }
    assert_eq!(model.note.as_deref(), Some("kept"));
    let played = kept.borrow()[0].clone();
    assert_eq!((kept.borrow().len(), played.episode), (1, 0));
    assert_eq!((played.actions.len(), played.human_steps + 1), (model.episode.known(), played.actions.len()));
    assert_eq!(played.actions[0], ActionBuffer::Discrete(vec![0]));
    // An episode of the policy alone is not kept.
    press(&mut model, KeyCode::Char('p'));
    press(&mut model, KeyCode::Char('N'));
    trace(&mut model);
    assert_eq!(kept.borrow().len(), 1);
}

#[test]
fn a_held_key_starts_the_clock_and_drives() {
    let world = crate::Registry::standard().build_world("classic/cartpole", &toml::Table::new()).unwrap();
    let mut model = Model::new(Watch { human: true, ..Watch::new(world) });
    model.advance(Duration::from_secs(1));
    assert!(!model.tick(), "nothing moves before the first key");
    press(&mut model, KeyCode::Right);
    model.advance(Duration::from_millis(100));
    while model.tick() {}
    assert_eq!(model.episode.position(), 5);
    assert!(model.episode.steps().iter().all(|step| step.action == ActionBuffer::Discrete(vec![1])));
    press(&mut model, KeyCode::Tab);
    assert!(!model.running);
    press(&mut model, KeyCode::Left);
    assert_eq!((model.episode.position(), model.episode.last().unwrap().action.discrete()), (6, Some(0)));
}

#[test]
fn a_stone_is_placed_by_the_mouse_or_the_cursor() {
    let world = crate::Registry::standard().build_world("go/5x5", &toml::Table::new()).unwrap();
    let mut model = Model::new(Watch { human: true, ..Watch::new(world) });
    model.fit(Rect::new(0, 0, 80, 24));
    let (x, y) = model.episode.runner().action_cell(&model.picture, 12).unwrap();
    let (left, top) = model.viewport.origin;
    let column = (x as i32 - left) as u16 + model.areas.world.x;
    let row = (y as i32 - top) as u16 + model.areas.world.y;
    let kind = MouseEventKind::Down(MouseButton::Left);
    assert!(model.mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    assert_eq!(model.episode.steps()[0].action, ActionBuffer::Discrete(vec![12]));
    // The cursor appears at the last stone, and moves to the next point.
    press(&mut model, KeyCode::Down);
    let here = model.cursor_cell().unwrap();
    press(&mut model, KeyCode::Left);
    let there = model.cursor_cell().unwrap();
    assert!(there.0 < here.0 && there.1 == here.1, "{here:?} {there:?}");
    let steps = model.episode.position();
    press(&mut model, KeyCode::Enter);
    assert_eq!(model.episode.position(), steps + usize::from(model.note.is_none()));
    typed(&mut model, "resign");
    press(&mut model, KeyCode::Enter);
    assert_eq!(model.episode.number(), 1);
}
