//! Warns of commands whose program does not exist.
//!
//! Only a warning: an earlier process may make the program.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::Path;

use super::Host;
use super::model::{Action, Process};
use super::probe::Probe;
use crate::base::diagnostic::Diagnostic;
use crate::base::ids::{DenseMap, ProcessId};

/// Looks for the program of every command that is run without a shell.
pub fn check(processes: &DenseMap<ProcessId, Process>, host: &dyn Host, diagnostics: &mut Vec<Diagnostic>) {
    let host_path = host.env().get("PATH").map_or("", String::as_str);
    // By program and by what it is looked up in: PATH, or the folder for one with a path of its own.
    let mut known: HashMap<(&str, &OsStr), bool> = HashMap::new();
    let mut reported = HashSet::new();
    for process in processes.iter() {
        if process.control.disabled {
            continue;
        }
        let probes = [&process.work.ready, &process.work.live].into_iter().flatten();
        let probes = probes.filter_map(|probe| if let Probe::Exec(step) = probe { Some(&**step) } else { None });
        for step in process.work.steps.iter().chain(probes) {
            let Action::Command { argv, direct, .. } = &step.action else { continue };
            if step.late.as_ref().is_some_and(|late| late.hides_program()) {
                continue;
            }
            let words = direct.as_ref().unwrap_or(argv);
            let program = words[0].as_str();
            let path = match step.env.get("PATH") {
                Some(path) => path.as_deref().unwrap_or_default(),
                None => host_path,
            };
            let key = (program, if program.contains('/') { step.cwd.as_os_str() } else { OsStr::new(path) });
            let exists = *known.entry(key).or_insert_with(|| exists(program, &step.cwd, path, host));
            if !exists {
                let message = if program.contains('/') {
                    format!("the program `{program}` does not exist or may not be executed")
                } else {
                    format!("the program `{program}` is not in PATH")
                };
                // The same for every copy, and for all that extend one template: shown once.
                if reported.insert((step.place, program)) {
                    diagnostics.push(
                        Diagnostic::warning("no-such-program", step.place, message)
                            .help("if an earlier process makes it, all is well; else correct the command or install the program"),
                    );
                }
                break;
            }
        }
    }
}

fn exists(program: &str, cwd: &Path, path: &str, host: &dyn Host) -> bool {
    if program.contains('/') {
        return host.is_executable(&cwd.join(program));
    }
    path.split(':').any(|folder| host.is_executable(&cwd.join(folder).join(program)))
}
