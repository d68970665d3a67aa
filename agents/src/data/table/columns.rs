//! Columns of a table, filled row by row.

use std::collections::HashMap;

use super::number::{self, Decimal, Digits};
use super::profile::Profiles;
use super::records::{Field, Records};
use super::{Kind, Layout, Missing, Table, is_missing, targets};
use crate::data::{TargetSpec, Targets};
use freewheel_core::Result;

/// Maximum number of different texts of a column.
const MAX_TEXTS: usize = 100_000;

/// One column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Name; `x1`, `x2`, ... without a header.
    pub name: String,
    /// Values of all rows.
    pub values: Values,
}

/// Values of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Numbers `[N]`; NaN for a missing one.
    Numbers(Vec<f64>),
    /// Texts.
    Texts {
        /// Different texts, in numerical or alphabetical order.
        names: Vec<String>,
        /// Index of each row's text in `names`, `[N]`; [`Values::MISSING`] for a missing one.
        codes: Vec<u32>,
    },
}

impl Values {
    /// Code of a missing text.
    pub const MISSING: u32 = u32::MAX;
}

/// Column that is being filled.
enum Filling {
    LeftOut,
    Numbers(Vec<f64>, Digits),
    Texts(HashMap<String, u32>, Vec<u32>),
}

/// Table that is being filled.
pub(super) struct Builder<'a> {
    records: &'a Records<'a>,
    names: &'a [String],
    profiles: &'a Profiles,
    decimal: Decimal,
    layout: Layout<'a>,
    target: Option<usize>,
    columns: Vec<Filling>,
    rows: usize,
    /// First byte of the first row.
    start: usize,
    /// Number of rows left out without a target, and with another missing value.
    left_out: [usize; 2],
    /// Whether a row without a target was kept.
    unlabeled: bool,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        records: &'a Records<'a>,
        names: &'a [String],
        profiles: &'a Profiles,
        decimal: Decimal,
        layout: Layout<'a>,
        target: Option<usize>,
    ) -> Self {
        Builder {
            records,
            names,
            profiles,
            decimal,
            layout,
            target,
            columns: Vec::new(),
            rows: 0,
            start: 0,
            left_out: [0; 2],
            unlabeled: false,
        }
    }

    /// Chooses for each column whether it has numbers or texts; `left_out` and `as_text` are the columns of these
    /// settings.
    ///
    /// # Errors
    /// [`Error::Input`] for a column of numbers and texts, one without a value, and if no feature is left.
    pub(super) fn choose_kinds(&mut self, left_out: &[usize], as_text: &[usize]) -> Result<()> {
        let features =
            (0..self.names.len()).filter(|i| Some(*i) != self.target && !left_out.contains(i)).count();
        if features == 0 {
            return Err(self.records.error(0, "no column is left as a feature; leave fewer columns out"));
        }
        // Columns of a file that is predicted have the kinds of the fit.
        let known = self.layout.prepared.filter(|prepared| prepared.width() == features);
        let mut feature = 0;
        for i in 0..self.names.len() {
            let is_target = Some(i) == self.target;
            let filling = if is_target {
                self.target_kind(i)?
            } else if left_out.contains(&i) {
                Filling::LeftOut
            } else {
                feature += 1;
                match known.map(|prepared| prepared.is_text(feature - 1)) {
                    Some(true) => texts(),
                    Some(false) => numbers(),
                    None if as_text.contains(&i) => texts(),
                    None => self.feature_kind(i)?,
                }
            };
            self.columns.push(filling);
        }
        Ok(())
    }

    fn feature_kind(&self, i: usize) -> Result<Filling> {
        let profile = &self.profiles.columns[i];
        let name = &self.names[i];
        match (profile.numbers, profile.texts, profile.first) {
            (0, 0, [.., at]) => Err(self.records.error(
                at.unwrap_or_default(),
                format!("column {name} has no value; leave it out with leave_out = [\"{name}\"]"),
            )),
            (_, 0, _) => Ok(numbers()),
            (0, ..) => Ok(texts()),
            (some_numbers, some_texts, [number, text, _]) => {
                let (at, message) = match some_texts <= some_numbers {
                    true => (text, "is not a number as the other values of its column"),
                    false => (number, "is a number, and other values of its column are texts"),
                };
                let at = at.unwrap_or_default();
                Err(self.records.error(
                    at,
                    format!(
                        "`{}` {message}; correct it, set text or leave_out = [\"{name}\"], or set `target` to this \
                         column",
                        self.text_at(at)
                    ),
                ))
            }
        }
    }

    fn target_kind(&self, i: usize) -> Result<Filling> {
        let profile = &self.profiles.columns[i];
        let [number, text, missing] = profile.first.map(Option::unwrap_or_default);
        match (self.layout.kind, profile.numbers, profile.texts) {
            (_, 0, 0) if self.layout.prepared.is_some() => Ok(numbers()),
            (_, 0, 0) => {
                Err(self.records.error(missing, "no row has a target; add targets, or set target = none"))
            }
            (Kind::Classes, ..) => Ok(texts()),
            (_, _, 0) => Ok(numbers()),
            (Kind::Number, 0, _) => Err(self
                .records
                .error(text, format!("`{}` is not a number; set kind = classes", self.text_at(text)))),
            (_, 0, _) => Ok(texts()),
            // Numbers and class names are mixed: the rarer kind is reported as the mistake.
            (_, numbers, texts) if numbers < texts => {
                let found = self.text_at(number);
                let message =
                    format!("`{found}` is a number among class names; correct it, or set kind = classes");
                Err(self.records.error(number, message))
            }
            _ => {
                let found = self.text_at(text);
                let message = format!("`{found}` is not a number; correct the row, or set kind = classes");
                Err(self.records.error(text, message))
            }
        }
    }

    /// Text of the field at byte `at`.
    fn text_at(&self, at: usize) -> String {
        self.records.text_at(at).chars().take(60).collect()
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`Error::Input`] for a missing value that is refused, a number that is not finite or has too many digits, and
    /// too many different texts.
    pub(super) fn push(&mut self, fields: &[Field<'_>]) -> Result<()> {
        if self.rows == 0 {
            self.start = fields.first().map_or(0, |field| field.start);
        }
        let kept = self.layout.prepared.is_some();
        for (i, field) in fields.iter().enumerate() {
            if matches!(self.columns[i], Filling::LeftOut) || !is_missing(&field.text) {
                continue;
            }
            let is_target = Some(i) == self.target;
            match self.layout.missing {
                Missing::Refuse if !kept => {
                    let value = if is_target { "target" } else { "value" };
                    let message = format!("the {value} is missing; add it, or delete the row");
                    return Err(self.records.error(field.start, message));
                }
                Missing::Fill if !is_target => {}
                _ if kept => self.unlabeled |= is_target,
                _ => {
                    self.left_out[usize::from(!is_target)] += 1;
                    return Ok(());
                }
            }
        }
        for (field, column) in fields.iter().zip(&mut self.columns) {
            let text = &*field.text;
            let missing = is_missing(text);
            match column {
                Filling::LeftOut => {}
                Filling::Numbers(values, _) if missing => values.push(f64::NAN),
                Filling::Numbers(values, digits) => {
                    let value = number_of(text, self.decimal, digits);
                    values.push(value.map_err(|message| self.records.error(field.start, message))?);
                }
                Filling::Texts(_, codes) if missing => codes.push(Values::MISSING),
                Filling::Texts(index, codes) => {
                    let next = index.len() as u32;
                    let code = match index.get(text) {
                        Some(&code) => code,
                        None if index.len() == MAX_TEXTS => {
                            let message =
                                format!("the column has more than {MAX_TEXTS} different texts; leave it out");
                            return Err(self.records.error(field.start, message));
                        }
                        None => *index.entry(text.to_owned()).or_insert(next),
                    };
                    codes.push(code);
                }
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// The table of all rows.
    ///
    /// # Errors
    /// [`Error::Input`] if no row is left, and for targets of which each is another class.
    pub(super) fn finish(self) -> Result<Table> {
        let Builder { records, names, layout, target, rows, start, left_out, .. } = self;
        let words = ["without a target", "with a missing value"];
        let notes: Vec<String> = left_out
            .iter()
            .zip(words)
            .filter(|(count, _)| **count > 0)
            .map(|(count, why)| {
                format!("{count} of {} rows {why} left out", rows + left_out[0] + left_out[1])
            })
            .collect();
        if rows == 0 {
            return Err(records.error(start, format!("no row is left: {}", notes.join(", "))));
        }
        let (mut columns, mut found) = (Vec::new(), None);
        for (i, (filling, name)) in self.columns.into_iter().zip(names).enumerate() {
            let values = match filling {
                Filling::LeftOut => continue,
                Filling::Numbers(values, _) => Values::Numbers(values),
                Filling::Texts(index, codes) => sorted(index, codes),
            };
            match Some(i) == target {
                true => found = Some((values, name)),
                false => columns.push(Column { name: name.clone(), values }),
            }
        }
        let (spec, targets) = match found {
            Some((values, name)) if !self.unlabeled => {
                let kind = layout.kind;
                targets::of(values, name, kind, layout.prepared.is_none())
                    .map_err(|message| records.error(start, message))?
            }
            _ => (TargetSpec::None, Targets::None),
        };
        Ok(Table { columns, target: spec, targets, notes, rows })
    }
}

fn numbers() -> Filling {
    Filling::Numbers(Vec::new(), Digits::default())
}

fn texts() -> Filling {
    Filling::Texts(HashMap::new(), Vec::new())
}

fn number_of(text: &str, decimal: Decimal, digits: &mut Digits) -> Result<f64, String> {
    match number::parse(text, decimal) {
        None => Err(format!("`{text}` is not a number; correct the row, or leave the column out")),
        Some(value) if !value.is_finite() => {
            Err(format!("`{text}` is not a finite number; correct or delete the row"))
        }
        Some(value) if !digits.add(text, value) => Err(format!(
            "`{text}` and another value of its column are different and become one number of 64 bits; shorten them, \
             leave the column out (leave_out), or read it as texts (text)"
        )),
        Some(value) => Ok(value),
    }
}

/// Texts in numerical or alphabetical order, with their new codes.
fn sorted(index: HashMap<String, u32>, mut codes: Vec<u32>) -> Values {
    let mut all: Vec<(String, u32)> = index.into_iter().collect();
    let value = |name: &str| name.parse::<f64>().unwrap_or(f64::INFINITY);
    all.sort_by(|(a, _), (b, _)| value(a).total_cmp(&value(b)).then_with(|| a.cmp(b)));
    let mut moved = vec![0; all.len()];
    (0..).zip(&all).for_each(|(new, &(_, old))| moved[old as usize] = new);
    codes.iter_mut().filter(|code| **code != Values::MISSING).for_each(|code| *code = moved[*code as usize]);
    Values::Texts { names: all.into_iter().map(|(name, _)| name).collect(), codes }
}
