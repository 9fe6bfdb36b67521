//! For the tests of tasks: a folder of their own, a run that remembers what was asked of it, and
//! arguments read from a text as a workflow's are.

use std::path::Path;
use std::sync::{Arc, Mutex};

use super::{Cancel, Context, RunAccess, Task, TaskError, find};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;
use crate::source;
use crate::source::read::{Reader, Render, Rendered};

/// Evaluates `${{ x }}` to `x`; a text stands in single quotes.
struct Echo;

impl Render for Echo {
    fn render(&self, text: &str, _: Span) -> Result<Rendered, Vec<Diagnostic>> {
        let mut rendered = String::new();
        let inside = text.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).filter(|inside| !inside.contains("}}"));
        let word = |inside: &str| inside.trim().chars().all(char::is_alphabetic) && !matches!(inside.trim(), "true" | "false" | "null");
        let typed = inside.is_some_and(|inside| !inside.contains('\'') && !word(inside));
        let mut rest = text;
        while let Some((before, tail)) = rest.split_once("${{") {
            let (inside, after) = tail.split_once("}}").unwrap_or((tail, ""));
            rendered.push_str(before);
            rendered.push_str(inside.trim().trim_matches('\''));
            rest = after;
        }
        Ok(Rendered { text: rendered + rest, typed, late: false })
    }
}

/// The task `name` with the arguments of a YAML text.
pub(crate) fn build(name: &str, with: &str) -> Result<Arc<dyn Task>, Vec<Diagnostic>> {
    let indented: String = with.lines().map(|line| format!("      {line}\n")).collect();
    let parsed = source::parse(&format!("processes:\n  p:\n    task: {name}\n    with:\n{indented}"));
    assert_eq!(parsed.diagnostics, [], "{with}");
    let processes = parsed.workflow.processes.value().expect("processes");
    let process = processes.get("p").and_then(|process| process.value()).expect("the process");
    let entries = process.with.value().map(source::model::process::With::entries).unwrap_or_default();
    let place = process.task.span().expect("the task's place");
    let mut reader = Reader::new(&parsed.document);
    reader.render = Some(&Echo);
    let task = (find(name).expect("a known task").build)(&entries, place, &mut reader);
    match task {
        Some(task) if reader.diagnostics.is_empty() => Ok(task),
        Some(_) => panic!("built in spite of {:?}", reader.diagnostics),
        None => {
            assert!(!reader.diagnostics.is_empty(), "refused without a word: {with}");
            Err(reader.diagnostics)
        }
    }
}

/// What is wrong with the arguments: the messages with their help, one a line.
pub(crate) fn refused(name: &str, with: &str) -> String {
    let found = build(name, with).map(|task| panic!("accepted: {task:?}")).unwrap_err();
    let lines: Vec<String> = found
        .into_iter()
        .map(|found| format!("{} | {}", found.message, found.help.unwrap_or_else(|| panic!("no help: {}", found.message))))
        .collect();
    lines.join("\n")
}

/// A folder to work in, and a run.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    pub(crate) cancel: Cancel,
    pub(crate) stopped: Mutex<Vec<String>>,
    pub(crate) ended: Vec<String>,
}

impl RunAccess for Bench {
    fn stop(&self, process: &str) {
        self.stopped.lock().unwrap().push(process.to_owned());
    }
    fn has_ended(&self, process: &str) -> bool {
        self.ended.iter().any(|ended| ended == process)
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, cancel: Cancel::default(), stopped: Mutex::default(), ended: Vec::new() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file and the folders that lead to it.
    pub(crate) fn file(&self, path: &str, contents: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, contents).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).unwrap()
    }

    pub(crate) fn mode(&self, path: &str) -> u32 {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::metadata(self.path().join(path)).unwrap().permissions().mode() & 0o7777
    }

    pub(crate) fn set_mode(&self, path: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(self.path().join(path), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    /// The names in a folder, sorted.
    pub(crate) fn list(&self, path: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path().join(path)).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Builds a task and runs it in the folder: its result and what it printed.
    pub(crate) fn run(&self, name: &str, with: &str) -> (Result<(), TaskError>, String) {
        let task = build(name, with).unwrap_or_else(|found| panic!("{with}: {found:?}"));
        run(&*task, self)
    }

    /// What a task prints that succeeds.
    pub(crate) fn ok(&self, name: &str, with: &str) -> String {
        let (result, output) = self.run(name, with);
        result.unwrap_or_else(|error| panic!("{with}: {error:?}"));
        output
    }

    /// The message of a task that fails.
    pub(crate) fn fails(&self, name: &str, with: &str) -> String {
        match self.run(name, with).0 {
            Err(TaskError::Failed { message, code: 1 }) => message,
            other => panic!("{with}: {other:?}"),
        }
    }
}

/// Runs a task: its result and what it printed.
pub(crate) fn run(task: &dyn Task, bench: &Bench) -> (Result<(), TaskError>, String) {
    let mut output = Vec::new();
    let mut context = Context { cwd: bench.path(), cancel: &bench.cancel, output: &mut output, run: bench };
    let result = task.run(&mut context);
    (result, String::from_utf8(output).unwrap())
}
