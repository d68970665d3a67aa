use freewheel_core::Certainty;

use super::*;

/// Row with a score and everything that makes it wide.
fn row(world: &str, agent: &str, mean: f64, unit: &str) -> Row {
    let lower_is_better = unit == "s";
    let (best, worst) = if lower_is_better { (20.0, 60.0) } else { (-13.0, -56_000.0) };
    let reference = Reference { value: best, kind: Certainty::Exact, upper: None };
    let measure = |name: &str| MeasureMean { name: name.to_owned(), mean: Some(12.345) };
    let names = ["lap time (s)", "laps finished", "time off the road (%)", "speed (m/s)", "damage"];
    Row {
        world: world.to_owned(),
        agent: agent.to_owned(),
        seeds: 3,
        diverged: 0,
        stalled: Vec::new(),
        scores: vec![mean],
        mean: Some(mean),
        iqm: Some(mean),
        interval: Some(Interval { low: mean - 1.0, high: mean + 1.0 }),
        online: Some(2.0 * mean),
        online_interval: None,
        reference: Some(reference),
        baseline: Some(Baseline { name: "center-line".into(), value: worst }),
        gap: Some(reference.gap(mean, lower_is_better)),
        lower_is_better,
        unit: unit.to_owned(),
        normalized: Some((mean - worst) / (best - worst)),
        normalized_scores: vec![(mean - worst) / (best - worst)],
        measures: if lower_is_better { names.map(measure).into() } else { Vec::new() },
        steps_per_second: Some(1.7e6),
    }
}

fn report() -> Report {
    let mut stalled = row("grid/cliff", "random", -5000.0, "");
    stalled.stalled.push(Stalled {
        seed: 0,
        steps: 1000,
        figures: Stall {
            since: 500,
            score: -5000.0,
            interval: None,
            baseline: Baseline { name: "first legal action".into(), value: -4000.0 },
        },
    });
    let rows = vec![
        row("grid/cliff", "q-learning", -13.0, ""),
        row("grid/cliff", "sarsa", -17.0, ""),
        stalled,
        row("track/silverstone-national", "policy-gradient 1a2b3c4d", 31.5, "s"),
        row("track/silverstone-national", "ppo", 23.25, "s"),
    ];
    let overall = overall(&rows);
    Report { experiment: "example".into(), out: "results/example".into(), rows, overall, reached: Vec::new() }
}

#[test]
fn the_tables_fit_every_width() {
    let report = report();
    for width in [60, 80, 100, 120] {
        let text = report.to_text(Layout { width: Some(width), colors: false });
        for line in text.lines() {
            assert!(line.width() <= width, "{width}: {line}");
            // Lines of a table begin and end with a border: none is wrapped.
            assert_eq!(line.starts_with('│'), line.ends_with('│'), "{width}: {line}");
        }
        for name in ["grid/cliff", "q-learning", "track/silverstone-national", "policy-gradient 1a2b3c4d"] {
            assert!(text.contains(name), "{width}: {name} is missing in\n{text}");
        }
        assert!(text.contains("Hidden columns:") && text.contains("--wide shows all"), "{width}\n{text}");
    }
    let wide = report.to_text(Layout::FILE);
    assert!(!wide.contains("Hidden") && wide.contains("training score") && wide.contains("1.7 M"), "{wide}");
}

#[test]
fn the_best_score_of_each_world_is_accented() {
    let text = report().to_text(Layout::FILE);
    let accented: Vec<&str> = text.lines().filter(|line| line.contains('*')).collect();
    assert_eq!(accented.len(), 2, "{text}");
    assert!(accented[0].contains("-13.00 *") && accented[1].contains("23.25 *"), "{text}");
    let colored = report().to_text(Layout { width: None, colors: true });
    assert!(colored.contains("\x1b[1;32m") && !colored.contains('*'));
    assert!(!report().to_markdown().contains('*'));
}

#[test]
fn scores_near_the_reference_differ() {
    let text = report().to_markdown();
    let cells = |agent: &str| -> Vec<String> {
        let line = text.lines().find(|line| line.contains(agent)).unwrap();
        line.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    // Four steps more than the optimum, where the random player needs 56,000.
    assert_eq!(cells("q-learning")[6..8], ["0.000", "1.000"]);
    assert_eq!(cells("sarsa")[6..8], ["4.000", "0.9999"]);
    assert_eq!(cells(" ppo")[6..8], ["3.250 s", "0.919"]);
    assert_eq!(
        [1.0, 0.9994, 0.99951, 1.000_02].map(normalized_text),
        ["1.000", "0.999", "0.9995", "1.00002"]
    );
}
