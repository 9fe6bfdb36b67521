//! Help with a flag that is none: what stands in the file, and no guess where nothing is near.

use clap::Error;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::base::suggest;
use crate::source::model::{Process, Workflow};
use crate::source::read::Mapping as _;

/// The same error with better advice.
pub fn advise(mut error: Error) -> Error {
    let flag = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(flag)) if error.kind() == ErrorKind::UnknownArgument => flag.clone(),
        _ => return error,
    };
    let meant = match error.get(ContextKind::SuggestedArg) {
        Some(ContextValue::String(meant)) => suggest::nearest(&flag, [meant.as_str()]).is_some(),
        _ => false,
    };
    if !meant {
        error.remove(ContextKind::SuggestedArg);
        if let Some(advice) = of_the_file(&flag) {
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(advice)]));
        }
    }
    error
}

/// What is chosen in the workflow, and has no flag.
fn of_the_file(flag: &str) -> Option<String> {
    let key = flag.trim_start_matches('-').replace('-', "_");
    if Workflow::KEYS.contains(&key.as_str()) {
        Some(format!("`{key}` is written in the workflow, at its top"))
    } else if Process::KEYS.contains(&key.as_str()) {
        Some(format!("`{key}` is written in the workflow, in a process, or for all of them in `defaults`"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::args::Cli;

    fn told(words: &[&str]) -> String {
        let error = Cli::try_parse_from(std::iter::once("flowrun").chain(words.iter().copied())).expect_err("a mistake");
        advise(error).to_string()
    }

    #[test]
    fn keys_of_the_file_are_no_flags() {
        assert!(told(&["--on-failure", "kill"]).contains("tip: `on_failure` is written in the workflow, at its top"));
        assert!(told(&["run", "--retries=3"]).contains("tip: `retries` is written in the workflow, in a process"));
    }

    #[test]
    fn only_what_is_near_is_suggested() {
        assert!(told(&["--ouput", "raw"]).contains("--output"));
        let far = told(&["--on-banana"]);
        assert!(!far.contains("similar") && far.contains("--on-banana"), "{far}");
    }
}
