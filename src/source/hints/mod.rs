//! What users of other tools type first, and what it is called here.
//!
//! Tells the right form for a key or a value that does not fit. Knows nothing of values that do: these are read in
//! `model`, by their types.

mod forms;
mod keys;
mod peers;
mod peers_elsewhere;
mod probes;

pub use forms::{form, list_of_keys, mapping_form, range, without_colon};
pub use keys::{instead, not_indented, unknown_key};
pub use probes::command as probe_command;

/// Words as `a`, `b` and `c`.
pub fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => format!("`{one}`"),
        [init @ .., last] => {
            let init: Vec<String> = init.iter().map(|word| format!("`{word}`")).collect();
            format!("{} and `{last}`", init.join(", "))
        }
    }
}
