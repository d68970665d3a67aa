//! The settings of a historical replay.

use freewheel_core::{Error, Result, settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules::MAX_ASSETS;

/// What an experiment says about a replay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// CSV file of prices, plain or gzipped: date, open, high, low, close and, if there, volume and adj close.
    #[schemars(extend("format" = "path"))]
    pub file: String,
    /// CSV files of further assets, 0 to 7; only the dates that all files have are kept.
    #[schemars(extend("format" = "path"))]
    pub others: Vec<String>,
    /// Whether prices are multiplied by adj close / close, where the file has that column.
    pub adjust: bool,
    /// Whether 1/2/2020 is the 1st of February; left out, it is with dots (1.2.2020) and is not with slashes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day_first: Option<bool>,
    /// Largest gap between bars that is no error, in days, above 0.
    pub largest_gap: f64,
    /// Share of a price, 0 to 1, by which open and close may lie outside low..high.
    pub tolerance: f64,

    /// Which bars are played: those to learn from or those to be judged by.
    pub split: Split,
    /// Into how many walk-forward folds the bars are cut, 1 or more.
    pub folds: u32,
    /// Which of the folds is played, 1 to `folds`.
    pub fold: u32,
    /// Whether a fold trains on one block of bars (true) or on all bars before its test (false).
    pub rolling: bool,
    /// Bars left out between training and test; left out, as many as the longest feature looks back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embargo: Option<u32>,
    /// Steps of a training episode, 1 or more; it begins at a random bar. A test episode is the whole test.
    pub length: u32,

    /// Actions: a table of target positions, or any position.
    pub actions: Actions,
    /// Target positions of each asset as shares of equity, without repetition; left out, [-1, 0, 1], without shorts [0, 1].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub levels: Option<Vec<f64>>,
    /// Whether positions may be short (negative).
    pub short: bool,
    /// Largest sum of the sizes of the target positions, above 0 and at most 1000, as a share of equity.
    pub leverage: f64,
    /// Commission, a share (0 to below 1) of the money traded.
    pub commission: f64,
    /// Commission of each trade, in money, 0 or more.
    pub fee: f64,
    /// Difference between the prices to buy and to sell at, in basis points; a trade pays half of it.
    pub spread: f64,
    /// How much worse than that a trade is filled, in basis points.
    pub slippage: f64,
    /// Equity at the start of an episode, in money, 1e-6 to 1e15.
    pub equity: f64,
    /// Share of the first equity, above 0 and below 1, at or below which an episode ends in ruin with exactly this share.
    pub ruin: f64,
    /// Bars in a year, above 0, for annual measures; left out, 252 for daily bars and as the dates say for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub periods: Option<f64>,

    /// Feature: log returns over so many bars, each 1 or more.
    pub returns: Vec<u32>,
    /// Feature: standard deviation of the one-bar log returns of so many bars, each 2 or more.
    pub volatility: Vec<u32>,
    /// Feature: log return over so many bars in units of its own volatility, each 2 or more.
    pub momentum: Vec<u32>,
    /// Feature: log distance of the close from its mean over so many bars, each 2 or more.
    pub average: Vec<u32>,
    /// Feature: Wilder's relative strength index with simple means over so many bars, each 1 or more.
    pub rsi: Vec<u32>,
    /// Feature: log of the volume over its mean of so many bars, each 2 or more; the files must have volumes.
    pub volume: Vec<u32>,
    /// Standard deviations at which a standardized feature is cut off, above 0 and at most 1000000.
    pub clip: f32,
}

/// Which bars of a fold are played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// Episodes of `length` steps from a random bar among those to learn from.
    #[default]
    Train,
    /// One episode over all bars after those, without the embargo.
    Test,
}

/// How an action says which positions are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Actions {
    /// It chooses a row of the table of `levels`, in all combinations that `leverage` allows.
    #[default]
    Table,
    /// It is the positions themselves.
    Continuous,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            file: String::new(),
            others: Vec::new(),
            adjust: true,
            day_first: None,
            largest_gap: 10.0,
            tolerance: 1e-4,
            split: Split::Train,
            folds: 4,
            fold: 4,
            rolling: false,
            embargo: None,
            length: 252,
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

impl Settings {
    /// Reads and checks a table of an experiment file.
    ///
    /// # Errors
    /// [`Error::Config`] naming the setting, what is wrong with it and the mend.
    pub fn read(table: &toml::Table, of: &str) -> Result<Self> {
        let settings: Settings = settings::read(table, of)?;
        settings.check().map_err(|wrong| Error::Config(format!("{of}: {wrong}")))?;
        Ok(settings)
    }

    /// The target positions of one asset.
    pub(super) fn levels(&self) -> Vec<f64> {
        let default: &[f64] = if self.short { &[-1.0, 0.0, 1.0] } else { &[0.0, 1.0] };
        self.levels.clone().unwrap_or_else(|| default.to_vec())
    }

    /// What a trade costs, as a share of the money traded.
    pub(super) fn cost(&self) -> f64 {
        self.commission + (self.spread / 2.0 + self.slippage) * 1e-4
    }

    /// What is wrong, if anything.
    pub(super) fn check(&self) -> Result<(), String> {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let not_negative = |x: f64| x.is_finite() && x >= 0.0;
        let least = |windows: &[u32], least: u32| windows.iter().all(|&w| (least..=1_000_000).contains(&w));
        let levels = self.levels();
        let repeated = (1..levels.len()).any(|i| levels[..i].contains(&levels[i]));
        let rules = [
            (
                !self.file.is_empty(),
                "file is missing; give the CSV file of the prices, such as \"GOOGL.csv\"",
            ),
            (self.others.len() < MAX_ASSETS, "others has more than 7 files; leave some out"),
            (positive(self.largest_gap), "largest_gap is a number of days above 0"),
            ((0.0..=1.0).contains(&self.tolerance), "tolerance is a share from 0 to 1"),
            (self.folds >= 1, "folds is 1 or more"),
            ((1..=self.folds).contains(&self.fold), "fold is a number from 1 to folds"),
            (self.length >= 1, "length is 1 step or more"),
            (
                positive(self.leverage) && self.leverage <= 1000.0,
                "leverage is a number above 0 and at most 1000",
            ),
            (
                !levels.is_empty() && !repeated && levels.iter().all(|x| x.is_finite()),
                "levels is a list of different finite numbers, such as [-1, 0, 1]",
            ),
            (
                self.short || levels.iter().all(|&x| x >= 0.0),
                "levels has a negative position and short is false; leave it out or set short = true",
            ),
            (
                levels.iter().all(|x| x.abs() <= self.leverage),
                "levels has a position above leverage; leave it out or raise leverage",
            ),
            ((0.0..1.0).contains(&self.commission), "commission is a share from 0 to below 1"),
            (not_negative(self.fee), "fee is an amount of money, 0 or more"),
            (not_negative(self.spread), "spread is a number of basis points, 0 or more"),
            (not_negative(self.slippage), "slippage is a number of basis points, 0 or more"),
            (
                self.cost() * self.leverage < 1.0 && self.cost() < 1.0,
                "commission, spread and slippage take all that leverage can trade; lower one of them",
            ),
            ((1e-6..=1e15).contains(&self.equity), "equity is an amount of money from 1e-6 to 1e15"),
            (self.ruin > 0.0 && self.ruin < 1.0, "ruin is a share above 0 and below 1"),
            (self.periods.is_none_or(positive), "periods is a number of bars a year above 0"),
            (
                least(&self.returns, 1) && least(&self.rsi, 1),
                "returns and rsi are bars, each from 1 to 1000000",
            ),
            (
                [&self.volatility, &self.momentum, &self.average, &self.volume].iter().all(|w| least(w, 2)),
                "volatility, momentum, average and volume are bars, each from 2 to 1000000",
            ),
            (self.clip > 0.0 && self.clip <= 1e6, "clip is a number above 0 and at most 1000000"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, wrong)| Err(wrong.to_owned()))
    }
}
