//! Comparison of measures of returns with empyrical-reloaded, SciPy and, if installed, quantstats.
//!
//! Requires the Python environment of `tests/peers/setup`, or `FREEWHEEL_PYTHON` naming a Python with empyrical.
//! Without it the test is skipped with a note, or fails if `FREEWHEEL_REFEREES=required`. Generated series are always
//! compared; real prices if they are in `FREEWHEEL_DATA` (default `~/.cache/freewheel/data`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use freewheel_core::{Purpose, Streams};
use freewheel_envs::market::metrics::{self, Trials};
use freewheel_envs::market::replay::{Bars, Prices, Settings};
use freewheel_tests::python;
use serde_json::{Value, json};

/// Relative tolerance for sums in another order.
const TOLERANCE: f64 = 1e-9;

const BENCHMARK: f64 = 0.01;
const TRIALS: Trials = Trials { count: 20.0, variance: 4e-4 };

/// Series of returns, and the number of bars per year.
type Series = (Vec<f64>, f64);

fn data() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/freewheel/data"));
    std::env::var_os("FREEWHEEL_DATA").map(PathBuf::from).or_else(home).unwrap_or_default().join("prices")
}

/// Returns of the closing prices of a file, adjusted if the file has adjusted prices.
fn returns_of_file(file: &Path) -> Series {
    let bars = Bars::read(file, &Settings::default()).unwrap();
    let prices = Prices::align(&[bars], 10.0).unwrap();
    (prices.close.windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect(), prices.periods())
}

fn series() -> BTreeMap<String, Series> {
    let mut all = BTreeMap::new();
    for (seed, (mean, std, periods)) in
        [(5e-4, 0.01, 252.0), (-1e-3, 0.03, 52.0), (1e-5, 1e-3, 6240.0)].into_iter().enumerate()
    {
        let mut rng = Streams::new(seed as u64).stream(Purpose::Generation, 0, 0);
        let returns = (0..700).map(|_| mean + std * rng.normal()).collect();
        all.insert(format!("generated-{seed}"), (returns, periods));
    }
    for name in ["GOOGL.csv", "EURUSD_1H.csv", "sp500.csv.gz", "nasdaq.csv.gz"] {
        let file = data().join(name);
        if file.exists() {
            all.insert(name.to_owned(), returns_of_file(&file));
        } else {
            eprintln!("SKIPPED: {} does not exist; set FREEWHEEL_DATA to the folder of data", file.display());
        }
    }
    all
}

/// Our measures of the returns, by the name of the measure.
fn ours(returns: &[f64], periods: f64) -> BTreeMap<&'static str, f64> {
    BTreeMap::from([
        ("total return", metrics::total_return(returns)),
        ("CAGR", metrics::cagr(returns, periods)),
        ("volatility", metrics::volatility(returns, periods)),
        ("Sharpe", metrics::sharpe(returns, periods)),
        ("Sortino", metrics::sortino(returns, periods)),
        ("max drawdown", metrics::max_drawdown(returns)),
        ("Calmar", metrics::calmar(returns, periods)),
        ("skewness", metrics::skewness(returns)),
        ("kurtosis", metrics::kurtosis(returns)),
        ("probabilistic Sharpe", metrics::probabilistic_sharpe(returns, BENCHMARK)),
        ("expected maximum Sharpe", metrics::expected_maximum_sharpe(TRIALS)),
        ("deflated Sharpe", metrics::deflated_sharpe(returns, TRIALS)),
    ])
}

#[test]
fn measures_equal_those_of_other_packages() {
    let Some(python) = python("empyrical", "empyrical-reloaded") else { return };
    let all = series();
    let given: serde_json::Map<String, Value> = all
        .iter()
        .map(|(name, (returns, periods))| {
            let (trials, variance) = (TRIALS.count, TRIALS.variance);
            let given = json!({
                "returns": returns, "periods": periods, "benchmark": BENCHMARK, "trials": trials, "variance": variance,
            });
            (name.clone(), given)
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("series.json");
    std::fs::write(&file, serde_json::to_string(&given).unwrap()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/finance_metrics.py");
    let output = Command::new(python).arg(script).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let measures = found.as_object().unwrap().values().flat_map(|of| of.as_object().unwrap().keys());
    if !measures.into_iter().any(|measure| measure.starts_with("quantstats")) {
        eprintln!(
            "SKIPPED: quantstats is not installed; tests/peers/setup leaves it out because it is large"
        );
    }
    for (name, (returns, periods)) in &all {
        let ours = ours(returns, *periods);
        let theirs = found[name].as_object().unwrap();
        assert!(theirs.len() >= ours.len(), "{name}: only {} measures were compared", theirs.len());
        for (measure, theirs) in theirs {
            let (_, of) = measure.split_once(' ').unwrap();
            let (mine, theirs) = (ours[of], theirs.as_f64().unwrap());
            assert!(
                (mine - theirs).abs() <= TOLERANCE * (1.0 + theirs.abs()),
                "{name}: {measure}: {mine} {theirs}"
            );
        }
    }
}

/// Reference: empyrical-reloaded, quantstats and ffn agree on these measures of holding GOOGL (adjusted closing prices,
/// 252 bars per year).
#[test]
fn googl_has_its_known_measures() {
    let file = data().join("GOOGL.csv");
    if !file.exists() {
        eprintln!("SKIPPED: {} does not exist; set FREEWHEEL_DATA to the folder of data", file.display());
        return;
    }
    let (returns, periods) = returns_of_file(&file);
    assert_eq!(periods, 252.0);
    let close = |found: f64, known: f64| assert!((found - known).abs() < 5e-9, "{found} {known}");
    close(metrics::sharpe(&returns, periods), 0.961_307_77);
    close(metrics::sortino(&returns, periods), 1.460_242_91);
    close(metrics::max_drawdown(&returns), -0.304_236_15);
}
