//! The verdict on a run: how many of its processes ended how, how long it took, what cut it off.
//!
//! One place for the last line on a terminal, for the page that a host shows and for reports, so that all of them count
//! and call things alike. Pure; what there is none of is left out.

use super::paint::Paint;
use super::state::Counts;
use super::view::RunView;
use super::words;
use crate::base::duration::human;
use crate::notice::RunSummary;

/// One of the colours.
type Painter = fn(Paint, &str) -> String;

/// `11 succeeded, 1 failed, 2 skipped in 1.42 s, interrupted by SIGINT`
pub fn line(view: &RunView, summary: &RunSummary, paint: Paint) -> String {
    let mut line = format!("{} in {}", counted(view.counts(), summary.queues, summary.unaccounted, paint), human(view.length()));
    if let Some(signal) = summary.interrupted {
        line += &format!(", {}", paint.yellow(&words::interrupted(signal)));
    }
    if summary.timed_out {
        line += &format!(", {}", paint.red(&words::run_timeout(view.plan())));
    }
    line
}

/// `3 succeeded, 1 failed`
pub fn counted(counts: Counts, queues: usize, unaccounted: usize, paint: Paint) -> String {
    let all: [(usize, &str, Painter); 8] = [
        (counts.succeeded, "succeeded", Paint::green),
        (counts.failed, "failed", Paint::red),
        (counts.allowed, "failed as allowed", Paint::yellow),
        (counts.skipped, "skipped", Paint::yellow),
        (counts.cancelled, "cancelled", Paint::yellow),
        (counts.stopped, "stopped", |_, text| text.to_owned()),
        (queues, if queues == 1 { "queue not worked off" } else { "queues not worked off" }, Paint::red),
        (unaccounted, "unaccounted for (a fault of flowrun's own)", Paint::red),
    ];
    let parts = all.iter().filter(|(count, ..)| *count > 0).map(|(count, word, color)| color(paint, &format!("{count} {word}")));
    let parts: Vec<_> = parts.collect();
    if parts.is_empty() { "nothing to do".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_there_is_is_counted() {
        let counts = Counts { succeeded: 2, skipped: 1, ..Counts::default() };
        let plain = Paint::new(false);
        assert_eq!(counted(counts, 0, 0, plain), "2 succeeded, 1 skipped");
        assert_eq!(
            counted(counts, 1, 1, plain),
            "2 succeeded, 1 skipped, 1 queue not worked off, 1 unaccounted for (a fault of flowrun's own)"
        );
        assert_eq!(counted(Counts::default(), 2, 0, plain), "2 queues not worked off");
        assert_eq!(counted(Counts::default(), 0, 0, plain), "nothing to do");
    }
}
