//! Text becomes a [`model::Workflow`]: every value typed, every value with its place.
//!
//! Decides nothing: names are not looked up, expressions not evaluated, templates not merged. Knows
//! nothing of the graph or of the system. All findings of one text are gathered in one pass.
//!
//! The types are read by a trait of this crate ([`read::Read`]) and not through serde: serde stops at
//! the first error and cannot hand a visitor the place of a value, so that "every mistake in one run,
//! each underlined" would need magic type names and a side channel for errors. One method over a tree
//! of nodes does the same openly. serde still writes everything that leaves the program as data.

pub mod hints;
pub mod model;
pub mod read;
mod syntax;
pub mod tree;
mod yaml;

use crate::base::diagnostic::Diagnostic;
use model::Workflow;
use read::{Read, Reader};
use tree::Document;

/// A workflow as it was written, and the text's nodes, which some values still refer to.
#[derive(Debug)]
pub struct Parsed {
    /// The typed workflow; what could not be read is left out and reported.
    pub workflow: Workflow,
    /// The nodes.
    pub document: Document,
    /// Everything that was found wrong so far.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads one workflow.
pub fn parse(text: &str) -> Parsed {
    let (document, mut diagnostics) = yaml::load(text);
    let workflow = match document.root() {
        Some(root) if diagnostics.iter().all(|found| found.code != "syntax") => {
            let mut reader = Reader::new(&document);
            let workflow = Workflow::read(root, &mut reader).unwrap_or_default();
            diagnostics.append(&mut reader.diagnostics);
            workflow
        }
        _ => Workflow::default(),
    };
    Parsed { workflow, document, diagnostics }
}
