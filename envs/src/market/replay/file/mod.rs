//! Price files: delimited text of any vendor, read row by row.
//!
//! | file | content |
//! |---|---|
//! | `header`, `columns` | delimiter, header and columns |
//! | `records` | records of delimited text and their lines |
//! | `rows` | rows with a bar, errors with line and column |
//! | `moment`, `clock` | a date and time; its time of day and offset |
//! | `number` | numbers, decimal marks |
//! | `times` | the times of all bars: order, duplicates, gaps |

mod clock;
mod columns;
mod header;
mod moment;
mod number;
mod records;
mod rows;
#[cfg(test)]
mod tests;
mod times;

pub(super) use columns::Columns;
pub(super) use rows::{PriceFile, text_of};
pub use times::{Key, Times};
