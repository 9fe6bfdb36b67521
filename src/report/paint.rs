//! Colours and columns: how names and flowrun's own words look.
//!
//! Knows nothing of the environment: whether there are colours is decided elsewhere and given.

use console::{Style, measure_text_width};

use super::words;
use crate::base::ids::{Id, ProcessId};
use crate::plan::Plan;

/// Names are padded up to this many columns.
const WIDEST: usize = 20;

/// Puts colours on texts, or none.
#[derive(Clone, Copy, Debug)]
pub struct Paint(bool);

impl Paint {
    /// With colours or without.
    pub fn new(color: bool) -> Self {
        Self(color)
    }
    /// What is told beside the rest.
    pub fn dim(self, text: &str) -> String {
        self.apply(Style::new().dim(), text)
    }
    /// What catches the eye.
    pub fn bold(self, text: &str) -> String {
        self.apply(Style::new().bold(), text)
    }
    /// Failures.
    pub fn red(self, text: &str) -> String {
        self.apply(Style::new().red().bold(), text)
    }
    /// Warnings and what was cut off.
    pub fn yellow(self, text: &str) -> String {
        self.apply(Style::new().yellow(), text)
    }
    /// Success.
    pub fn green(self, text: &str) -> String {
        self.apply(Style::new().green(), text)
    }
    /// The colour of a process; red and yellow are taken by trouble.
    pub fn process(self, process: ProcessId, text: &str) -> String {
        let style = Style::new();
        let style = match process.index() % 8 {
            0 => style.cyan(),
            1 => style.green(),
            2 => style.magenta(),
            3 => style.blue().bright(),
            4 => style.cyan().bright(),
            5 => style.green().bright(),
            6 => style.magenta().bright(),
            _ => style.blue(),
        };
        self.apply(style, text)
    }
    fn apply(self, style: Style, text: &str) -> String {
        if self.0 { style.force_styling(true).apply_to(text).to_string() } else { text.to_owned() }
    }
}

/// Names of processes in one column.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    width: usize,
}

impl Names {
    /// As wide as the longest name of this plan, within reason; longer ones stand out.
    pub fn new(plan: &Plan) -> Self {
        let widest = plan.processes.ids().map(|process| measure_text_width(&words::name(plan, process))).max();
        Self { width: widest.unwrap_or(0).min(WIDEST) }
    }
    /// The name, filled with spaces.
    pub fn padded(self, plan: &Plan, process: ProcessId) -> String {
        let name = words::name(plan, process);
        let missing = self.width.saturating_sub(measure_text_width(&name));
        name + &" ".repeat(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::plan;
    use super::*;

    #[test]
    fn names_stand_in_one_column() {
        let plan = plan(&["a", "Überall", "an-extraordinarily-long-name"]);
        let names = Names::new(&plan);
        let padded: Vec<_> = plan.processes.ids().map(|process| names.padded(&plan, process)).collect();
        assert_eq!(padded, ["a                   ", "Überall             ", "an-extraordinarily-long-name"]);
    }

    #[test]
    fn colours_follow_the_settings_alone() {
        assert_eq!(Paint::new(true).process(ProcessId(0), "a"), "\u{1b}[36ma\u{1b}[0m");
        assert_eq!(Paint::new(false).red("a"), "a");
    }
}
