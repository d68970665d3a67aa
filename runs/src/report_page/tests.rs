use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::*;
use crate::document::Document;
use crate::experiment;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::score_scale::ScoreScales;

/// Runs of two agents in two worlds.
fn runs() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::standard();
    for (world, agent) in [
        ("grid/cliff", "q-learning"),
        ("grid/cliff", "random"),
        ("grid/frozenlake-4x4", "q-learning"),
        ("grid/frozenlake-4x4", "random"),
    ] {
        let doc = Document::one_run(world, agent, Some(20_000), "0..5");
        let jobs = Plan::new(&registry, &doc).unwrap().jobs;
        let (stop, scales) = (AtomicBool::new(false), ScoreScales::default());
        let progress = Progress::new(1, true);
        experiment::run(&registry, &jobs, folder.path(), 1, &stop, &progress, &scales).unwrap();
    }
    folder
}

#[test]
fn the_page_is_complete_and_needs_nothing_else() {
    let folder = runs();
    let registry = Registry::standard();
    let runs = [folder.path().to_owned()];
    let comparison = Comparison::read(&registry, &runs).unwrap();
    let question = "Is <b> & \"q\" better?";
    let page =
        ReportPage::new(&registry, &comparison, &runs, Path::new("report.html"), Some(question)).unwrap();
    let html = page.html(&registry).unwrap();
    if let Some(file) = std::env::var_os("FREEWHEEL_KEEP_REPORT") {
        std::fs::write(file, &html).unwrap();
    }
    let text = html.strip_prefix("<!DOCTYPE html>\n").unwrap();
    let document = roxmltree::Document::parse(text).unwrap();
    let named =
        |name: &'static str| document.descendants().filter(move |node| node.tag_name().name() == name);
    let heading = named("h1").next().and_then(|node| node.text());
    assert_eq!(heading, Some("Is <b> & \"q\" better?"));
    let headings: Vec<&str> = named("h2").filter_map(|node| node.text()).collect();
    assert_eq!(headings.len(), 10, "{headings:?}");
    // Scores, overall, pairs, costs: 4 rows, 2 agents, 3 pairs, 4 rows.
    let rows: Vec<usize> = named("tbody")
        .map(|body| body.children().filter(|node| node.tag_name().name() == "tr").count())
        .collect();
    assert_eq!(rows, [4, 2, 3, 4]);
    // Two worlds have curves and pictures; they and all worlds have profiles.
    assert_eq!((named("svg").count(), named("canvas").count()), (2 + 3 + 2, 2));
    for attribute in document.descendants().flat_map(|node| node.attributes()) {
        assert!(!matches!(attribute.name(), "src" | "href"), "{attribute:?}");
    }
    assert!(!html.contains("url(") && !html.contains("@import") && !html.contains("fetch("));
    let players = named("script").filter(|node| node.attribute("type") == Some("application/json"));
    for player in players {
        let data: serde_json::Value = serde_json::from_str(player.text().unwrap()).unwrap();
        let cells = data["columns"].as_u64().unwrap() * data["rows"].as_u64().unwrap();
        let frames = data["frames"].as_array().unwrap();
        let glyphs = data["glyphs"].as_array().unwrap().len() as u64;
        // The first screen draws every cell, the others those that change.
        assert_eq!(frames[0][1].as_array().unwrap().len() as u64, 2 * cells);
        assert!(frames.len() > 1 && frames[1][1].as_array().unwrap().len() < cells as usize);
        let pairs = frames.iter().flat_map(|frame| frame[1].as_array().unwrap().chunks(2));
        for pair in pairs {
            assert!(pair[0].as_u64().unwrap() < cells && pair[1].as_u64().unwrap() < glyphs);
        }
    }
    let sentences = comparison.sentences().join("\n");
    assert!(sentences.contains("grid/cliff: q-learning is better than random"), "{sentences}");
    assert_eq!(comparison.shared, ["grid/cliff", "grid/frozenlake-4x4"]);
    let markdown = page.markdown();
    for part in
        ["# Is <b>", "| grid/cliff", "## Cost of training and of use", "freewheel report", "[evaluation]"]
    {
        assert!(markdown.contains(part), "{part}: {markdown}");
    }
}
