//! Values that read what other processes write (`outputs`) or the item of a queue that their process runs for
//! (`item`), which are known only when their process starts.
//!
//! Everything else of a plan is known before anything runs. Until then the source text stands in for such a
//! value, so that a listing shows what the file says; a [`Late`] beside the step knows which words,
//! variables and arguments to evaluate anew. The text is evaluated as a whole a second time, by the same code
//! and with the same places as in planning: there is one way for an expression to be read and to go wrong.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::expression::{Engine, Item, Names, Reads, Scope};
use super::model::{Action, Stdin, Step};
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::span::{Span, Spanned};
use crate::source::model::ScalarText;
use crate::source::read::{Reader, Render, Rendered};
use crate::source::tree::{Document, Entry};
use crate::task::{Build, Context, Task, TaskError};

/// What one process has written: values by their names.
pub type Written = BTreeMap<String, String>;

/// What is known when a process starts, and not before.
#[derive(Clone, Copy, Debug)]
pub struct Given<'g> {
    /// What others have written, by their names.
    pub outputs: &'g BTreeMap<String, Written>,
    /// The item that it runs for.
    pub item: Option<&'g [u8]>,
}

/// Where a late value belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A word of the command, counted in the words that are run.
    Word(usize),
    /// An environment variable.
    Variable(String),
    /// The folder.
    Folder,
    /// The text of standard input.
    InputText,
    /// The file of standard input.
    InputFile,
}

/// Late values of one step, as they were written.
#[derive(Clone, Debug, Default)]
pub struct Lates(Vec<(Target, Spanned<String>)>);

impl Lates {
    /// A target has a value again: one that is late, or one that is known and takes a late one's place.
    pub fn set(&mut self, target: Target, late: Option<Spanned<String>>) {
        self.0.retain(|(other, _)| *other != target);
        self.0.extend(late.map(|late| (target, late)));
    }
}

/// A built-in task whose arguments are late.
#[derive(Clone, Debug)]
pub struct LateTask {
    /// Makes it.
    pub build: Build,
    /// Its arguments.
    pub entries: Vec<Entry>,
    /// Where it stands.
    pub place: Span,
}

/// What late values of one process need to be evaluated.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The workflow's nodes.
    pub document: Arc<Document>,
    /// The workflow's file, for messages.
    pub file: String,
    /// The folder from which paths start.
    pub folder: PathBuf,
    /// What expressions can name besides outputs.
    pub names: Names,
    /// Whose outputs are read.
    pub processes: BTreeSet<String>,
}

/// The late values of a step.
#[derive(Clone, Debug)]
pub struct Late {
    kept: Arc<Kept>,
    values: Lates,
    task: Option<LateTask>,
}

impl Late {
    /// What is late in a step; nothing for most.
    pub fn new(kept: Option<&Arc<Kept>>, values: Lates, task: Option<LateTask>) -> Option<Arc<Self>> {
        let kept = kept.filter(|_| !values.0.is_empty() || task.is_some())?;
        Some(Arc::new(Self { kept: Arc::clone(kept), values, task }))
    }

    /// Whether the program or the place where it is looked for is not known yet.
    pub fn hides_program(&self) -> bool {
        self.values.0.iter().any(|(target, _)| match target {
            Target::Word(word) => *word == 0,
            Target::Variable(name) => name == "PATH",
            Target::Folder => true,
            Target::InputText | Target::InputFile => false,
        })
    }

    /// Whether the value of a variable is not known yet.
    pub fn hides_variable(&self, name: &str) -> bool {
        self.values.0.iter().any(|(target, _)| matches!(target, Target::Variable(other) if other == name))
    }

    /// The processes whose outputs are read.
    pub fn processes(&self) -> &BTreeSet<String> {
        &self.kept.processes
    }

    /// The step and its standard input with all their values.
    ///
    /// # Errors
    /// A sentence that begins with the place in the workflow's file.
    pub fn known(&self, step: &Step, stdin: &Stdin, given: Given<'_>) -> Result<(Step, Stdin), String> {
        let kept = &*self.kept;
        let engine = Engine::default();
        let scope = kept.scope(&engine, given.outputs);
        let scope = match given.item.map(std::str::from_utf8) {
            Some(Ok(item)) => scope.with_item(item),
            Some(Err(_)) => scope.without_item(Item::NotText),
            None => scope,
        };
        let (mut step, mut stdin) = (step.clone(), stdin.clone());
        for (target, late) in &self.values.0 {
            let value = scope.render(&late.value, late.span).map_err(|found| kept.sentence(&found))?.text;
            if value.contains('\0') {
                return Err(format!("{}: the value has a NUL character in it, which no word or variable may have", kept.line(late.span)));
            }
            put(target, value, &mut step, &mut stdin, kept);
        }
        if let (Some(late), Action::Task { task, .. }) = (&self.task, &mut step.action) {
            *task = late.build(&scope, kept)?;
        }
        Ok((step, stdin))
    }
}

fn put(target: &Target, value: String, step: &mut Step, stdin: &mut Stdin, kept: &Kept) {
    match target {
        Target::Word(word) => {
            if let Action::Command { argv, direct, .. } = &mut step.action {
                argv[*word] = value;
                *direct = None;
            }
        }
        Target::Variable(name) => {
            Arc::make_mut(&mut step.env).insert(name.clone(), Some(value));
        }
        Target::Folder => step.cwd = kept.folder.join(value),
        Target::InputText => *stdin = Stdin::Text(value),
        Target::InputFile => *stdin = Stdin::File(kept.folder.join(value)),
    }
}

impl LateTask {
    fn build(&self, scope: &Scope<'_>, kept: &Kept) -> Result<Arc<dyn Task>, String> {
        let mut reader = Reader::new(&kept.document);
        reader.render = Some(scope);
        let task = (self.build)(&self.entries, self.place, &mut reader);
        task.ok_or_else(|| kept.sentence(&reader.diagnostics))
    }
}

/// An `if` that reads outputs.
#[derive(Clone, Debug)]
pub struct LateCondition {
    /// What it needs.
    pub kept: Arc<Kept>,
    /// As it was written.
    pub text: Spanned<ScalarText>,
}

impl LateCondition {
    /// Whether it holds.
    ///
    /// # Errors
    /// A sentence that begins with the place in the workflow's file.
    pub fn holds(&self, written: &BTreeMap<String, Written>) -> Result<bool, String> {
        let kept = &*self.kept;
        let engine = Engine::default();
        let scope = kept.scope(&engine, written);
        scope.condition(&self.text.value, self.text.span).map_err(|found| kept.sentence(&[found]))
    }

    /// The processes whose outputs are read.
    pub fn processes(&self) -> &BTreeSet<String> {
        &self.kept.processes
    }
}

impl Kept {
    /// The values around an expression, with what others have written.
    fn scope<'s>(&'s self, engine: &'s Engine, written: &BTreeMap<String, Written>) -> Scope<'s> {
        Scope::of(&self.names, engine, &self.document.text).with_outputs(written)
    }

    /// The first error as a sentence with its place.
    fn sentence(&self, found: &[Diagnostic]) -> String {
        let Some(first) = found.iter().find(|found| found.severity == Severity::Error) else {
            return format!("{}: its arguments do not fit together", self.file);
        };
        let help = first.help.as_ref().map_or(String::new(), |help| format!("; {help}"));
        format!("{}: {}{help}", self.line(first.span()), first.message)
    }

    fn line(&self, span: Span) -> String {
        let before = self.document.text.get(..span.start as usize).unwrap_or_default();
        format!("{}:{}", self.file, before.matches('\n').count() + 1)
    }
}

/// Stands for a task whose arguments are not known.
#[derive(Debug)]
pub struct Unknown;

impl Task for Unknown {
    fn run(&self, _: &mut Context<'_>) -> Result<(), TaskError> {
        Err(TaskError::failed("its arguments are not known yet"))
    }
}

/// Evaluates what is known, and lets late texts through as they are.
pub struct Lenient<'s> {
    /// The values that are known.
    pub scope: &'s Scope<'s>,
    /// What was read of what is not.
    pub reads: RefCell<Reads>,
}

impl Render for Lenient<'_> {
    fn render(&self, text: &str, span: Span) -> Result<Rendered, Vec<Diagnostic>> {
        let reads = self.scope.reads(text, span)?;
        if reads.is_empty() {
            return self.scope.render(text, span);
        }
        self.reads.borrow_mut().append(reads);
        Ok(Rendered { text: text.to_owned(), typed: false, late: true })
    }
}
