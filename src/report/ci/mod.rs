//! Hosts of continuous integration: what they read in a log as commands.
//!
//! One file a host, all pure: texts in, lines out. A [`Host`] is a value and no trait object, so that settings stay
//! plain data. What processes write is made harmless for the host before any reporter sees it, so that no output
//! can open a group, forge an error or set a variable.

mod annotate;
mod azure;
mod buildkite;
mod github;
mod gitlab;
pub mod markdown;
mod marks;
mod teamcity;

pub use annotate::{Annotate, Source};

use crate::base::ids::ProcessId;

/// Whose log it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// GitHub Actions, and what speaks its language.
    GitHub,
    /// GitLab CI.
    GitLab,
    /// Buildkite.
    Buildkite,
    /// TeamCity.
    TeamCity,
    /// Azure Pipelines.
    Azure,
}

/// A block of output of one process.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// Which process.
    pub process: ProcessId,
    /// The how manieth block of the run it is.
    pub number: usize,
    /// The name of the process, clean.
    pub name: &'a str,
    /// What became of it, clean.
    pub end: &'a str,
    /// Whether it failed.
    pub failed: bool,
    /// When it ended, in seconds since 1970.
    pub now: u64,
    /// How long it took, in seconds.
    pub took: u64,
}

/// Something to be pointed out.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'a> {
    /// An error; else a warning.
    pub error: bool,
    /// What it is about: the name of a process, or of the workflow.
    pub title: &'a str,
    /// The workflow's file as the host names it, and the line in it, from 1.
    pub place: Option<(&'a str, usize)>,
    /// What is the matter; may have several lines.
    pub message: &'a str,
}

impl Host {
    /// The line before a block.
    pub fn open(self, block: &Block<'_>) -> String {
        match self {
            Self::GitHub => github::open(block),
            Self::GitLab => gitlab::open(block),
            Self::Buildkite => buildkite::open(block),
            Self::TeamCity => teamcity::open(block),
            Self::Azure => azure::open(block),
        }
    }

    /// The line after it, where there is one.
    pub fn close(self, block: &Block<'_>) -> Option<String> {
        match self {
            Self::GitHub => Some(github::close()),
            Self::GitLab => Some(gitlab::close(block)),
            Self::Buildkite => None,
            Self::TeamCity => Some(teamcity::close(block)),
            Self::Azure => Some(azure::close()),
        }
    }

    /// The line before what is said at the end of the run, where blocks last until the next one.
    pub fn head(self, text: &str) -> Option<String> {
        match self {
            Self::Buildkite => Some(buildkite::head(text)),
            Self::GitHub | Self::GitLab | Self::TeamCity | Self::Azure => None,
        }
    }

    /// The line that points something out, where the host has such lines.
    pub fn point_out(self, finding: &Finding<'_>) -> Option<String> {
        match self {
            Self::GitHub => Some(github::point_out(finding)),
            Self::TeamCity => Some(teamcity::point_out(finding)),
            Self::Azure => Some(azure::point_out(finding)),
            Self::GitLab | Self::Buildkite => None,
        }
    }

    /// What comes from outside, without what the host would take for a command; none when nothing has to change.
    pub fn harmless(self, text: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::GitHub => marks::break_up(text, github::MARKS),
            Self::GitLab => marks::break_up(text, gitlab::MARKS),
            Self::Buildkite => marks::break_up(text, buildkite::MARKS),
            Self::TeamCity => marks::break_up(text, teamcity::MARKS),
            Self::Azure => marks::break_up(text, azure::MARKS),
        }
    }
}

/// Replaces characters by their escapes.
fn escape(text: &str, escapes: &[(char, &str)]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match escapes.iter().find(|(plain, _)| *plain == c) {
            Some((_, instead)) => escaped.push_str(instead),
            None => escaped.push(c),
        }
    }
    escaped
}
