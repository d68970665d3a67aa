//! `export`: policies and metrics of runs as files of other programs.

use std::path::{Path, PathBuf};

use freewheel_core::checkpoint::write_atomically;
use freewheel_core::{Error as Core, memory};
use serde::Serialize;
use serde_json::json;

use crate::checkpoints::no_checkpoint;
use crate::cli::Export;
use crate::error::{Error, Result};
use crate::export::metrics::table;
use crate::export::policy::{RunPolicy, microseconds};
use crate::export::{PolicyFormat, Target, csv, parquet, tensorboard};
use crate::job::Job;
use crate::table::{Column, Layout, Table};
use crate::{Registry, output};

/// An exported policy.
#[derive(Serialize)]
struct Exported {
    run: String,
    file: String,
    world: String,
    agent: String,
    seed: u64,
    /// Environment steps of training.
    step: u64,
    parameters: usize,
    bytes: usize,
    /// Time of one action of Freewheel's own policy, in microseconds.
    microseconds: f64,
}

pub(super) fn export(registry: &Registry, args: &Export) -> Result<()> {
    let Some(target) = Target::of(&args.to) else {
        return Err(Error::Usage(format!(
            "--to {}: write onnx, safetensors or tensorboard, or a file that ends with .onnx, .safetensors, .csv or \
             .parquet",
            args.to.display()
        )));
    };
    let mut runs: Vec<(PathBuf, Job)> = Vec::new();
    for folder in &args.runs {
        runs.extend(registry.find_jobs(folder)?);
    }
    match target {
        Target::Policy(format, file) => policies(registry, args, format, file.as_deref(), &runs),
        Target::TensorBoard => {
            let files = runs.iter().map(|(directory, job)| tensorboard::write(registry, job, directory));
            written(args, &files.collect::<freewheel_core::Result<Vec<PathBuf>>>()?)
        }
        Target::Csv(file) => {
            let text = csv::to_text(&table(runs.iter().map(|(directory, job)| (&**directory, job)))?);
            save(&file, text.as_bytes())?;
            written(args, &[file])
        }
        Target::Parquet(file) => {
            let table = table(runs.iter().map(|(directory, job)| (&**directory, job)))?;
            save(&file, &parquet::to_bytes(&table)?)?;
            written(args, &[file])
        }
    }
}

/// Exports the policy of each of the `runs`: into `file`, or into its folder.
fn policies(
    registry: &Registry,
    args: &Export,
    format: PolicyFormat,
    file: Option<&Path>,
    runs: &[(PathBuf, Job)],
) -> Result<()> {
    if let (Some(file), [(first, _), _, ..]) = (file, runs) {
        return Err(Error::Usage(format!(
            "--to {}: {} runs, but a file has one policy; choose a run, such as {}, or write --to {} for a file in the \
             folder of each",
            file.display(),
            runs.len(),
            first.display(),
            file.extension().unwrap_or_default().to_string_lossy(),
        )));
    }
    let (mut exported, mut refused) = (Vec::new(), None);
    for (directory, job) in runs {
        let policy = match RunPolicy::of_run(registry, directory, job) {
            Ok(Some(policy)) => Ok(policy),
            Ok(None) => Err(no_checkpoint(directory)),
            Err(error @ Core::Unsupported(_)) => Err(error),
            Err(error) => return Err(error.into()),
        };
        let policy = match policy {
            Ok(policy) => policy,
            // Of several runs, those without a policy that can be exported are named and left out.
            Err(error) if runs.len() > 1 => {
                output::note(&error.to_string());
                refused = Some(error);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        // The graph, its bytes, and a copy in the file.
        let needed = 16 * policy.graph.parameters() as u128;
        memory::require(&format!("the export of {}", directory.display()), needed)?;
        let bytes = policy.to_bytes(format)?;
        let to = file.map_or_else(|| format.file_in(directory), Path::to_owned);
        save(&to, &bytes)?;
        exported.push(Exported {
            run: directory.to_string_lossy().into_owned(),
            file: to.to_string_lossy().into_owned(),
            world: job.config.world_label.clone(),
            agent: job.config.agent_label.clone(),
            seed: job.config.seed,
            step: policy.step,
            parameters: policy.graph.parameters(),
            bytes: bytes.len(),
            microseconds: microseconds(job, &*policy.policy)?,
        });
    }
    if let (true, Some(error)) = (exported.is_empty(), refused) {
        return Err(error.into());
    }
    match args.output.json {
        true => output::json(&json!({ "policies": exported })),
        false => output::text(&text(&exported, args.wide.layout())),
    }
}

fn text(exported: &[Exported], layout: Layout) -> String {
    let mut table = Table::new(vec![
        Column::text("world", 0),
        Column::text("agent", 0),
        Column::number("seed", 1),
        Column::number("trained steps", 2),
        Column::number("parameters", 0),
        Column::number("bytes", 0),
        Column::number("us an action", 0),
    ]);
    let mut files = String::new();
    for one in exported {
        table.row([
            one.world.clone(),
            one.agent.clone(),
            one.seed.to_string(),
            one.step.to_string(),
            one.parameters.to_string(),
            one.bytes.to_string(),
            format!("{:.2}", one.microseconds),
        ]);
        files.push_str(&format!("{}\n", one.file));
    }
    format!("{}\n{files}", table.text(layout))
}

/// Writes `bytes` to `file`; into a device or a pipe, which is not replaced.
fn save(file: &Path, bytes: &[u8]) -> Result<()> {
    match file.exists() && !file.is_file() {
        true => Ok(std::fs::write(file, bytes).map_err(Core::io(file))?),
        false => Ok(write_atomically(file, bytes)?),
    }
}

/// Prints the names of the files.
fn written(args: &Export, files: &[PathBuf]) -> Result<()> {
    let names: Vec<String> = files.iter().map(|file| file.to_string_lossy().into_owned()).collect();
    match args.output.json {
        true => output::json(&json!({ "files": names })),
        false => output::text(&names.iter().map(|name| format!("{name}\n")).collect::<String>()),
    }
}
