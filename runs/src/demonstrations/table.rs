//! Steps of an episode as an Arrow IPC file with the columns of Minari.
//!
//! Files may come from other people. All sizes and offsets in a file are compared with its length before Arrow reads
//! the columns, and the types of the columns are those that [`encode`] or Minari writes.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, BooleanArray, FixedSizeListArray, Float32Array, Float64Array, Int64Array,
    PrimitiveArray, RecordBatch, StructArray,
};
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::{FileDecoder, read_footer_length};
use arrow_ipc::writer::FileWriter;
use arrow_ipc::{Block, root_as_footer, root_as_message};
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema};
use freewheel_core::demonstrations::{Demonstration, WorldHeader};
use freewheel_core::record::RecordedActions;
use freewheel_core::{Ending, ObservationSpace, Player};

use super::space::Space;

/// Bytes at both ends of an Arrow IPC file.
const MAGIC: &[u8] = b"ARROW1";
/// Bytes before the first block.
const START: usize = 8;
/// Bytes after the footer: its length and the magic bytes.
const END: usize = 10;

/// Columns of an episode of T steps, as in [`Demonstration`].
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) observations: Vec<f32>,
    pub(super) actions: RecordedActions,
    pub(super) rewards: Vec<f32>,
    pub(super) ending: Ending,
    pub(super) legal: Vec<bool>,
    pub(super) to_play: Vec<Player>,
}

/// Bytes of an Arrow IPC file with the steps of `episode`.
///
/// # Errors
/// An observation or action too large for Arrow, as text.
pub(super) fn encode(episode: &Demonstration, header: &WorldHeader) -> Result<Vec<u8>, String> {
    let rows = episode.len() + 1;
    // The last row of a column of steps is padding.
    let padded = |at: usize| (0..rows).map(|t| t == at).collect::<Vec<bool>>();
    let last = episode.len().checked_sub(1).unwrap_or(rows);
    let observations: Option<ArrayRef> = match header.observation {
        _ if header.actions_only => None,
        ObservationSpace::Discrete { .. } => Some(integers(episode.observations.iter().map(|&x| x as i64))),
        ObservationSpace::Box { .. } => Some(lists(&episode.observations, header.observation.len())?),
    };
    let actions: ArrayRef = match &episode.actions {
        RecordedActions::Discrete(all) => integers(all.iter().map(|&a| i64::from(a)).chain([0])),
        RecordedActions::Continuous(all) => {
            let width = header.actions.dimensions();
            let values: Vec<f32> =
                all.iter().flatten().copied().chain(std::iter::repeat_n(0.0, width)).collect();
            lists(&values, width)?
        }
    };
    let rewards = episode.rewards.iter().map(|&r| f64::from(r)).chain([0.0]);
    let ends = |ending: Ending| padded(if episode.ending == ending { last } else { rows });
    let mut columns: Vec<(&str, ArrayRef)> = Vec::new();
    columns.extend(observations.map(|it| ("observations", it)));
    columns.push(("actions", actions));
    columns.push(("rewards", Arc::new(Float64Array::from_iter_values(rewards))));
    columns.push(("terminations", Arc::new(BooleanArray::from(ends(Ending::Terminal)))));
    columns.push(("truncations", Arc::new(BooleanArray::from(ends(Ending::Truncated)))));
    if let Some(infos) = infos(episode, header)? {
        columns.push(("infos", infos));
    }
    let fields: Vec<Field> =
        columns.iter().map(|(name, column)| Field::new(*name, column.data_type().clone(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let arrays = columns.into_iter().map(|(_, column)| column).collect();
    let write = || {
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays)?;
        let mut writer = FileWriter::try_new(Vec::new(), &schema)?;
        writer.write(&batch)?;
        writer.into_inner()
    };
    write().map_err(|e: ArrowError| e.to_string())
}

/// Masks and players to move, as the infos of Gymnasium.
fn infos(episode: &Demonstration, header: &WorldHeader) -> Result<Option<ArrayRef>, String> {
    let mut columns: Vec<(Field, ArrayRef)> = Vec::new();
    if header.masked && !header.actions_only {
        let width = header.actions.count();
        let values: ArrayRef = Arc::new(BooleanArray::from(episode.legal.clone()));
        let array = list_array(values, width)?;
        let field = Field::new("action_mask", array.data_type().clone(), true);
        // By this Minari knows the shape of an array.
        let metadata = HashMap::from([("shape".to_owned(), width.to_string())]);
        columns.push((field.with_metadata(metadata), array));
    }
    if header.players > 1 {
        let players = integers(episode.to_play.iter().map(|&player| player as i64));
        columns.push((Field::new("to_play", DataType::Int64, true), players));
    }
    if columns.is_empty() {
        return Ok(None);
    }
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    StructArray::try_new(Fields::from(fields), arrays, None)
        .map(|infos| Some(Arc::new(infos) as ArrayRef))
        .map_err(|e| e.to_string())
}

fn integers(all: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(all))
}

fn lists(values: &[f32], width: usize) -> Result<ArrayRef, String> {
    list_array(Arc::new(Float32Array::from(values.to_vec())), width)
}

fn list_array(values: ArrayRef, width: usize) -> Result<ArrayRef, String> {
    let item = Arc::new(Field::new("item", values.data_type().clone(), true));
    let width = i32::try_from(width).map_err(|_| format!("{width} values in a row are too many"))?;
    let array = FixedSizeListArray::try_new(item, width, values, None);
    array.map(|array| Arc::new(array) as ArrayRef).map_err(|e| e.to_string())
}

/// Columns in the bytes of an Arrow IPC file, for the spaces of the observations and the actions; with `actions_only`
/// there are no observations.
///
/// # Errors
/// The first fault, as text.
pub(super) fn decode(bytes: &[u8], spaces: [&Space; 2], actions_only: bool) -> Result<Columns, String> {
    let batch = read_batch(bytes)?;
    let column = |name: &str| batch.column_by_name(name).ok_or(format!("the column `{name}` is missing"));
    let [observation_space, action_space] = spaces;
    let rows = batch.num_rows();
    let steps = rows.checked_sub(1).ok_or("it has no rows")?;

    let observations = match observation_space {
        _ if actions_only => Vec::new(),
        Space::Discrete { .. } => {
            elements(column("observations")?, rows, observation_space)?.iter().map(|&x| x as f32).collect()
        }
        Space::Box { .. } => values(column("observations")?, rows, observation_space.len())?,
    };
    let actions = match action_space {
        Space::Discrete { .. } => {
            let mut all = elements(column("actions")?, steps, action_space)?;
            all.truncate(steps);
            RecordedActions::Discrete(all)
        }
        Space::Box { low, .. } => {
            let all = values(column("actions")?, rows, low.len())?;
            RecordedActions::Continuous(all.chunks(low.len()).take(steps).map(<[f32]>::to_vec).collect())
        }
    };
    let mut rewards = numbers(column("rewards")?, rows).ok_or("the rewards must be numbers")?;
    rewards.truncate(steps);
    let [terminations, truncations] = ["terminations", "truncations"].map(|name| {
        let flags = column(name)?.as_boolean_opt().filter(|flags| flags.null_count() == 0);
        let flags = flags.ok_or(format!("`{name}` must be true or false"))?;
        Ok::<Vec<bool>, String>(flags.values().iter().take(steps).collect())
    });
    let (terminations, truncations) = (terminations?, truncations?);
    let over = (0..steps).find(|&t| terminations[t] || truncations[t]);
    let ending = match over {
        Some(t) if t + 1 < steps => {
            return Err(format!("the episode ends at step {t}, and has {steps} steps"));
        }
        Some(t) if terminations[t] => Ending::Terminal,
        // An episode without an end was left by its player.
        _ => Ending::Truncated,
    };
    let (legal, to_play) = match batch.column_by_name("infos") {
        Some(infos) => read_infos(infos.as_struct_opt().ok_or("`infos` must be a structure")?, rows)?,
        None => Default::default(),
    };
    Ok(Columns { observations, actions, rewards, ending, legal, to_play })
}

/// Masks and players to move in the infos.
fn read_infos(infos: &StructArray, rows: usize) -> Result<(Vec<bool>, Vec<Player>), String> {
    let legal = match infos.column_by_name("action_mask") {
        Some(masks) => {
            let masks = masks.as_fixed_size_list_opt().ok_or("`action_mask` must be lists of one length")?;
            let flags = masks.values().as_boolean_opt().filter(|flags| flags.null_count() == 0);
            flags.ok_or("`action_mask` must be true or false")?.values().iter().collect()
        }
        None => Vec::new(),
    };
    let to_play = match infos.column_by_name("to_play") {
        Some(players) => {
            let players = elements(players, rows, &Space::Discrete { n: 2, start: 0 })?;
            players.iter().map(|&player| if player == 0 { Player::First } else { Player::Second }).collect()
        }
        None => Vec::new(),
    };
    Ok((legal, to_play))
}

/// Elements of a discrete space, counted from 0; only the first `checked` of them must be in the space.
fn elements(array: &ArrayRef, checked: usize, space: &Space) -> Result<Vec<u32>, String> {
    let Space::Discrete { n, start } = *space else { return Err("the space is not discrete".into()) };
    let all = array.as_primitive_opt::<Int64Type>().filter(|all| all.null_count() == 0);
    let all = all.ok_or("the elements of a discrete space must be 64-bit integers")?;
    let index =
        |x: i64| x.checked_sub(start).and_then(|x| u32::try_from(x).ok()).filter(|&x| (x as usize) < n);
    let of_row = |(t, &x): (usize, &i64)| match index(x) {
        Some(x) => Ok(x),
        None if t >= checked => Ok(0),
        None => Err(format!(
            "row {t} has the element {x}, which is not in the space of {n} elements from {start}"
        )),
    };
    all.values().iter().enumerate().map(of_row).collect()
}

/// Values `[rows, width]` of a column of lists.
fn values(array: &ArrayRef, rows: usize, width: usize) -> Result<Vec<f32>, String> {
    let lists = array.as_fixed_size_list_opt().ok_or("the elements of a box must be lists of one length")?;
    if lists.value_length() as usize != width || lists.null_count() > 0 {
        return Err(format!("a row has {} values, and the space has {width}", lists.value_length()));
    }
    numbers(lists.values(), rows * width).ok_or("the elements of a box must be numbers".into())
}

/// The first `len` numbers of `array`; `None` for something else than numbers, or fewer of them.
fn numbers(array: &ArrayRef, len: usize) -> Option<Vec<f32>> {
    fn of<T: ArrowPrimitiveType>(
        array: &ArrayRef,
        len: usize,
        convert: fn(T::Native) -> f32,
    ) -> Option<Vec<f32>> {
        let all: &PrimitiveArray<T> = array.as_primitive_opt()?;
        let values = all.values().get(..len).filter(|_| all.null_count() == 0)?;
        Some(values.iter().map(|&x| convert(x)).collect())
    }
    match array.data_type() {
        DataType::Float32 => of::<Float32Type>(array, len, |x| x),
        DataType::Float64 => of::<Float64Type>(array, len, |x| x as f32),
        DataType::Int8 => of::<Int8Type>(array, len, f32::from),
        DataType::Int16 => of::<Int16Type>(array, len, f32::from),
        DataType::Int32 => of::<Int32Type>(array, len, |x| x as f32),
        DataType::Int64 => of::<Int64Type>(array, len, |x| x as f32),
        DataType::UInt8 => of::<UInt8Type>(array, len, f32::from),
        DataType::UInt16 => of::<UInt16Type>(array, len, f32::from),
        DataType::UInt32 => of::<UInt32Type>(array, len, |x| x as f32),
        DataType::UInt64 => of::<UInt64Type>(array, len, |x| x as f32),
        _ => None,
    }
}

/// The only record batch in an Arrow IPC file.
fn read_batch(bytes: &[u8]) -> Result<RecordBatch, String> {
    let arrow = |e: ArrowError| format!("this is not an Arrow file of Minari: {e}");
    let cut = || "this is not an Arrow file of Minari: it is cut short, or its sizes are wrong".to_owned();
    if !bytes.starts_with(MAGIC) || bytes.len() < START + END {
        return Err("this is not an Arrow file, because it does not begin with ARROW1".into());
    }
    let (body, end) = bytes.split_last_chunk::<END>().ok_or_else(cut)?;
    let length = read_footer_length(*end).map_err(arrow)?;
    let footer = body.len().checked_sub(length).filter(|&start| start >= START).ok_or_else(cut)?;
    let parsed = root_as_footer(&body[footer..]).map_err(|e| format!("the footer cannot be read: {e}"))?;
    let schema = try_fb_to_schema(parsed.schema().ok_or_else(cut)?).map_err(arrow)?;
    let used = used_columns(&schema)?;
    let mut blocks = parsed.recordBatches().into_iter().flatten();
    let (Some(block), None) = (blocks.next(), blocks.next()) else {
        return Err("an episode must be one record batch".into());
    };
    let block_bytes = block_bytes(&body[..footer], block).ok_or_else(cut)?;
    if !sizes_fit(block_bytes, block.metaDataLength() as usize) {
        return Err(cut());
    }
    let decoder = FileDecoder::new(Arc::new(schema), parsed.version()).with_projection(used);
    let batch = decoder.read_record_batch(block, &Buffer::from(block_bytes)).map_err(arrow)?;
    batch.ok_or_else(cut)
}

/// Bytes of a block: its metadata, and its body. `None` if they are not in the file.
fn block_bytes<'a>(file: &'a [u8], block: &Block) -> Option<&'a [u8]> {
    let (metadata, body) =
        (usize::try_from(block.metaDataLength()).ok()?, usize::try_from(block.bodyLength()).ok()?);
    let start = usize::try_from(block.offset()).ok()?;
    // The metadata begin with a marker and a length.
    let length = metadata.checked_add(body).filter(|_| metadata >= 8)?;
    file.get(start..start.checked_add(length)?)
}

/// Whether all buffers of the record batch in `block` are within its body, and its rows are no more than bits in it.
fn sizes_fit(block: &[u8], metadata: usize) -> bool {
    let (head, body) = block.split_at(metadata);
    let message = if head.starts_with(&[0xff; 4]) { &head[8..] } else { &head[4..] };
    let Ok(message) = root_as_message(message) else { return false };
    let Some(batch) = message.header_as_record_batch() else { return false };
    let within = |offset: i64, length: i64| {
        let (offset, length) = (usize::try_from(offset).ok()?, usize::try_from(length).ok()?);
        offset.checked_add(length).filter(|&end| end <= body.len())
    };
    let rows = |length: i64| usize::try_from(length).is_ok_and(|length| length <= 8 * body.len());
    rows(batch.length())
        && batch.buffers().is_some_and(|all| all.iter().all(|b| within(b.offset(), b.length()).is_some()))
        && batch.nodes().is_some_and(|all| all.iter().all(|n| rows(n.length()) && n.null_count() == 0))
}

/// Numbers of the columns that are read.
///
/// # Errors
/// The name of a column of a type that Minari does not use for it.
fn used_columns(schema: &Schema) -> Result<Vec<usize>, String> {
    let mut used = Vec::new();
    for (i, field) in schema.fields().iter().enumerate() {
        let known = match (field.name().as_str(), field.data_type()) {
            ("infos", DataType::Struct(fields)) => {
                let ours = |field: &Field| ["action_mask", "to_play"].contains(&field.name().as_str());
                // Infos of other programs are not read.
                if !fields.iter().all(|field| ours(field)) {
                    continue;
                }
                fields.iter().all(|field| is_list_or_number(field.data_type()))
            }
            ("observations" | "actions" | "rewards" | "terminations" | "truncations", kind) => {
                is_list_or_number(kind)
            }
            _ => continue,
        };
        if !known {
            let (name, kind) = (field.name(), field.data_type());
            return Err(format!("the column `{name}` has the type {kind}, which cannot be read"));
        }
        used.push(i);
    }
    Ok(used)
}

fn is_list_or_number(kind: &DataType) -> bool {
    let number = |kind: &DataType| {
        kind.is_integer() || matches!(kind, DataType::Float32 | DataType::Float64 | DataType::Boolean)
    };
    match kind {
        DataType::FixedSizeList(item, width) => *width > 0 && number(item.data_type()),
        kind => number(kind),
    }
}
