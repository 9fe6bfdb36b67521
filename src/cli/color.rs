//! Whether and where colours are shown.

use std::io::IsTerminal;

use super::args::ColorArg;
use crate::report::Surface;

/// What decides: an explicit flag, then NO_COLOR, then FORCE_COLOR and CLICOLOR_FORCE, then the terminal.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// `--color`.
    pub flag: ColorArg,
    /// NO_COLOR.
    pub no_color: Option<&'a str>,
    /// FORCE_COLOR.
    pub force_color: Option<&'a str>,
    /// CLICOLOR_FORCE.
    pub clicolor_force: Option<&'a str>,
    /// TERM.
    pub term: Option<&'a str>,
}

impl Wish<'_> {
    /// Whether something that is or is not a terminal gets colours.
    pub fn colors(self, terminal: bool) -> bool {
        let on = |value: Option<&str>| value.is_some_and(|value| !value.is_empty() && value != "0");
        match self.flag {
            ColorArg::Always => true,
            ColorArg::Never => false,
            ColorArg::Auto if self.no_color.is_some_and(|value| !value.is_empty()) => false,
            ColorArg::Auto if on(self.force_color) || on(self.clicolor_force) => true,
            ColorArg::Auto => terminal && self.term != Some("dumb"),
        }
    }
}

/// Standard output and standard error.
pub fn surfaces(flag: ColorArg) -> (Surface, Surface) {
    let var = |name: &str| std::env::var(name).ok();
    let (no_color, force_color, clicolor_force, term) = (var("NO_COLOR"), var("FORCE_COLOR"), var("CLICOLOR_FORCE"), var("TERM"));
    let wish = Wish {
        flag,
        no_color: no_color.as_deref(),
        force_color: force_color.as_deref(),
        clicolor_force: clicolor_force.as_deref(),
        term: term.as_deref(),
    };
    let surface = |terminal| Surface { terminal, color: wish.colors(terminal) };
    (surface(std::io::stdout().is_terminal()), surface(std::io::stderr().is_terminal()))
}

/// Whether lines of progress may be drawn: the terminal can move its cursor, and nobody else writes to it.
///
/// What reads standard output from a pipe often writes to the same terminal (`| tee log`, `| grep x`), and
/// would write into the lines of progress.
pub fn can_draw() -> bool {
    use std::os::fd::AsFd;
    use std::os::unix::fs::FileTypeExt;
    let moves = std::env::var("TERM").is_ok_and(|term| !term.is_empty() && term != "dumb");
    let stdout = std::io::stdout().as_fd().try_clone_to_owned().and_then(|fd| std::fs::File::from(fd).metadata());
    let alone = stdout.is_ok_and(|metadata| !metadata.file_type().is_fifo() && !metadata.file_type().is_socket());
    // What an outer flowrun shows must not be drawn over by an inner one.
    let outermost = std::env::var_os("FLOWRUN_RUN_ID").is_none();
    moves && alone && outermost
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wish_beats_those_after_it() {
        let none = Wish { flag: ColorArg::Auto, no_color: None, force_color: None, clicolor_force: None, term: Some("xterm") };
        assert!(none.colors(true) && !none.colors(false));
        assert!(!Wish { term: Some("dumb"), ..none }.colors(true));
        assert!(Wish { clicolor_force: Some("1"), ..none }.colors(false));
        assert!(Wish { force_color: Some("3"), ..none }.colors(false));
        assert!(!Wish { force_color: Some("0"), ..none }.colors(false));
        assert!(!Wish { force_color: Some("1"), no_color: Some("1"), ..none }.colors(true));
        assert!(Wish { no_color: Some(""), ..none }.colors(true));
        assert!(Wish { flag: ColorArg::Always, no_color: Some("1"), ..none }.colors(false));
        assert!(!Wish { flag: ColorArg::Never, force_color: Some("1"), ..none }.colors(true));
    }
}
