//! Records of an event file and their messages, as far as a run needs them; prost writes the messages.
//!
//! A record is the length of a message in 8 bytes, a checksum of these bytes, the message, and a checksum of it. The
//! checksums are CRC-32C, rotated and shifted, in 4 bytes; all numbers are little-endian (TFRecord).

use std::collections::BTreeMap;

use prost::Message;

/// Version of the format, in the first record of a file.
pub(super) const VERSION: &str = "brain.Event:2";
/// Name of the plugin for settings.
const HPARAMS: &str = "hparams";

#[derive(Clone, PartialEq, Message)]
pub(super) struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    pub(super) wall_time: f64,
    #[prost(int64, tag = "2")]
    pub(super) step: i64,
    #[prost(string, optional, tag = "3")]
    pub(super) file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    pub(super) summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Summary {
    #[prost(message, repeated, tag = "1")]
    pub(super) value: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Value {
    #[prost(string, tag = "1")]
    pub(super) tag: String,
    #[prost(float, optional, tag = "2")]
    pub(super) simple_value: Option<f32>,
    #[prost(message, optional, tag = "4")]
    pub(super) image: Option<Image>,
    #[prost(message, optional, tag = "5")]
    pub(super) histo: Option<Histogram>,
    #[prost(message, optional, tag = "8")]
    pub(super) tensor: Option<Tensor>,
    #[prost(message, optional, tag = "9")]
    pub(super) metadata: Option<Metadata>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Image {
    #[prost(int32, tag = "1")]
    pub(super) height: i32,
    #[prost(int32, tag = "2")]
    pub(super) width: i32,
    /// Number of channels.
    #[prost(int32, tag = "3")]
    pub(super) colorspace: i32,
    /// PNG.
    #[prost(bytes = "vec", tag = "4")]
    pub(super) encoded_image_string: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Histogram {
    #[prost(double, tag = "1")]
    pub(super) min: f64,
    #[prost(double, tag = "2")]
    pub(super) max: f64,
    #[prost(double, tag = "3")]
    pub(super) num: f64,
    #[prost(double, tag = "4")]
    pub(super) sum: f64,
    #[prost(double, tag = "5")]
    pub(super) sum_squares: f64,
    /// Upper limit of each bucket.
    #[prost(double, repeated, tag = "6")]
    pub(super) bucket_limit: Vec<f64>,
    /// Count of each bucket.
    #[prost(double, repeated, tag = "7")]
    pub(super) bucket: Vec<f64>,
}

/// Tensor without numbers: the value of a summary that has only metadata.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Tensor {
    #[prost(int32, tag = "1")]
    dtype: i32,
    #[prost(message, optional, tag = "2")]
    tensor_shape: Option<Shape>,
}

#[derive(Clone, PartialEq, Message)]
struct Shape {
    #[prost(message, repeated, tag = "2")]
    dim: Vec<Size>,
}

#[derive(Clone, PartialEq, Message)]
struct Size {
    #[prost(int64, tag = "1")]
    size: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Metadata {
    #[prost(message, optional, tag = "1")]
    plugin_data: Option<PluginData>,
}

#[derive(Clone, PartialEq, Message)]
struct PluginData {
    #[prost(string, tag = "1")]
    plugin_name: String,
    #[prost(bytes = "vec", tag = "2")]
    content: Vec<u8>,
}

/// Message of the plugin for settings.
#[derive(Clone, PartialEq, Message)]
struct HParams {
    #[prost(message, optional, tag = "3")]
    session_start_info: Option<SessionStart>,
    #[prost(message, optional, tag = "4")]
    session_end_info: Option<SessionEnd>,
}

#[derive(Clone, PartialEq, Message)]
struct SessionStart {
    #[prost(btree_map = "string, message", tag = "1")]
    hparams: BTreeMap<String, Setting>,
    #[prost(string, tag = "4")]
    group_name: String,
    #[prost(double, tag = "5")]
    start_time_secs: f64,
}

#[derive(Clone, PartialEq, Message)]
struct SessionEnd {
    #[prost(int32, tag = "1")]
    status: i32,
    #[prost(double, tag = "2")]
    end_time_secs: f64,
}

/// Status of a run that has ended well.
const SUCCESS: i32 = 1;

/// Value of a setting, `google.protobuf.Value`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Setting {
    #[prost(double, optional, tag = "2")]
    number: Option<f64>,
    #[prost(string, optional, tag = "3")]
    text: Option<String>,
    #[prost(bool, optional, tag = "4")]
    truth: Option<bool>,
}

impl Setting {
    /// Setting of a TOML value; a list or a table is its text.
    pub(super) fn of(value: &toml::Value) -> Self {
        match value {
            toml::Value::Boolean(truth) => Setting { truth: Some(*truth), ..Setting::default() },
            toml::Value::Integer(number) => Setting { number: Some(*number as f64), ..Setting::default() },
            toml::Value::Float(number) => Setting { number: Some(*number), ..Setting::default() },
            toml::Value::String(text) => Setting::of_text(text),
            other => Setting::of_text(&other.to_string()),
        }
    }

    pub(super) fn of_number(number: f64) -> Self {
        Setting { number: Some(number), ..Setting::default() }
    }

    pub(super) fn of_text(text: &str) -> Self {
        Setting { text: Some(text.to_owned()), ..Setting::default() }
    }
}

impl Event {
    pub(super) fn new(wall_time: f64, step: u64, value: Vec<Value>) -> Self {
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        Event { wall_time, step, file_version: None, summary: Some(Summary { value }) }
    }

    /// First record of a file.
    pub(super) fn version(wall_time: f64) -> Self {
        Event { wall_time, file_version: Some(VERSION.into()), ..Event::default() }
    }

    /// Settings of a run, for the table of settings and scores; runs of one `group` differ in their seeds.
    pub(super) fn start(wall_time: f64, group: String, settings: BTreeMap<String, Setting>) -> Self {
        let start = SessionStart { hparams: settings, group_name: group, start_time_secs: wall_time };
        let message = HParams { session_start_info: Some(start), session_end_info: None };
        Event::of_settings(wall_time, "_hparams_/session_start_info", &message)
    }

    /// End of a run.
    pub(super) fn end(wall_time: f64) -> Self {
        let end = SessionEnd { status: SUCCESS, end_time_secs: wall_time };
        let message = HParams { session_start_info: None, session_end_info: Some(end) };
        Event::of_settings(wall_time, "_hparams_/session_end_info", &message)
    }

    fn of_settings(wall_time: f64, tag: &str, message: &HParams) -> Self {
        let plugin_data = PluginData { plugin_name: HPARAMS.into(), content: message.encode_to_vec() };
        let shape = Shape { dim: vec![Size { size: 0 }] };
        let value = Value {
            tag: tag.into(),
            // Type 1 is a 32-bit float.
            tensor: Some(Tensor { dtype: 1, tensor_shape: Some(shape) }),
            metadata: Some(Metadata { plugin_data: Some(plugin_data) }),
            ..Value::default()
        };
        Event::new(wall_time, 0, vec![value])
    }

    /// Whether the event has numbers of a line of metrics.
    pub(super) fn is_of_metrics(&self) -> bool {
        self.summary
            .as_ref()
            .is_some_and(|summary| summary.value.iter().any(|one| one.simple_value.is_some()))
    }

    /// Appends the event to `out` as a record.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let message = self.encode_to_vec();
        let length = (message.len() as u64).to_le_bytes();
        out.extend(length);
        out.extend(checksum(&length).to_le_bytes());
        out.extend(&message);
        out.extend(checksum(&message).to_le_bytes());
    }
}

impl Value {
    /// Number of a tag.
    pub(super) fn number(tag: String, number: f64) -> Self {
        Value { tag, simple_value: Some(number as f32), ..Value::default() }
    }
}

/// Checksum of a record.
fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Events of a file, up to the first record that is incomplete or damaged.
pub(super) fn read(mut bytes: &[u8]) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some((event, rest)) = first(bytes) {
        events.push(event);
        bytes = rest;
    }
    events
}

/// First event of `bytes`, and the bytes after it.
fn first(bytes: &[u8]) -> Option<(Event, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    if u32::from_le_bytes(*sum) != checksum(length) {
        return None;
    }
    let (message, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let intact = u32::from_le_bytes(*sum) == checksum(message);
    Some((Event::decode(message).ok().filter(|_| intact)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
    }

    /// The bytes that TensorBoard's own classes write for this event.
    #[test]
    fn a_record_has_the_bytes_of_tensorboard() {
        let event = Event::new(1.5, 3, vec![Value::number("a".into(), 0.5)]);
        let mut bytes = Vec::new();
        event.write(&mut bytes);
        let expected = "1700000000000000e7cef81e09000000000000f83f10032a0a0a080a0161150000003fde5768cd";
        assert_eq!(bytes, hex(expected));
    }

    #[test]
    fn reading_ends_at_a_damaged_record() {
        let events: Vec<Event> = (0..3).map(|i| Event::new(2.0, i, Vec::new())).collect();
        let mut bytes = Vec::new();
        events.iter().for_each(|event| event.write(&mut bytes));
        assert_eq!(read(&bytes), events);
        assert_eq!(read(&bytes[..bytes.len() - 1]), events[..2]);
        let at = bytes.len() / 3 + 13;
        bytes[at] ^= 1;
        assert_eq!(read(&bytes), events[..1]);
        assert_eq!(read(b"no events"), []);
    }
}
