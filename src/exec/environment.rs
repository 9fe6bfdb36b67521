//! The environment of a child: the host's, what the plan adds, flowrun's own.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::base::ids::ResourceId;
use crate::plan::{Plan, Process, Step};
use crate::source::model::names::env_form;

/// What an outer run tells its own processes.
const OWN: [&str; 9] = [
    "FLOWRUN_PROCESS",
    "FLOWRUN_INDEX",
    "FLOWRUN_ATTEMPT",
    "FLOWRUN_OUTPUTS",
    "FLOWRUN_SOCKET",
    "FLOWRUN_AUTHKEY",
    "FLOWRUN_REMOTE",
    ITEM,
    DELIVERY,
];
/// The item that a process runs for.
const ITEM: &str = "FLOWRUN_ITEM";
/// The how manieth delivery of that item it is.
const DELIVERY: &str = "FLOWRUN_DELIVERY";
/// The longest string in an environment: Linux takes 128 KiB with the name, `=` and the NUL at its end.
const LONGEST: usize = 128 * 1024;

/// What all children of a run share.
#[derive(Debug)]
pub struct BaseEnvironment {
    host: BTreeMap<OsString, OsString>,
    /// Where the run can be asked, if it can be.
    control: Vec<(OsString, OsString)>,
}

/// What tells one start from another.
#[derive(Debug)]
pub struct Own<'a> {
    /// The process.
    pub process: &'a Process,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// Numbers of the permits it holds.
    pub permits: &'a [(ResourceId, Vec<u32>)],
    /// The file for its outputs; none for what only serves a process.
    pub outputs: Option<&'a Path>,
    /// The item of a queue that it runs for.
    pub item: Option<Item<'a>>,
}

/// An item of a queue that a process runs for.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The how manieth delivery of it this is, from 1.
    pub delivery: u32,
}

impl Item<'_> {
    /// Whether it can stand in an environment.
    ///
    /// # Errors
    /// Why not, and what to do.
    pub fn fits(&self) -> Result<(), String> {
        let most = LONGEST - ITEM.len() - "=\0".len();
        if self.bytes.len() > most {
            return Err(format!(
                "its item has {} bytes, and {ITEM} can hold {most}: put the name of a file into the queue, or use `stdin: {{queue: …}}`",
                self.bytes.len()
            ));
        }
        if self.bytes.contains(&0) {
            return Err(format!("its item has a NUL character in it, which {ITEM} cannot hold: use `stdin: {{queue: …}}`"));
        }
        Ok(())
    }
}

impl BaseEnvironment {
    /// The host's environment without the forms of flowrun's own flags, so that a flowrun inside a
    /// flowrun is not configured by the outer one; with this run's id appended to an outer run's.
    pub fn new(host: impl IntoIterator<Item = (OsString, OsString)>, flags: &[String], run_id: &str, force_color: bool) -> Self {
        let mut host: BTreeMap<OsString, OsString> = host.into_iter().collect();
        host.retain(|name, _| {
            let name = name.to_string_lossy();
            let own = OWN.contains(&&*name);
            !own && !name.starts_with("FLOWRUN_SLOT_") && !name.starts_with("FLOWRUN_MATRIX_") && !flags.iter().any(|flag| *flag == name)
        });
        let id = match host.get(OsStr::new("FLOWRUN_RUN_ID")) {
            Some(outer) => format!("{}/{run_id}", outer.to_string_lossy()),
            None => run_id.to_owned(),
        };
        host.insert("FLOWRUN_RUN_ID".into(), id.into());
        let has = |name: &str| host.contains_key(OsStr::new(name));
        if force_color && !has("NO_COLOR") && !has("FORCE_COLOR") {
            host.insert("FORCE_COLOR".into(), "1".into());
        }
        Self { host, control: Vec::new() }
    }

    /// Tells children where the run can be asked, and the key that proves that they belong to it.
    pub fn set_control(&mut self, socket: &Path, key: &str) {
        self.control = vec![("FLOWRUN_SOCKET".into(), socket.into()), ("FLOWRUN_AUTHKEY".into(), key.into())];
    }

    /// The mark of this run, as its processes find it in `FLOWRUN_RUN_ID`.
    pub fn run_id(&self) -> String {
        self.host.get(OsStr::new("FLOWRUN_RUN_ID")).map(|id| id.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// The variables of a step that must not be shown, with their values. Before it is `complete`, those that are late are left out.
    pub fn secrets<'s>(&'s self, step: &'s Step, complete: bool) -> impl Iterator<Item = (&'s str, OsString)> {
        let known = move |name: &&String| complete || !step.late.as_ref().is_some_and(|late| late.hides_variable(name));
        step.secrets.iter().filter(known).filter_map(|name| Some((name.as_str(), self.value(step, name)?)))
    }

    /// The value of a variable as the commands of a step see it, as far as their environments have it in common.
    fn value(&self, step: &Step, name: &str) -> Option<OsString> {
        let control = self.control.iter().find(|(control, _)| control == name).map(|(_, value)| value.clone());
        control.or_else(|| match step.env.get(name) {
            Some(value) => value.as_ref().map(OsString::from),
            None => self.host.get(OsStr::new(name)).cloned(),
        })
    }

    /// The whole environment of one start.
    pub fn of(&self, step: &Step, own: &Own<'_>, plan: &Plan) -> Vec<(OsString, OsString)> {
        let mut env = self.host.clone();
        for (name, value) in step.env.iter() {
            match value {
                Some(value) => env.insert(name.into(), value.into()),
                None => env.remove(OsStr::new(name)),
            };
        }
        // A terminal that nobody has named: programs that look at its name would do without it.
        if own.process.work.tty {
            env.entry("TERM".into()).or_insert_with(|| "xterm".into());
        }
        // As a shell does: who trusts PWD must not be led to the folder flowrun was called from.
        env.insert("PWD".into(), lexical(&step.cwd));
        env.extend(self.control.iter().cloned());
        env.insert("FLOWRUN_PROCESS".into(), own.process.name.clone().into());
        env.insert("FLOWRUN_ATTEMPT".into(), own.attempt.to_string().into());
        if let Some(index) = own.process.work.index {
            env.insert("FLOWRUN_INDEX".into(), index.to_string().into());
        }
        if let Some(file) = own.outputs {
            env.insert("FLOWRUN_OUTPUTS".into(), file.into());
        }
        if let Some(item) = own.item {
            env.insert(ITEM.into(), OsStr::from_bytes(item.bytes).into());
            env.insert(DELIVERY.into(), item.delivery.to_string().into());
        }
        for (resource, numbers) in own.permits {
            let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
            let name = format!("FLOWRUN_SLOT_{}", env_form(&plan.resources[*resource].name));
            env.insert(name.into(), numbers.join(",").into());
        }
        env.into_iter().collect()
    }
}

/// A path without `.` and `..`, as far as its text shows it.
fn lexical(path: &Path) -> OsString {
    let mut clean = std::path::PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                clean.pop();
            }
            part => clean.push(part),
        }
    }
    clean.into_os_string()
}
