//! Table of metrics as Apache Parquet: one row group, text as UTF-8, integers as INT64, numbers as DOUBLE or null.
//!
//! The crate `parquet` writes it without its arrow layer, which would double its size.

use std::sync::Arc;

use freewheel_core::{Error, Result};
use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

use super::metrics::{Cells, Column};

/// Bytes of a Parquet file with the rows of `columns`, which all have the same length.
///
/// # Errors
/// [`Error::Unsupported`] if the crate refuses the table.
pub(crate) fn to_bytes(columns: &[Column]) -> Result<Vec<u8>> {
    write(columns).map_err(|e| Error::Unsupported(format!("the Parquet file cannot be written: {e}")))
}

fn write(columns: &[Column]) -> Result<Vec<u8>, ParquetError> {
    let fields = columns.iter().map(field).collect::<Result<Vec<TypePtr>, ParquetError>>()?;
    let schema = Type::group_type_builder("metrics").with_fields(fields).build()?;
    let created_by = concat!("freewheel version ", env!("CARGO_PKG_VERSION"));
    let properties = WriterProperties::builder().set_created_by(created_by.to_owned()).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    for column in columns {
        let Some(mut open) = group.next_column()? else { break };
        match &column.cells {
            Cells::Texts(all) => {
                let all: Vec<ByteArray> = all.iter().map(|text| ByteArray::from(text.as_str())).collect();
                open.typed::<ByteArrayType>().write_batch(&all, None, None)?;
            }
            Cells::Integers(all) => {
                open.typed::<Int64Type>().write_batch(all, None, None)?;
            }
            Cells::Numbers(all) => {
                let known: Vec<f64> = all.iter().copied().flatten().collect();
                // Definition level 1 is a number, 0 is null.
                let levels: Vec<i16> = all.iter().map(|cell| i16::from(cell.is_some())).collect();
                open.typed::<DoubleType>().write_batch(&known, Some(&levels), None)?;
            }
        }
        open.close()?;
    }
    group.close()?;
    writer.into_inner()
}

/// Column of the schema.
fn field(column: &Column) -> Result<TypePtr, ParquetError> {
    let (physical, repetition, logical) = match column.cells {
        Cells::Texts(_) => (Physical::BYTE_ARRAY, Repetition::REQUIRED, Some(LogicalType::String)),
        Cells::Integers(_) => (Physical::INT64, Repetition::REQUIRED, None),
        Cells::Numbers(_) => (Physical::DOUBLE, Repetition::OPTIONAL, None),
    };
    let builder = Type::primitive_type_builder(&column.name, physical);
    builder.with_repetition(repetition).with_logical_type(logical).build().map(Arc::new)
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;

    use super::*;

    #[test]
    fn a_table_is_read_back() {
        let column = |name: &str, cells| Column { name: name.into(), cells };
        let columns = [
            column("run", Cells::Texts(vec!["a".into(), "ü".into()])),
            column("step", Cells::Integers(vec![10, 20])),
            column("loss", Cells::Numbers(vec![None, Some(0.1)])),
        ];
        let bytes = to_bytes(&columns).unwrap();
        assert_eq!(bytes, to_bytes(&columns).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("m.parquet");
        std::fs::write(&file, bytes).unwrap();
        let reader = SerializedFileReader::new(std::fs::File::open(file).unwrap()).unwrap();
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(|row| row.unwrap()).collect();
        assert_eq!(rows[1].get_string(0).unwrap(), "ü");
        assert_eq!((rows[0].get_long(1).unwrap(), rows[1].get_double(2).unwrap()), (10, 0.1));
        assert!(rows[0].get_double(2).is_err(), "null");
    }
}
