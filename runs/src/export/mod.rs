//! Files for other programs: policies as ONNX and safetensors, runs for TensorBoard, metrics as CSV and Parquet.
//!
//! | file | content |
//! |---|---|
//! | `policy` | greedy policy of a run: graph and description |
//! | [`onnx`], [`safetensors`] | formats of policies |
//! | `metrics` | lines of `metrics.jsonl` of several runs as one table |
//! | `csv`, `parquet` | formats of this table |
//! | `tensorboard` | event files, also while a run is trained |

pub(crate) mod csv;
pub(crate) mod metrics;
pub mod onnx;
pub(crate) mod parquet;
pub(crate) mod policy;
pub mod safetensors;
pub(crate) mod tensorboard;

use std::path::{Path, PathBuf};

/// Name of an exported policy in the folder of its run, without extension.
const POLICY: &str = "policy";

/// Content of an export, and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Target {
    /// Policy in a format; without a file, in the folder of the run.
    Policy(PolicyFormat, Option<PathBuf>),
    /// Event file in the folder of the run.
    TensorBoard,
    /// Metrics as CSV.
    Csv(PathBuf),
    /// Metrics as Parquet.
    Parquet(PathBuf),
}

/// Format of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PolicyFormat {
    Onnx,
    Safetensors,
}

impl PolicyFormat {
    /// File of the policy in the folder of its run.
    pub(crate) fn file_in(self, directory: &Path) -> PathBuf {
        let extension = match self {
            PolicyFormat::Onnx => "onnx",
            PolicyFormat::Safetensors => "safetensors",
        };
        directory.join(POLICY).with_extension(extension)
    }
}

impl Target {
    /// Target of `--to`: a format, or a file whose extension is the format; `None` for other names.
    pub(crate) fn of(to: &Path) -> Option<Self> {
        match to.to_str() {
            Some("onnx") => return Some(Target::Policy(PolicyFormat::Onnx, None)),
            Some("safetensors") => return Some(Target::Policy(PolicyFormat::Safetensors, None)),
            Some("tensorboard") => return Some(Target::TensorBoard),
            _ => {}
        }
        let file = to.to_owned();
        match to.extension()?.to_str()?.to_lowercase().as_str() {
            "onnx" => Some(Target::Policy(PolicyFormat::Onnx, Some(file))),
            "safetensors" => Some(Target::Policy(PolicyFormat::Safetensors, Some(file))),
            "csv" => Some(Target::Csv(file)),
            "parquet" => Some(Target::Parquet(file)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_a_name_or_an_extension() {
        let of = |to: &str| Target::of(Path::new(to));
        assert_eq!(of("tensorboard"), Some(Target::TensorBoard));
        assert_eq!(of("onnx"), Some(Target::Policy(PolicyFormat::Onnx, None)));
        assert_eq!(of("a/b.ONNX"), Some(Target::Policy(PolicyFormat::Onnx, Some("a/b.ONNX".into()))));
        assert_eq!(of("m.csv"), Some(Target::Csv("m.csv".into())));
        assert_eq!([of("csv"), of("m.xlsx"), of("")], [None, None, None]);
        assert_eq!(PolicyFormat::Onnx.file_in(Path::new("r/seed-0")), Path::new("r/seed-0/policy.onnx"));
    }
}
