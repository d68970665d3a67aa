//! Settings of a historical replay.

use freewheel_core::{Error, Result, settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::Columns;
use super::rules::MAX_ASSETS;

/// Settings of a historical replay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// CSV file of prices, plain or gzipped, with the columns date, open, high, low, close and optionally volume and
    /// adj close.
    #[schemars(extend("format" = "path"))]
    pub file: String,
    /// CSV files of further assets, 0 to 7; only dates that all files have are kept.
    #[schemars(extend("format" = "path"))]
    pub others: Vec<String>,
    /// Whether prices are multiplied by adj close / close, where the file has that column.
    pub adjust: bool,
    /// Whether 1/2/2020 is the 1st of February; by default true for dates with dots (1.2.2020) and false for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day_first: Option<bool>,
    /// Names of the columns in their order, for a file without a header or with other names, such as ["date", "open",
    /// "high", "low", "close", "volume"]; "-" is a column that is not used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// Whether 1,5 is one and a half (true) or commas separate thousands (false); by default the prices tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal_comma: Option<bool>,
    /// Stock splits that prices are not adjusted for: "refuse" the file, "adjust" the prices before them, or "keep"
    /// them.
    #[serde(skip_serializing_if = "Splits::is_default")]
    pub splits: Splits,
    /// Largest allowed gap without bars, in trading days beyond the usual distance of bars, above 0.
    pub largest_gap: f64,
    /// Relative amount, 0 to 1, by which open and close may lie outside low..high.
    pub tolerance: f64,

    /// Bars of the episodes: "train" or "test".
    pub split: Split,
    /// Bars on which trained policies are evaluated: "test", by default, or "train".
    pub evaluation_split: Split,
    /// Number of walk-forward folds, 1 or more; by default 4, or 1 for a file that is too short for 4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folds: Option<u32>,
    /// Fold to play, 1 to `folds`; by default the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fold: Option<u32>,
    /// Whether a fold trains on one block of bars (true) or on all bars before its test (false).
    pub rolling: bool,
    /// Bars left out between training and test; by default as many as the longest feature looks back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embargo: Option<u32>,
    /// Steps of a training episode, 1 or more; by default 252, or half the training bars if they are fewer than 253. It
    /// starts at a random bar. A test episode covers the whole test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,

    /// Actions: rows of a table of target positions ("table"), or the positions themselves ("continuous").
    pub actions: Actions,
    /// Discrete target positions of each asset as fractions of equity, all different; by default [-1, 0, 1], or [0,
    /// 1] without short positions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub levels: Option<Vec<f64>>,
    /// Whether positions may be short (negative).
    pub short: bool,
    /// Largest sum of the sizes of the target positions, as a multiple of equity, above 0 and at most 1000.
    pub leverage: f64,
    /// Commission as a fraction of the money traded, 0 to below 1.
    pub commission: f64,
    /// Commission per trade, in money, 0 or more.
    pub fee: f64,
    /// Bid-ask spread in basis points, 0 or more; a trade pays half of it.
    pub spread: f64,
    /// Slippage in basis points, 0 or more: additional cost of a trade.
    pub slippage: f64,
    /// Equity at the start of an episode, in money, 1e-6 to 1e15.
    pub equity: f64,
    /// Fraction of the initial equity, above 0 and below 1, at or below which an episode ends with exactly this
    /// equity.
    pub ruin: f64,
    /// Bars per year for annual measures, above 0; by default 252 for daily bars, and derived from the dates for
    /// others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub periods: Option<f64>,

    /// Feature windows in bars, each 1 or more: log return.
    pub returns: Vec<u32>,
    /// Feature windows in bars, each 2 or more: standard deviation of the one-bar log returns.
    pub volatility: Vec<u32>,
    /// Feature windows in bars, each 2 or more: log return divided by its volatility.
    pub momentum: Vec<u32>,
    /// Feature windows in bars, each 2 or more: log distance of the close from its mean.
    pub average: Vec<u32>,
    /// Feature windows in bars, each 1 or more: relative strength index with simple means.
    pub rsi: Vec<u32>,
    /// Feature windows in bars, each 2 or more: log of the volume over its mean; all files need volumes.
    pub volume: Vec<u32>,
    /// Bound at which standardized features are clipped, in standard deviations, above 0 and at most 1000000.
    pub clip: f32,
}

/// Handling of stock splits that prices are not adjusted for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Splits {
    /// Refuse: a file with such a change of the price is an error.
    #[default]
    Refuse,
    /// Adjust: the prices before a split are divided by its ratio.
    Adjust,
    /// Keep: the prices are used as they are.
    Keep,
}

impl Splits {
    fn is_default(&self) -> bool {
        *self == Splits::Refuse
    }
}

/// Choice of the bars of a fold that are played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// Training: episodes of `length` steps from a random training bar.
    #[default]
    Train,
    /// Test: one episode over all test bars.
    Test,
}

/// Choice of the kind of actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Actions {
    /// Table: an action is a row of the table of all combinations of `levels` that `leverage` allows.
    #[default]
    Table,
    /// Continuous: an action is the target positions as real numbers.
    Continuous,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            file: String::new(),
            others: Vec::new(),
            adjust: true,
            day_first: None,
            columns: Vec::new(),
            decimal_comma: None,
            splits: Splits::Refuse,
            largest_gap: 10.0,
            tolerance: 1e-4,
            split: Split::Train,
            evaluation_split: Split::Test,
            folds: None,
            fold: None,
            rolling: false,
            embargo: None,
            length: None,
            actions: Actions::Table,
            levels: None,
            short: true,
            leverage: 1.0,
            commission: 5e-4,
            fee: 0.0,
            spread: 2.0,
            slippage: 1.0,
            equity: 10_000.0,
            ruin: 0.01,
            periods: None,
            returns: vec![1, 5, 20],
            volatility: vec![20],
            momentum: vec![60],
            average: vec![10, 50],
            rsi: vec![14],
            volume: Vec::new(),
            clip: 5.0,
        }
    }
}

/// Default number of folds.
pub(super) const FOLDS: u32 = 4;

impl Settings {
    /// Reads and checks the settings of a world; `of` is the id of the world, with which error messages begin.
    ///
    /// # Errors
    /// [`Error::Setting`] with the setting, the problem and the remedy.
    pub fn read(table: &toml::Table, of: &str) -> Result<Self> {
        let settings: Settings = settings::read(table, of)?;
        settings.check().map_err(|error| error.of(of))?;
        Ok(settings)
    }

    /// Discrete target positions of one asset.
    pub(super) fn levels(&self) -> Vec<f64> {
        let default: &[f64] = if self.short { &[-1.0, 0.0, 1.0] } else { &[0.0, 1.0] };
        self.levels.clone().unwrap_or_else(|| default.to_vec())
    }

    /// Cost of a trade as a fraction of the money traded.
    pub(super) fn cost(&self) -> f64 {
        self.commission + (self.spread / 2.0 + self.slippage) * 1e-4
    }

    /// Checks the ranges of all settings.
    ///
    /// # Errors
    /// [`Error::Setting`] for the first setting that is out of range.
    pub(super) fn check(&self) -> Result<()> {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let not_negative = |x: f64| x.is_finite() && x >= 0.0;
        let levels = self.levels();
        let repeated = (1..levels.len()).any(|i| levels[..i].contains(&levels[i]));
        let rules = [
            (!self.file.is_empty(), "file must name the CSV file of the prices, such as \"GOOGL.csv\""),
            (self.others.len() < MAX_ASSETS, "others must have at most 7 files"),
            (positive(self.largest_gap), "largest_gap must be a number of days above 0"),
            ((0.0..=1.0).contains(&self.tolerance), "tolerance must be between 0 and 1"),
            (self.folds != Some(0), "folds must be at least 1"),
            (
                self.fold.is_none_or(|fold| (1..=self.folds.unwrap_or(FOLDS)).contains(&fold)),
                "fold must be between 1 and folds",
            ),
            (self.length != Some(0), "length must be at least 1"),
            (positive(self.leverage) && self.leverage <= 1000.0, "leverage must be above 0 and at most 1000"),
            (
                !levels.is_empty() && !repeated && levels.iter().all(|x| x.is_finite()),
                "levels must be different finite numbers, such as [-1, 0, 1]",
            ),
            (
                self.short || levels.iter().all(|&x| x >= 0.0),
                "levels has a negative position, which needs short = true",
            ),
            (
                levels.iter().all(|x| x.abs() <= self.leverage),
                "levels has a position above leverage; remove it or raise leverage",
            ),
            ((0.0..1.0).contains(&self.commission), "commission must be at least 0 and below 1"),
            (not_negative(self.fee), "fee must be 0 or more"),
            (not_negative(self.spread), "spread must be 0 or more basis points"),
            (not_negative(self.slippage), "slippage must be 0 or more basis points"),
            (
                self.cost() * self.leverage < 1.0 && self.cost() < 1.0,
                "commission + (spread / 2 + slippage) / 10000, times leverage, must be below 1; lower one of them",
            ),
            ((1e-6..=1e15).contains(&self.equity), "equity must be between 1e-6 and 1e15"),
            (self.ruin > 0.0 && self.ruin < 1.0, "ruin must be above 0 and below 1"),
            (self.periods.is_none_or(positive), "periods must be a number of bars per year above 0"),
            (self.clip > 0.0 && self.clip <= 1e6, "clip must be above 0 and at most 1000000"),
        ];
        if let Some((_, message)) = rules.into_iter().find(|(holds, _)| !holds) {
            // Every message begins with the name of its setting.
            return Err(Error::setting(message.split(' ').next().unwrap_or_default(), message));
        }
        if !self.columns.is_empty() {
            Columns::named(self)?;
        }
        let windows = [
            ("returns", &self.returns, 1),
            ("volatility", &self.volatility, 2),
            ("momentum", &self.momentum, 2),
            ("average", &self.average, 2),
            ("rsi", &self.rsi, 1),
            ("volume", &self.volume, 2),
        ];
        for (key, windows, min) in windows {
            if !windows.iter().all(|w| (min..=1_000_000).contains(w)) {
                return Err(Error::setting(key, format!("{key} must be windows of {min} to 1000000 bars")));
            }
        }
        Ok(())
    }
}
