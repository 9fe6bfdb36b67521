//! Which keys of the poller are whose: one range for each kind of descriptor, so that none is taken for another's.
//!
//! Keys are never used twice, and no run gets to the end of a range. Those below all ranges are of signals and of
//! pipes of outputs.

use std::ops::RangeInclusive;

/// How many keys a kind has.
const EACH: usize = usize::MAX / 8;

/// Pipes between processes and queues.
pub const QUEUES: RangeInclusive<usize> = range(1);
/// Sockets where flowrun listens for processes.
pub const LISTENERS: RangeInclusive<usize> = range(2);
/// The control socket and its clients.
pub const CLIENTS: RangeInclusive<usize> = range(3);
/// Sockets for messages of processes that say when they are ready.
pub const PROBES: RangeInclusive<usize> = range(4);

const fn range(nth: usize) -> RangeInclusive<usize> {
    nth * EACH..=(nth + 1) * EACH - 1
}
