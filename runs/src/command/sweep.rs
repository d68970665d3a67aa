//! `sweep`: search of the settings of an agent.

use std::path::Path;

use super::run::{failure, lock_shared};
use super::{overlay, stop_flag};
use crate::cli::Sweep;
use crate::document::Document;
use crate::error::{Error, Result};
use crate::experiment::pool;
use crate::format::quoted;
use crate::sweep::work::{End, Work};
use crate::sweep::{Definition, TaskId};
use crate::{Registry, output};

pub(super) fn sweep(registry: &Registry, args: &Sweep) -> Result<()> {
    let mut doc = Document::read(&args.file)?;
    overlay(&mut doc, &args.overrides.set)?;
    // Encoders are fitted in this call.
    let definition = pool(args.threads.count())?.install(|| Definition::new(registry, &doc))?;
    definition.warnings.iter().for_each(|warning| output::note(&format!("warning: {warning}")));
    let root = args.out.clone().unwrap_or_else(|| Path::new("results").join(&definition.name));
    let stop = stop_flag()?;
    let _lock = lock_shared(&root)?;
    let work = Work {
        registry,
        definition: &definition,
        root: &root,
        task: args.task_id,
        threads: args.threads.count(),
        stop: &stop,
        tells: !(args.output.quiet || args.output.json),
    };
    match work.run()? {
        End::Interrupted => Err(Error::Interrupted(again(registry, args))),
        End::Failed(failed) => {
            let count = failed.len();
            Err(failure(failed, count))
        }
        End::Done(summary) => {
            if args.output.json {
                output::json(&summary)?;
            } else {
                output::picture(&summary.to_text(args.output.wide.layout()))?;
            }
            let trials = definition.settings.trials as usize;
            if summary.has_winner() { Ok(()) } else { Err(Error::Diverged(trials, trials)) }
        }
    }
}

/// Command that continues the sweep.
fn again(registry: &Registry, args: &Sweep) -> String {
    let mut command = format!("{} sweep {}", registry.name(), quoted(&args.file.to_string_lossy()));
    if args.task_id != (TaskId { index: 1, count: 1 }) {
        command.push_str(&format!(" --task-id {}", args.task_id));
    }
    if let Some(out) = &args.out {
        command.push_str(&format!(" --out {}", quoted(&out.to_string_lossy())));
    }
    for set in &args.overrides.set {
        command.push_str(&format!(" --set {}", quoted(set)));
    }
    command
}
