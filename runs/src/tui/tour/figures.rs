//! Figures of the scenes, as their pages show them, compared with the pages of results in `docs/results`.
//!
//! The data of scene 2 (8 x 8 digits) and the corridor of scene 7 have no like there.

use std::time::Duration;

use freewheel_agents::data::embedded;

use super::page::Page;
use super::page::Shared;
use super::pages;
use crate::Registry;
use crate::messages::Language;

/// Shared data of the pages, with a registry that lives as long as the program.
fn shared() -> Shared {
    let registry: &'static Registry = Box::leak(Box::new(Registry::standard()));
    Shared { registry, ledger: super::ledger::Ledger::default(), language: Language::En, garments: None }
}

/// Fact of a page.
fn fact(page: &dyn Page, shared: &Shared, key: &str) -> String {
    let facts = page.facts(shared);
    let found = facts.iter().find(|(name, _)| *name == key);
    found.unwrap_or_else(|| panic!("no fact {key}")).1.clone()
}

/// Value of what a page says about its state: the key of the text, and the value of a placeholder.
fn outcome(page: &dyn Page, key: &str, name: &str) -> f64 {
    let (said, values) = page.outcome().unwrap();
    assert_eq!(said, key);
    values.iter().find(|(value, _)| *value == name).unwrap().1.parse().unwrap()
}

/// Lets time pass until the work in the background has ended.
fn finish(page: &mut dyn Page, shared: &mut Shared) {
    while page.progress().is_some() {
        page.advance(Duration::from_millis(10), shared);
        std::thread::sleep(Duration::from_millis(10));
    }
    page.advance(Duration::ZERO, shared);
}

/// Page of results.
fn results(name: &str) -> String {
    let file = format!("{}/../docs/results/{name}.md", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Number `column` (from 0, the first cell being empty) of the row of a table that begins with `row`.
fn cell(page: &str, row: &str, column: usize) -> f64 {
    let line = page.lines().find(|line| line.starts_with(row)).unwrap_or_else(|| panic!("no row {row}"));
    let cell = line.split('|').nth(column + 1).unwrap().trim().trim_matches('*');
    let number = cell.trim_end_matches(['%', 's', ' ']).to_owned();
    number.parse().unwrap_or_else(|_| panic!("{row}: `{cell}`"))
}

/// Number after `words` on a page.
fn number_after(page: &str, words: &str) -> f64 {
    let (_, after) = page.split_once(words).unwrap();
    let number: String = after.chars().take_while(|c| c.is_ascii_digit() || "-.".contains(*c)).collect();
    number.trim_end_matches('.').parse().unwrap()
}

#[test]
fn the_line_is_that_of_the_results() {
    let results = results("estimators");
    let (_, results) = results.split_once("`women`:").unwrap();
    let (mut page, mut shared) = (pages::line::Line::new(), shared());
    for _ in 0..400 {
        page.press(3, &mut shared);
    }
    // Pounds per inch on the page, kilograms per centimeter on the screen.
    let slope = number_after(results, "slope ") * 0.453_592_37 / 2.54;
    assert!(fact(&page, &shared, "").starts_with(&format!("kg = {slope:.2} ")));
    let women = embedded::women().unwrap().train;
    let pounds = women.targets.values().unwrap();
    let mean = pounds.iter().sum::<f64>() / pounds.len() as f64;
    let variance = pounds.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / pounds.len() as f64;
    let error = 0.453_592_37 * ((1.0 - number_after(results, "R² ")) * variance).sqrt();
    assert_eq!(fact(&page, &shared, "least-error"), format!("{error:.2} kg"));
    assert_eq!(outcome(&page, "line-found", "best"), (100.0 * error).round() / 100.0);
}

#[test]
fn the_deep_sea_is_that_of_the_results() {
    let results = results("tabular");
    let mut shared = shared();
    let mut page = pages::deep_sea::DeepSea::new(shared.registry);
    let best = cell(&results, "| grid/deepsea-10 | q-learning |", 2);
    assert_eq!(fact(&page, &shared, "best-return"), format!("{best:.2}"));
    const EPISODES: u32 = 4000;
    for _ in 0..EPISODES {
        page.press(1, &mut shared);
    }
    // The random player of the results finds the treasure, 1, with this probability; half of its 10 steps cost .001.
    let rows: Vec<&str> = results.lines().collect();
    let sea = rows.iter().position(|row| row.starts_with("| grid/deepsea-10 |")).unwrap();
    let random = rows[sea..].iter().find(|row| row.starts_with("| | random |")).unwrap();
    let score = cell(random, "| | random |", 2);
    let expected = f64::from(EPISODES) * (score + 0.005);
    let found: f64 = fact(&page, &shared, "sea-chance").parse().unwrap();
    // Interval of 95 % of a Poisson number.
    assert!((found - expected).abs() <= 1.96 * expected.sqrt() + 0.5, "{found} of {expected}");
    // The curious agent has the best return of the results: from its first find on it misses few episodes.
    let first = outcome(&page, "sea", "first");
    let curious = outcome(&page, "sea", "curious");
    assert!(first < 500.0 && curious > 0.9 * (f64::from(EPISODES) - first), "{first} {curious}");
}

#[test]
fn the_maze_has_the_shortest_way_of_the_results() {
    let results = results("presets");
    let mut shared = shared();
    let mut page = pages::teacher::Teacher::new(shared.registry);
    page.press(1, &mut shared);
    let shortest: f64 = fact(&page, &shared, "shortest").parse().unwrap();
    // The reward 1 at the goal, discounted by .95 a step.
    let best = cell(&results, "| grid/dyna-maze | `q-learning` |", 4);
    assert!((0.95f64.powf(shortest - 1.0) - best).abs() < 0.0006, "{shortest} {best}");
}

/// One seed on the screen is within the interval of five seeds on the page.
#[test]
fn the_tasks_are_those_of_the_default_experiment() {
    let results = results("examples");
    let mut shared = shared();
    let mut page = pages::worlds::Worlds::new();
    let mut learn = |task: f64| {
        page.set(0, task, &mut shared);
        page.press(1, &mut shared);
        finish(&mut page, &mut shared);
        let (_, values) = page.outcome().unwrap();
        move |name: &str| -> f64 {
            values.iter().find(|(value, _)| *value == name).unwrap().1.parse().unwrap()
        }
    };
    let within = |shown: f64, world: &str, agent: &str| {
        let (_, rows) = results.split_once(&format!("\n| {world} |")).unwrap();
        let row = rows.lines().find(|row| row.contains(&format!(" {agent} |"))).unwrap();
        let (_, cells) = row.split_once(&format!(" {agent} |")).unwrap();
        let (low, high) = cells.split('|').nth(1).unwrap().split_once("..").unwrap();
        let [low, high]: [f64; 2] = [low, high].map(|end| end.trim().parse().unwrap());
        assert!((low - 0.005..=high + 0.005).contains(&shown), "{world} {agent}: {shown} of {low} to {high}");
    };
    let driving = learn(1.0);
    within(driving("first"), "track/circle", "random");
    within(driving("last"), "track/circle", "q-lambda");
    within(driving("best"), "track/circle", "reference");
    let trading = learn(2.0);
    within(trading("last"), "market/execution", "q-learning");
    within(trading("best"), "market/execution", "reference");
    let go = learn(3.0);
    within(go("last"), "go/3x3", "q-learning");
    within(go("cloned"), "go/3x3", "cloning");
}

/// The smile of the tour is learned by a network of half the size from a quarter of the faces: its change is between
/// those of the two concepts on the page, with the interval of 30 pairs of faces.
#[test]
fn the_smile_moves_as_in_the_results() {
    let results = results("faces");
    let mut shared = shared();
    let mut page = pages::latent::Smile::new();
    finish(&mut page, &mut shared);
    const PAIRS: u32 = 30;
    let mut moved = Vec::new();
    for _ in 0..PAIRS {
        let mut smile = |by: f64| -> f64 {
            page.set(1, by, &mut shared);
            fact(&page, &shared, "smile-now").parse().unwrap()
        };
        // The range of the smile is 2, from -1 to 1.
        moved.push((smile(0.5) - smile(-0.5)) / 2.0);
        page.press(2, &mut shared);
    }
    let n = f64::from(PAIRS);
    let mean = moved.iter().sum::<f64>() / n;
    let deviation = (moved.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let half = 2.05 * deviation / n.sqrt();
    let mut rows = results.lines().filter(|line| line.starts_with("| **smile** |"));
    let [factor, groups] = [(); 2].map(|()| cell(rows.next().unwrap(), "| **smile** |", 2) / 100.0);
    assert!(groups - half <= mean && mean <= factor + half, "{mean} of {groups} to {factor}");
}
