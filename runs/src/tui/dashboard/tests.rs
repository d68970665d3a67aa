//! Tests of whole screens of the dashboard, and of any sequence of keys, sizes and progress.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::keys::{self, Key};
use super::model::{Dashboard, JobInfo};
use super::view;
use crate::board::JobState;
use crate::curves::{Curve, Curves};
use crate::tui::palette::{Depth, Palette};
use crate::tui::snapshot;

/// Steps of a run in these tests.
const STEPS: u64 = 60_000;

/// Two worlds, two agents, three seeds.
fn jobs() -> Vec<JobInfo> {
    let mut jobs = Vec::new();
    for world in ["grid/cliff", "grid/taxi"] {
        for agent in ["q-learning", "sarsa"] {
            jobs.extend((0..3).map(|seed| JobInfo {
                world: world.into(),
                agent: agent.into(),
                seed,
                steps: STEPS,
                lower_is_better: false,
            }));
        }
    }
    jobs
}

/// Curves of a run that has made `percent` of its steps.
fn curves(seed: u64, percent: u64) -> Curves {
    let at = |i: u64| i * STEPS / 100;
    let score = |i: u64| -13.0 - 90.0 * (-(i as f64) / 12.0).exp() - ((i * 7 + seed * 5) % 5) as f64;
    let curve = |name: &str, of: &dyn Fn(u64) -> f64, every: u64| Curve {
        name: name.into(),
        points: (1..=percent / every).map(|i| (at(i * every), of(i * every))).collect(),
    };
    let all = vec![
        curve("score", &score, 1),
        curve("length", &|i| 13.0 - score(i) / 4.0, 1),
        curve("epsilon", &|i| 1.0 - i as f64 / 110.0, 1),
        curve("td_error", &|i| 5.0 / (1.0 + i as f64), 1),
        curve("learning_rate", &|_| 0.1, 1),
        curve(Curves::EVALUATION, &|i| score(i) + 2.0, 10),
    ];
    Curves { all, stalled: seed == 2 && percent > 50, ..Curves::default() }
}

/// Experiment in which some jobs are done, one has diverged, two learn and the others wait.
fn dashboard() -> Dashboard {
    let mut model = Dashboard::new("quick", jobs());
    for (index, percent) in [100, 100, 100, 100, 37, 64].into_iter().enumerate() {
        model.set_curves(index, &curves(index as u64 % 3, percent));
    }
    for second in 0..20 {
        let made = |percent: u64| STEPS * percent / 100 * (second + 1) / 20;
        let states = [
            (JobState::Done, 100),
            (JobState::Done, 100),
            (JobState::Done, 100),
            (JobState::Diverged, 41),
            (JobState::Learning, 37),
            (JobState::Learning, 64),
        ];
        for index in 0..12 {
            let (state, percent) = states.get(index).copied().unwrap_or_default();
            model.set_progress(index, state, (made(percent), made(percent)));
        }
        model.advance(Duration::from_secs(1));
    }
    model.set_scale(0, Some(-13.0), Some(-500.0));
    model.add_note("grid/cliff sarsa seed 0: diverged: td_error is NaN at step 24600");
    model.add_note("grid/cliff sarsa seed 2: stalled: -60.0 at 50 % of its steps, baseline (random) -55.0");
    model.set_memory(Some(84 << 20));
    model
}

fn screen(model: &mut Dashboard, depth: Depth, width: u16, height: u16) -> Buffer {
    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
    view::draw(model, Palette::new(depth), buf.area, &mut buf);
    buf
}

fn press(model: &mut Dashboard, code: KeyCode) {
    if let Some(Key::Model(command)) = keys::effect(KeyEvent::new(code, KeyModifiers::NONE)) {
        model.execute(command);
    }
}

#[test]
fn screens() {
    for (name, key) in [("dashboard", KeyCode::Down), ("dashboard-help", KeyCode::Char('?'))] {
        snapshot::in_each_mode(name, |palette, ascii, area, buf| {
            let mut model = dashboard();
            press(&mut model, KeyCode::Right);
            press(&mut model, key);
            view::draw(&mut model, palette, area, buf);
            if ascii {
                crate::tui::ascii::convert(area, buf);
            }
        });
    }
}

#[test]
fn screens_in_korean() {
    for (name, key) in [("dashboard", KeyCode::Down), ("dashboard-help", KeyCode::Char('?'))] {
        snapshot::in_korean(name, |palette, area, buf| {
            let mut model = dashboard();
            press(&mut model, KeyCode::Right);
            press(&mut model, key);
            view::draw(&mut model, palette, area, buf);
        });
    }
}

#[test]
fn the_help_closes_with_any_key() {
    let mut model = dashboard();
    press(&mut model, KeyCode::Char('?'));
    assert!(snapshot::text(&screen(&mut model, Depth::True, 80, 24)).contains("watch the newest policy"));
    let selected = model.selected;
    press(&mut model, KeyCode::Down);
    assert!(!model.help && model.selected == selected);
}

#[test]
fn the_metric_of_the_large_chart_changes_and_returns_to_the_score() {
    let mut model = dashboard();
    press(&mut model, KeyCode::Char('m'));
    assert_eq!(model.metric, "length");
    press(&mut model, KeyCode::Char('M'));
    press(&mut model, KeyCode::Char('M'));
    assert_eq!(model.metric, "evaluation");
    // The third group has no curves yet.
    press(&mut model, KeyCode::Right);
    press(&mut model, KeyCode::Right);
    assert_eq!((model.metric.as_str(), model.selected), ("score", 6));
    assert!(snapshot::text(&screen(&mut model, Depth::True, 80, 24)).contains("no value yet"));
    press(&mut model, KeyCode::End);
    assert_eq!(model.selected, 11);
}

#[test]
fn a_small_screen_says_what_it_needs() {
    let text = snapshot::text(&screen(&mut dashboard(), Depth::True, 39, 20));
    assert!(text.starts_with("training continues; at least 40 x 10"), "{text}");
}

/// Anything that can happen to a dashboard.
#[derive(Clone, Debug)]
enum Happening {
    Key(KeyCode),
    Time(u64),
    Size(u16, u16),
    Progress(usize, usize, u64, u64),
    Curves(usize, u64),
    Scale(usize, f64, f64),
    Note(String),
}

fn happening() -> impl Strategy<Value = Happening> {
    let number = prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(0.0), Just(1e300), -100.0..100.0];
    prop_oneof![
        prop_oneof![
            prop::char::any().prop_map(KeyCode::Char),
            prop::sample::select(vec![
                KeyCode::Up,
                KeyCode::Down,
                KeyCode::Left,
                KeyCode::Right,
                KeyCode::Home,
                KeyCode::End,
                KeyCode::Char('m'),
                KeyCode::Char('?'),
            ])
        ]
        .prop_map(Happening::Key),
        (0..100_000u64).prop_map(Happening::Time),
        (0..200u16, 0..80u16).prop_map(|(width, height)| Happening::Size(width, height)),
        (0..14usize, 0..7usize, any::<u64>(), any::<u64>())
            .prop_map(|(job, state, step, new)| Happening::Progress(job, state, step, new)),
        (0..14usize, 0..101u64).prop_map(|(job, percent)| Happening::Curves(job, percent)),
        (0..14usize, number.clone(), number).prop_map(|(job, a, b)| Happening::Scale(job, a, b)),
        any::<String>().prop_map(Happening::Note),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_sequence_of_events_panics(
        count in 0..13usize,
        happenings in prop::collection::vec(happening(), 0..60),
    ) {
        let mut model = Dashboard::new("any", jobs().into_iter().take(count).collect());
        let mut size = (80, 24);
        let states = [
            JobState::Waiting,
            JobState::Learning,
            JobState::Stalled,
            JobState::Saved,
            JobState::Diverged,
            JobState::Failed,
            JobState::Done,
        ];
        for happening in happenings {
            match happening {
                Happening::Key(code) => press(&mut model, code),
                Happening::Time(ms) => model.advance(Duration::from_millis(ms)),
                Happening::Size(width, height) => size = (width, height),
                Happening::Progress(job, state, step, new) => {
                    model.set_progress(job, states[state], (step, new));
                }
                Happening::Curves(job, percent) => model.set_curves(job, &curves(job as u64, percent)),
                Happening::Scale(job, a, b) => model.set_scale(job, Some(a), Some(b)),
                Happening::Note(text) => model.add_note(&text),
            }
            for depth in [Depth::True, Depth::None] {
                screen(&mut model, depth, size.0, size.1);
            }
            prop_assert!(model.jobs.is_empty() || model.selected < model.jobs.len());
            prop_assert!(model.metrics().contains(&&*model.metric));
        }
    }
}
