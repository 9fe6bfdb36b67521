//! Critical sections that clients ask for over the control socket: from names to shares, and the answers.
//!
//! A section belongs to one request of one connection: it is over when the client says so, or when the connection
//! ends, however the client died. Decides nothing of who gets what; the core does, timeouts included.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::patience::seconds;
use super::refusals;
use super::runner::Runner;
use super::server::{ClientId, refusal};
use super::waits::Pending;
use crate::base::ids::{ProcessId, ResourceId, Section};
use crate::base::suggest;
use crate::control::message::{Body, Code};
use crate::notice::Share;
use crate::plan::{Plan, Resource, ResourceKind};
use crate::sched::{Input, Refused, SectionAsk};

/// The most names in one request, as in a workflow.
const MOST_NAMES: usize = 1000;

/// Sections that clients wait for or are in.
#[derive(Debug, Default)]
pub struct Sections {
    last: u64,
    open: BTreeMap<Section, Pending>,
}

impl Sections {
    /// How many of a client wait or are held.
    pub fn requests_of(&self, client: ClientId) -> usize {
        self.open.values().filter(|pending| pending.client == client).count()
    }
}

/// What a client asks for.
#[derive(Debug)]
pub struct Wish<'a> {
    /// Names of locks and semaphores.
    pub names: &'a [String],
    /// Whether locks are held together with others that do so.
    pub shared: bool,
    /// How many permits of each semaphore.
    pub permits: Option<u32>,
    /// The longest wait in seconds.
    pub timeout: Option<f64>,
    /// The names of sections around it; those of other runs are none of this one's.
    pub within: &'a [String],
}

impl Runner<'_> {
    /// Begins to ask for a section.
    pub(super) fn lock_for_client(&mut self, pending: Pending, process: Option<&str>, wish: &Wish<'_>) -> Result<Option<Value>, Body> {
        let process = self.process_of_client(process)?;
        let shares = shares(&self.setup.plan, wish)?;
        let patience = seconds(wish.timeout)?;
        if self.sections.open.values().any(|open| *open == pending) {
            return Err(bad("a `lock` of this connection with the same `id` is still open"));
        }
        let prefix = self.section_prefix();
        let within = wish.within.iter().filter_map(|name| Some(Section(name.strip_prefix(&prefix)?.parse().ok()?))).collect();
        self.sections.last += 1;
        let section = Section(self.sections.last);
        self.sections.open.insert(section, pending);
        self.inputs.push_back(Input::SectionAsked(SectionAsk { section, process, within, shares, patience }));
        Ok(None)
    }

    /// Gives back what a request has brought, or gives it up.
    pub(super) fn unlock_for_client(&mut self, pending: Pending, request: u64) -> Result<Option<Value>, Body> {
        let asked = Pending { id: request, ..pending };
        let Some(section) = self.sections.open.iter().find(|(_, open)| **open == asked).map(|(section, _)| *section) else {
            return Err(bad(format!("no `lock` of this connection with the id {request} is open")));
        };
        self.sections.open.remove(&section);
        self.inputs.push_back(Input::SectionOver { section });
        Ok(Some(Value::Null))
    }

    /// A client is gone, with all its sections.
    pub(super) fn sections_of_client_over(&mut self, client: ClientId) {
        let inputs = &mut self.inputs;
        self.sections.open.retain(|section, open| {
            let over = open.client == client;
            if over {
                inputs.push_back(Input::SectionOver { section: *section });
            }
            !over
        });
    }

    /// A section has begun.
    pub(super) fn section_granted(&mut self, section: Section, permits: &[(ResourceId, Vec<u32>)]) {
        let Some(pending) = self.sections.open.get(&section).copied() else { return };
        let numbers: Map<String, Value> =
            permits.iter().map(|(resource, numbers)| (self.setup.plan.resources[*resource].name.clone(), json!(numbers))).collect();
        let name = format!("{}{}", self.section_prefix(), section.0);
        self.answer(pending, Body::Ok(json!({"section": name, "permits": numbers})));
    }

    /// A section was refused.
    pub(super) fn section_refused(&mut self, section: Section, why: &Refused) {
        let Some(pending) = self.sections.open.remove(&section) else { return };
        let (code, message) = refusals::told(&self.setup.plan, why);
        self.answer(pending, refusal(code, message));
    }

    fn process_of_client(&self, name: Option<&str>) -> Result<ProcessId, Body> {
        let name = name.ok_or_else(|| bad("only who belongs to a process can ask for locks: give its FLOWRUN_PROCESS with the proof"))?;
        let found = self.setup.plan.processes.entries().find(|(_, process)| process.name == name);
        found.map(|(id, _)| id).ok_or_else(|| refusal(Code::Unknown, format!("the run has no process `{name}`")))
    }

    /// What the names of this run's sections begin with: a run inside of a run has the same numbers.
    fn section_prefix(&self) -> String {
        let run = self.setup.environment.run_id();
        format!("{}.", run.rsplit('/').next().unwrap_or_default())
    }
}

fn bad(message: impl Into<String>) -> Body {
    refusal(Code::BadRequest, message)
}

/// The shares that names stand for.
fn shares(plan: &Plan, wish: &Wish<'_>) -> Result<Vec<Share>, Body> {
    if wish.names.is_empty() || wish.names.len() > MOST_NAMES {
        return Err(bad(format!("name 1 to {MOST_NAMES} locks or semaphores")));
    }
    let mut shares: Vec<Share> = Vec::new();
    for name in wish.names {
        let (resource, declared) = named(plan, name, wish)?;
        if let Some(host) = &declared.host {
            return Err(bad(elsewhere(name, host, declared.kind, wish)));
        }
        let permits = match declared.kind {
            ResourceKind::Semaphore { permits } => within_bounds(name, wish.permits.unwrap_or(1), permits)?,
            ResourceKind::Lock => 1,
        };
        let shared = wish.shared && declared.kind == ResourceKind::Lock;
        if !shares.iter().any(|share| share.resource == resource) {
            shares.push(Share { resource, shared, permits });
        }
    }
    let is_lock = |share: &Share| plan.resources[share.resource].kind == ResourceKind::Lock;
    if wish.shared && !shares.iter().any(is_lock) {
        return Err(bad("a semaphore cannot be held shared: ask for a number of its permits"));
    }
    if wish.permits.is_some() && shares.iter().all(is_lock) {
        return Err(bad("a lock has no permits: only semaphores have"));
    }
    shares.sort_by_key(|share| share.resource);
    Ok(shares)
}

fn within_bounds(name: &str, wanted: u32, all: u32) -> Result<u32, Body> {
    match wanted {
        0 => Err(bad("at least one permit is needed")),
        wanted if wanted > all => Err(bad(format!("semaphore `{name}` has {all} permits; {wanted} would be waited for for ever"))),
        wanted => Ok(wanted),
    }
}

/// A lock and a semaphore may have the same name: who asks for permits means the semaphore.
fn named<'a>(plan: &'a Plan, name: &str, wish: &Wish<'_>) -> Result<(ResourceId, &'a Resource), Body> {
    let all = || plan.resources.entries().filter(|(_, resource)| resource.name == name);
    let fitting = all().find(|(_, resource)| (resource.kind == ResourceKind::Lock) != wish.permits.is_some());
    fitting.or_else(|| all().next()).ok_or_else(|| {
        let names = plan.resources.iter().map(|resource| resource.name.as_str());
        let help = suggest::hint(name, names);
        let declared: Vec<String> = plan.resources.iter().map(|resource| format!("{} `{}`", resource.kind.word(), resource.name)).collect();
        let list = if declared.is_empty() { "it declares none".to_owned() } else { format!("it declares {}", declared.join(", ")) };
        refusal(Code::Unknown, format!("the workflow declares no lock or semaphore `{name}`{help} ({list})"))
    })
}

/// How to take what other runs share.
fn elsewhere(name: &str, host: &str, kind: ResourceKind, wish: &Wish<'_>) -> String {
    let how = match kind {
        ResourceKind::Semaphore { permits } => format!(" --permits {}/{permits}", wish.permits.unwrap_or(1)),
        ResourceKind::Lock if wish.shared => " --shared".to_owned(),
        ResourceKind::Lock => String::new(),
    };
    format!("`{name}` is shared with other runs: write `flowrun lock --host {host}{how} -- …`")
}
