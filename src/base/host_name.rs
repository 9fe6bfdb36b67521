//! Names of locks and semaphores that all runs of a user on a machine share.

/// The longest name, in bytes: as the name of a folder it may grow to three times as much.
pub const MAX_NAME: usize = 80;

/// Whether this can be such a name: not empty, not too long, and nothing in it that steers a terminal.
pub fn fits(name: &str) -> bool {
    !name.is_empty() && name.len() <= MAX_NAME && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_visible() {
        assert!(fits("shop/db") && fits(&"x".repeat(MAX_NAME)));
        assert!(["", "a\nb", "\u{1b}[2J", &"x".repeat(MAX_NAME + 1)].iter().all(|name| !fits(name)));
    }
}
