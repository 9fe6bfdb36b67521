//! Reports in the formats that others read: one file a format, each a pure function from the report to bytes.
//!
//! What processes wrote and how files are called is data here, never markup: each format escapes it in its own way.

mod html;
mod json;
mod junit;
mod markdown;
mod trace;
pub mod words;

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

    /// A report in this format.
    ///
    /// # Errors
    /// Why it cannot be made: only when a format has no room for what is in it.
    pub fn render(self, report: &Report) -> Result<Vec<u8>, String> {
        match self {
            Self::Json => json::render(report),
            Self::Junit => junit::render(report),
            Self::Trace => trace::render(report),
            Self::Markdown => Ok(markdown::render(report).into_bytes()),
            Self::Html => html::render(report),
        }
    }
}

pub use json::schema;
pub use markdown::critical_path;

#[cfg(test)]
mod tests;
