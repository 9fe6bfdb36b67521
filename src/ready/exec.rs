//! `exec`: what the end of a probe's command means.
//!
//! The command itself is a child of the run's loop, which alone reaps children; here is only what is pure
//! about it. A probe has no success codes of its own: 0 is yes, as for every checking program.

use crate::io::reap::Ended;

/// Most of a line that is shown (characters).
const MAX_SHOWN: usize = 200;

/// Whether the condition holds; `output` is the end of what the command said.
///
/// # Errors
/// How it ended, and its last line.
pub fn verdict(ended: Ended, output: &[u8]) -> Result<(), String> {
    let how = match ended {
        Ended::Code(0) => return Ok(()),
        Ended::Code(code) => format!("exit code {code}"),
        Ended::Signal(signal) => format!("ended by signal {signal}"),
    };
    Err(last_line(output).map_or_else(|| how.clone(), |line| format!("{how}: {line}")))
}

/// The last line that is not blank.
fn last_line(output: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(output);
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty())?;
    Some(line.chars().take(MAX_SHOWN).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_zero_is_yes_and_the_last_line_is_the_reason() {
        assert_eq!(verdict(Ended::Code(0), b"no response"), Ok(()));
        assert_eq!(verdict(Ended::Code(2), b""), Err("exit code 2".to_owned()));
        assert_eq!(verdict(Ended::Code(1), b"trying\n  no response \n\n"), Err("exit code 1: no response".to_owned()));
        assert_eq!(verdict(Ended::Signal(9), b"\xff"), Err("ended by signal 9: \u{fffd}".to_owned()));
        assert_eq!(verdict(Ended::Code(1), "ä".repeat(1000).as_bytes()).unwrap_err().chars().count(), "exit code 1: ".len() + MAX_SHOWN);
    }
}
