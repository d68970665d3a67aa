//! Stock splits that prices are not adjusted for.
//!
//! A split of 1 share into k divides the price by k between two bars. A change of the price from a close to the next
//! open by such a ratio is rarely anything else, and a policy would learn from it as from a loss.

use super::bars::Bars;
use super::settings::Splits;

/// Relative distance of a change from the ratio of a split: the change of the price itself.
const TOLERANCE: f64 = 0.03;

/// Ratios of splits that are no integers.
const FRACTIONS: [(f64, &str); 3] = [(1.5, "3:2"), (2.5, "5:2"), (3.5, "7:2")];

/// Ratio of a split, as a factor of the price, and its name.
#[derive(Clone, Debug, PartialEq)]
struct Ratio {
    factor: f64,
    name: String,
}

/// Split by which an opening price differs from the close before it; `None` for other changes.
fn ratio(close: f64, open: f64) -> Option<Ratio> {
    let (down, size) = if open < close { (true, close / open) } else { (false, open / close) };
    let near = |ratio: f64| (size / ratio - 1.0).abs() <= TOLERANCE;
    let integer = size.round();
    let (ratio, name) = if let Some(&(ratio, name)) = FRACTIONS.iter().find(|(ratio, _)| near(*ratio)) {
        (ratio, name.to_owned())
    } else if integer >= 2.0 && near(integer) {
        (integer, format!("{integer}:1"))
    } else {
        return None;
    };
    let name = match (down, name.split_once(':')) {
        (false, Some((a, b))) => format!("{b}:{a}"),
        _ => name,
    };
    Some(Ratio { factor: if down { 1.0 / ratio } else { ratio }, name })
}

/// Finds splits in `bars` and refuses them, keeps them, or adjusts the bars before them.
///
/// # Errors
/// Index of the first bar after the first split, and the problem with its remedy.
pub(super) fn check(bars: &mut Bars, splits: Splits) -> Result<(), (usize, String)> {
    let found: Vec<(usize, Ratio)> = (1..bars.close.len())
        .filter_map(|index| Some((index, ratio(bars.close[index - 1], bars.open[index])?)))
        .collect();
    match splits {
        Splits::Keep => Ok(()),
        Splits::Adjust => {
            adjust(bars, &found);
            Ok(())
        }
        Splits::Refuse => match found.first() {
            None => Ok(()),
            Some((index, Ratio { name, .. })) => {
                let (from, to) = (bars.close[index - 1], bars.open[*index]);
                let more = match found.len() - 1 {
                    0 => String::new(),
                    more => format!(", and {more} more later"),
                };
                Err((
                    *index,
                    format!(
                        "the price changes from {from} at the close before to {to} at the open, as in a {name} stock \
                         split that the prices are not adjusted for{more}; use a file with adjusted prices, or set \
                         splits = \"adjust\" to divide the earlier prices, or splits = \"keep\" if the price really \
                         changed"
                    ),
                ))
            }
        },
    }
}

/// Multiplies the prices before each split by its factor, and divides the volumes.
fn adjust(bars: &mut Bars, splits: &[(usize, Ratio)]) {
    for (index, Ratio { factor, .. }) in splits {
        let [open, high, low, close, volume] = bars.series();
        for prices in [open, high, low, close] {
            prices[..*index].iter_mut().for_each(|price| *price *= factor);
        }
        volume.iter_mut().take(*index).for_each(|volume| *volume /= factor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars() -> Bars {
        // A 4:1 split after a rise of 1 %, and a 1:10 reverse split.
        let (open, close) = (vec![400.0, 101.0, 1010.0], vec![400.0, 101.0, 1005.0]);
        Bars {
            high: open.clone(),
            low: close.clone(),
            volume: vec![1.0, 4.0, 1.0],
            open,
            close,
            ..Bars::default()
        }
    }

    #[test]
    fn splits_are_refused_kept_or_adjusted() {
        let (index, message) = check(&mut bars(), Splits::Refuse).unwrap_err();
        assert_eq!(index, 1);
        for words in ["a 4:1 stock split", "1 more later", "splits = \"adjust\"", "splits = \"keep\""] {
            assert!(message.contains(words), "{message}");
        }
        let mut kept = bars();
        check(&mut kept, Splits::Keep).unwrap();
        assert_eq!(kept, bars());
        let mut adjusted = bars();
        check(&mut adjusted, Splits::Adjust).unwrap();
        assert_eq!(adjusted.close, [1000.0, 1010.0, 1005.0]);
        assert_eq!(adjusted.volume, [0.4, 0.4, 1.0]);
    }

    #[test]
    fn other_changes_are_no_splits() {
        for (close, open) in [(100.0, 70.0), (100.0, 77.0), (100.0, 140.0), (100.0, 45.0), (100.0, 100.0)] {
            assert_eq!(ratio(close, open), None, "{close} {open}");
        }
        let name = |close, open| ratio(close, open).unwrap().name;
        assert_eq!([name(499.23, 127.58), name(100.0, 66.0), name(1.0, 20.2)], ["4:1", "3:2", "1:20"]);
    }
}
