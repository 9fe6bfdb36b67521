//! From the words of a command line to a workflow's text and its plan.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::args::WorkflowArgs;
use super::{Failure, diagnostics, wrong_word};
use crate::io::{machine, program};
use crate::plan::{self, Host, Options, Plan};
use crate::source;

/// A workflow's text and where it comes from.
#[derive(Debug)]
pub struct Source {
    /// For messages: as it was named.
    pub name: String,
    /// Its file, absolute; none for standard input.
    pub path: Option<PathBuf>,
    /// The folder that relative paths start from, absolute.
    pub folder: PathBuf,
    /// The name that the workflow has unless it says otherwise.
    pub stem: String,
    /// The text.
    pub text: String,
}

/// Goes to the folder of `-C`.
///
/// # Errors
/// The folder cannot be entered.
pub fn enter(args: &WorkflowArgs) -> Result<(), Failure> {
    let Some(folder) = &args.directory else { return Ok(()) };
    std::env::set_current_dir(folder)
        .map_err(|error| Failure::usage(format!("-C {}: cannot go there: {}", folder.display(), machine::reason(&error))))
}

/// Splits the words after `run` into a file and processes.
pub fn split_words(file: Option<&Path>, words: &[String]) -> (Option<PathBuf>, Vec<String>) {
    let names_file = |word: &String| word == "-" || word.contains('/') || word.ends_with(".yaml") || word.ends_with(".yml");
    match (file, words.split_first()) {
        (None, Some((first, rest))) if names_file(first) => (Some(PathBuf::from(first)), rest.to_vec()),
        (file, _) => (file.map(Path::to_path_buf), words.to_vec()),
    }
}

/// Reads a workflow; without a file, `flowrun.yaml` or `flowrun.yml` here or above.
///
/// # Errors
/// There is no file, it cannot be read, or it is not UTF-8.
pub fn read(file: Option<&Path>, asked_for: &[String]) -> Result<Source, Failure> {
    let here =
        std::env::current_dir().map_err(|error| Failure::system(format!("cannot tell the current folder: {}", machine::reason(&error))))?;
    let path = match file {
        Some(path) if path == Path::new("-") => return read_standard_input(here),
        Some(path) => path.to_path_buf(),
        None => find_above(&here).ok_or_else(|| nothing_to_run(&here, asked_for))?,
    };
    let bytes = std::fs::read(&path).map_err(|error| {
        let is_word = path.extension().is_none() && path.components().count() == 1 && !path.exists();
        let hint = if is_word {
            "; this takes the file of a workflow, not the name of a process"
        } else if path.is_dir() {
            "; name the file in it"
        } else {
            ""
        };
        Failure::usage(format!("cannot read the workflow {}: {}{hint}", path.display(), machine::reason(&error)))
    })?;
    let name = path.strip_prefix(&here).unwrap_or(&path).display().to_string();
    let absolute = std::path::absolute(&path).unwrap_or_else(|_| here.join(&path));
    let folder = absolute.parent().map_or_else(|| here.clone(), Path::to_path_buf);
    let stem = path.file_stem().map_or_else(|| "workflow".to_owned(), |stem| stem.to_string_lossy().into_owned());
    Ok(Source { text: utf8(bytes, &name)?, name, path: Some(absolute), folder, stem })
}

fn read_standard_input(here: PathBuf) -> Result<Source, Failure> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::usage(format!("cannot read the workflow from standard input: {}", machine::reason(&error))))?;
    let name = "<stdin>".to_owned();
    Ok(Source { text: utf8(bytes, &name)?, name, path: None, folder: here, stem: "stdin".to_owned() })
}

pub(super) fn find_above(here: &Path) -> Option<PathBuf> {
    here.ancestors().flat_map(|folder| ["flowrun.yaml", "flowrun.yml"].map(|name| folder.join(name))).find(|path| path.is_file())
}

fn nothing_to_run(here: &Path, asked_for: &[String]) -> Failure {
    let looked = format!("there is no flowrun.yaml or flowrun.yml in {} or above", here.display());
    let hint = match asked_for.first() {
        Some(word) => {
            let help = wrong_word::help(word).map_or_else(String::new, |help| format!("\n  {help}"));
            format!("`{word}` was taken for a process; a workflow with another name is given as `-f {word}`{help}")
        }
        None => "name a workflow, as in `flowrun build.yaml`, or write an example with `flowrun init`".to_owned(),
    };
    Failure::usage(format!("{looked}\n  {hint}"))
}

fn utf8(bytes: Vec<u8>, name: &str) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let before = &error.as_bytes()[..at];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        let byte = error.as_bytes()[at];
        Failure::usage(format!("{name}:{line}:{column}: byte 0x{byte:02x} is not UTF-8; save the file as UTF-8"))
    })
}

/// This machine, for planning.
struct ThisMachine {
    env: BTreeMap<String, String>,
}

impl Host for ThisMachine {
    fn env(&self) -> &BTreeMap<String, String> {
        &self.env
    }
    fn read_file(&self, path: &Path) -> Result<String, String> {
        machine::read_text(path)
    }
    fn is_executable(&self, path: &Path) -> bool {
        program::is_executable(path)
    }
}

/// What the command line says about planning.
pub fn options(source: &Source, args: &WorkflowArgs) -> Options {
    Options {
        name: source.stem.clone(),
        file: source.name.clone(),
        set: args.set.clone(),
        env_files: args.env_file.clone(),
        cpus: machine::cpus(),
        ..Options::in_folder(source.folder.clone())
    }
}

/// Plans a workflow and shows what was found; `None` when there are errors.
pub fn plan(source: &Source, options: &Options, args: &WorkflowArgs) -> Option<Plan> {
    let parsed = source::parse(&source.text);
    let outcome = plan::build(&parsed, options, &ThisMachine { env: machine::text_environment() });
    diagnostics::show(source, &outcome.diagnostics, args);
    // A command reads one workflow or a few, and then ends or runs for long: giving the memory of what was
    // read back piece by piece took a tenth of the time of `check`, and nobody would use it.
    std::mem::forget(parsed);
    outcome.plan
}

/// Reads and plans the workflow of a command, and shows what is wrong with it.
///
/// # Errors
/// The file cannot be read; a wrong workflow is `Ok(None)`.
pub fn load(file: Option<&Path>, args: &WorkflowArgs) -> Result<Option<(Source, Plan)>, Failure> {
    enter(args)?;
    let source = read(file, &[])?;
    let plan = plan(&source, &options(&source, args), args);
    Ok(plan.map(|plan| (source, plan)))
}
