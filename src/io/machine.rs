//! The machine as planning asks for it.

use std::collections::BTreeMap;
use std::path::Path;

/// The environment of this process, as far as it is text; a variable that is not UTF-8 is inherited by
/// processes but cannot be named in a workflow.
pub fn text_environment() -> BTreeMap<String, String> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
}

/// The text of a file, or the reason why there is none, without the system's number.
///
/// # Errors
/// A few words such as `No such file or directory`.
pub fn read_text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| reason(&error))
}

/// The system's words for an error, without its number.
pub fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// Processors that this process may use; at least 1.
pub fn cpus() -> u32 {
    std::thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX))
}
