//! Reports in the formats that others read: one file a format, each makes bytes of the report and knows nothing of where they go.
//!
//! What processes wrote and how files are called is data here, never markup: each format escapes it in its own way.

pub mod folded;
mod html;
mod json;
mod junit;
mod markdown;
mod trace;
pub mod words;

use std::io::{self, Write};

use super::record::Report;

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Everything, as data.
    Json,
    /// Test results, for CI systems.
    Junit,
    /// Chrome's trace events, for Perfetto and the like.
    Trace,
    /// A page for job summaries and comments.
    Markdown,
    /// A page to look at in a browser.
    Html,
}

impl Kind {
    /// All of them, by the words that stand for them.
    pub const ALL: [(&'static str, Self); 5] =
        [("json", Self::Json), ("junit", Self::Junit), ("trace", Self::Trace), ("markdown", Self::Markdown), ("html", Self::Html)];

    /// The word that stands for it.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }

    /// Writes a report in this format, piece by piece where the format lets it: `out` should have a buffer.
    ///
    /// # Errors
    /// It cannot be written, or the format has no room for what is in it.
    pub fn write(self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let text = match self {
            Self::Json => return json::write(report, out),
            Self::Trace => return trace::write(report, out),
            Self::Junit => junit::render(report).map_err(io::Error::other)?,
            Self::Markdown => markdown::render(report).into_bytes(),
            Self::Html => html::render(report).map_err(io::Error::other)?,
        };
        out.write_all(&text)
    }
}

pub use json::schema;
pub use markdown::critical_path;

#[cfg(test)]
mod tests;
