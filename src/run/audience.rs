//! Who is told what happens, as the loop sees it.

use crate::notice::Notice;

/// Who is told what happens.
pub trait Audience {
    /// Takes a notice; must not block.
    fn tell(&self, notice: Notice);
    /// Whether more output may come. After a no, the run's poller must be woken when there is room.
    fn has_room(&self) -> bool;
    /// Asks that nothing be shown until [`Self::speak`], because somebody else has the terminal, and says whether
    /// that is so now. After a no, the run's poller must be woken when it is.
    fn hush(&self) -> bool {
        true
    }
    /// Everything may be shown again.
    fn speak(&self) {}
}
