//! Tests of the pages of the panel as text, on the two usual sizes of a terminal.

use std::sync::Arc;

use freewheel_core::{Policy, PolicyMode, Streams};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;

use super::*;
use crate::tui::Watch;
use crate::tui::insight::Page;
use crate::tui::keys::Command;
use crate::tui::learner::tests::learn_here;
use crate::tui::test_worlds::{self, SlipperyGrid};

/// Screen as text; without colors, which must change no glyph, no cell has a color.
fn screen(model: &mut Model, width: u16, height: u16) -> String {
    model.fit(Rect { x: 0, y: 0, width, height });
    let [colored, plain] = [Depth::True, Depth::None].map(|depth| {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let palette = Palette::new(depth);
        terminal.draw(|frame| draw(model, palette, frame.area(), frame.buffer_mut())).unwrap();
        terminal.backend().buffer().clone()
    });
    assert!(plain.content.iter().all(|cell| (cell.fg, cell.bg) == (Color::Reset, Color::Reset)));
    let text = |buffer: &Buffer, from: u16| -> String {
        let rows = buffer.content.chunks(usize::from(width)).map(|row| {
            let symbols = row.iter().skip(usize::from(from)).map(|cell| cell.symbol());
            symbols.collect::<String>().trim_end().to_owned() + "\n"
        });
        rows.collect()
    };
    let panel = model.areas.panel.x;
    assert_eq!(text(&colored, panel), text(&plain, panel));
    text(&colored, 0)
}

/// Snapshots of the page `page` on 80 x 24 and 120 x 40 cells.
fn check(name: &str, model: &mut Model, page: Page) {
    model.insight.page = page;
    for (width, height) in [(80, 24), (120, 40)] {
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), screen(model, width, height));
    }
}

#[test]
fn action_values_have_a_stated_scale() {
    let mut model = test_worlds::model();
    (0..4).for_each(|_| model.execute(Command::Step));
    check("page_actions", &mut model, Page::Actions);
}

#[test]
fn the_observation_has_its_own_page() {
    let mut model = test_worlds::model();
    check("page_observation", &mut model, Page::Observation);
}

#[test]
fn the_update_is_an_equation_with_its_numbers() {
    let world = SlipperyGrid::world(5, 3);
    for (id, steps) in [("q-learning", 40), ("n-step-sarsa", 40), ("q-lambda", 40)] {
        let learner = Some(learn_here(id, world.spec()));
        let mut model = Model::new(Watch { learner, ..Watch::new(Arc::clone(&world)) });
        model.execute(Command::Learn);
        for _ in 0..steps {
            model.execute(Command::Step);
        }
        // Not at the start of an episode, which has no update of its own.
        while model.episode.position() == 0 || model.learner().is_some_and(|l| l.updates().is_empty()) {
            model.execute(Command::Step);
        }
        check(&format!("page_update_{id}"), &mut model, Page::Update);
    }
}

#[test]
fn a_neuron_is_a_sum_of_products() {
    let world = SlipperyGrid::world(5, 3);
    let factory = freewheel_agents::all().into_iter().find(|factory| factory.id() == "ppo").unwrap();
    let budget = freewheel_agents::Budget { steps: 1000, num_envs: 1 };
    let settings = "hidden_sizes = [12]\nnum_steps = 16\nminibatch_size = 16".parse().unwrap();
    let agent = factory.build(world.spec(), &settings, budget, Streams::new(4)).unwrap();
    let policy: Arc<dyn Policy> = Arc::from(agent.policy(PolicyMode::Greedy));
    let mut model = Model::new(Watch::new(world).policy("ppo", policy));
    check("probabilities", &mut model, Page::Actions);
    model.insight.page = Page::Neuron;
    model.refresh();
    model.execute(Command::Neuron(1, 0));
    model.refresh();
    model.execute(Command::Neuron(0, 1));
    check("page_neuron", &mut model, Page::Neuron);
}

#[test]
fn continuous_actions_have_a_mean_and_a_deviation() {
    let world = test_worlds::steering();
    let factory = freewheel_agents::all().into_iter().find(|factory| factory.id() == "random").unwrap();
    let budget = freewheel_agents::Budget { steps: 1000, num_envs: 1 };
    let agent = factory.build(world.spec(), &toml::Table::new(), budget, Streams::new(4)).unwrap();
    let policy: Arc<dyn Policy> = Arc::from(agent.policy(PolicyMode::Greedy));
    let mut model = Model::new(Watch::new(world).policy("random", policy));
    model.execute(Command::Step);
    check("continuous", &mut model, Page::Actions);
}
