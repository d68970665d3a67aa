//! Contents of the columns of a table below its first row, and whether the first row has the column names.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use super::number::{self, Comma, Decimal};
use super::records::{Field, Records};
use freewheel_core::Result;

/// Maximum number of distinct texts of a column that are counted.
const MAX_COUNTED: usize = 10_000;
/// Number of rows that are compared with a first row of consecutive numbers.
const COMPARED_ROWS: usize = 20;

/// Contents of one column.
#[derive(Clone, Debug, Default)]
pub(super) struct Profile {
    pub(super) numbers: usize,
    pub(super) missing: usize,
    pub(super) texts: usize,
    /// First byte of the first number, the first text and the first missing value.
    pub(super) first: [Option<usize>; 3],
    /// Whether all numbers are whole.
    whole: bool,
    /// Numbers of rows of the first [`MAX_COUNTED`] texts, by hash.
    counts: HashMap<u64, u32>,
}

/// Contents of all columns.
pub(super) struct Profiles {
    pub(super) columns: Vec<Profile>,
    /// First byte of the first row with another number of fields than the first row, and this number.
    pub(super) uneven: Option<(usize, usize)>,
    /// Number of rows below the first row.
    pub(super) rows: usize,
    /// Whether one of the first rows below the first row has consecutive numbers, too.
    consecutive_below: bool,
    hasher: RandomState,
}

/// Kind of a field before the decimal mark is known.
enum Class {
    Number(Option<f64>),
    Text,
    Missing,
}

fn class(text: &str) -> Class {
    if number::is_missing(text) {
        return Class::Missing;
    }
    match text.parse::<f64>() {
        Ok(value) if !value.is_nan() => Class::Number(Some(value)),
        _ if number::comma(text).is_some() => Class::Number(None),
        _ => Class::Text,
    }
}

/// Forms of the numbers with commas of a table.
#[derive(Default)]
struct Commas {
    decimal: Option<usize>,
    thousands: Option<usize>,
    either: Option<usize>,
    point: Option<usize>,
}

impl Profiles {
    /// Contents of the rows of `records` below a first row of `width` fields, and the decimal mark of their numbers.
    ///
    /// # Errors
    /// Errors of the rows; numbers whose commas can be read in two ways.
    pub(super) fn new(mut records: Records<'_>, width: usize, decimal: Decimal) -> Result<(Self, Decimal)> {
        let columns = vec![Profile { whole: true, ..Profile::default() }; width];
        let mut all =
            Profiles { columns, uneven: None, rows: 0, consecutive_below: false, hasher: RandomState::new() };
        let (mut fields, mut commas) = (Vec::new(), Commas::default());
        while records.next(&mut fields)? {
            if fields.len() != width {
                let start = fields.first().map_or(0, |field| field.start);
                all.uneven = all.uneven.or(Some((start, fields.len())));
                continue;
            }
            if all.rows < COMPARED_ROWS {
                all.consecutive_below |= is_consecutive(&whole_numbers(&fields));
            }
            all.rows += 1;
            for (column, field) in all.columns.iter_mut().zip(&fields) {
                let at = match class(&field.text) {
                    Class::Number(value) => {
                        column.numbers += 1;
                        column.whole &= value.is_some_and(|value| value.fract() == 0.0);
                        commas.add(&field.text, field.start);
                        0
                    }
                    Class::Text => {
                        column.texts += 1;
                        let hash = all.hasher.hash_one(&field.text);
                        if column.counts.len() < MAX_COUNTED || column.counts.contains_key(&hash) {
                            *column.counts.entry(hash).or_default() += 1;
                        }
                        1
                    }
                    Class::Missing => {
                        column.missing += 1;
                        2
                    }
                };
                column.first[at].get_or_insert(field.start);
            }
        }
        let decimal = match decimal {
            Decimal::Auto => commas.mark(&records)?,
            chosen => chosen,
        };
        Ok((all, decimal))
    }

    /// Whether the first row, `fields`, has the column names; an error message if this cannot be told.
    ///
    /// It has the names if a text stands over a column of numbers, or if no field is a number and one of them does not
    /// occur below. Numbers in the first row are names only if they are consecutive whole numbers, such as `0,1,2` or
    /// `2019,2020`, over other rows.
    pub(super) fn has_header(&self, fields: &[Field<'_>]) -> Result<bool, String> {
        let over = fields.iter().zip(&self.columns);
        let is_text = |field: &Field<'_>| matches!(class(&field.text), Class::Text);
        if over.clone().any(|(field, below)| is_text(field) && below.texts == 0 && below.numbers > 0) {
            return Ok(true);
        }
        let recurs = |(field, below): (&Field<'_>, &Profile)| {
            below.counts.contains_key(&self.hasher.hash_one(&field.text))
        };
        let texts: Vec<_> = over.clone().filter(|(field, _)| is_text(field)).collect();
        let any_number = fields.iter().any(|field| matches!(class(&field.text), Class::Number(_)));
        if !any_number {
            return Ok(!texts.is_empty() && (self.rows == 0 || !texts.iter().all(|&one| recurs(one))));
        }
        // A text that recurs is a value. A number over texts is the name of a column of codes.
        let numbers = whole_numbers(fields);
        let all_whole = fields
            .iter()
            .all(|field| !matches!(class(&field.text), Class::Number(value) if value.is_none_or(|v| v.fract() != 0.0)));
        if texts.iter().any(|&one| recurs(one)) || !all_whole || self.rows == 0 {
            return Ok(false);
        }
        let below_whole = over
            .clone()
            .filter(|(field, _)| matches!(class(&field.text), Class::Number(_)))
            .all(|(_, below)| below.whole);
        let known = |&n: &i64| n == 0 || (1800..=2200).contains(&n);
        let starts_known = numbers.first().is_some_and(known);
        // A name that no row repeats, over texts that rows repeat.
        let named = !texts.is_empty()
            && texts.iter().all(|(_, below)| below.counts.values().filter(|&&count| count > 1).count() > 1);
        let message = || {
            let row: Vec<&str> = fields.iter().take(6).map(|field| &*field.text).collect();
            format!(
                "the first row ({}{}) can be column names or a sample; set header = yes or no",
                row.join(", "),
                if fields.len() > 6 { ", ..." } else { "" }
            )
        };
        match (is_consecutive(&numbers) || numbers.len() == 1, texts.is_empty()) {
            (true, _) if self.consecutive_below && numbers.len() > 2 && starts_known => Err(message()),
            _ if self.consecutive_below => Ok(false),
            // Names such as `0,1,species`.
            (true, false)
                if numbers.len() > 2 || starts_known && named || starts_known && numbers.len() > 1 =>
            {
                Ok(true)
            }
            (true, true) if numbers.len() > 2 && (!below_whole || starts_known) => Ok(true),
            (true, true) if numbers.len() > 2 || numbers.len() == 2 && starts_known => Err(message()),
            // Names such as `2010,2015,species` over decimals or repeated texts.
            (false, false) if named && !below_whole => Err(message()),
            _ => Ok(false),
        }
    }
}

/// Whole numbers among the fields.
fn whole_numbers(fields: &[Field<'_>]) -> Vec<i64> {
    let whole = |field: &Field<'_>| match class(&field.text) {
        Class::Number(Some(value)) if value.fract() == 0.0 && value.abs() < 1e15 => Some(value as i64),
        _ => None,
    };
    fields.iter().filter_map(whole).collect()
}

/// Whether `numbers` are at least two consecutive numbers in ascending order.
fn is_consecutive(numbers: &[i64]) -> bool {
    numbers.len() > 1 && numbers.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

impl Commas {
    fn add(&mut self, text: &str, at: usize) {
        let place = match number::comma(text) {
            Some(Comma::Decimal) => &mut self.decimal,
            Some(Comma::Thousands) => &mut self.thousands,
            Some(Comma::Either) => &mut self.either,
            None if text.contains('.') => &mut self.point,
            None => return,
        };
        place.get_or_insert(at);
    }

    /// Decimal mark of the table.
    fn mark(&self, records: &Records<'_>) -> Result<Decimal> {
        match (self.decimal, self.thousands.or(self.point), self.either) {
            (Some(at), Some(_), _) => Err(records.error(
                at,
                "some numbers of the table have a decimal comma and some a decimal point; correct them, or set decimal \
                 = comma or point",
            )),
            (Some(_), None, _) => Ok(Decimal::Comma),
            (None, None, Some(at)) => Err(records.error(
                at,
                "the comma of this number can be a decimal comma or separate thousands; set decimal = comma or point",
            )),
            _ => Ok(Decimal::Point),
        }
    }
}
