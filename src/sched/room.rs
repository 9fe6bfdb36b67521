//! What is free of one lock or semaphore. Knows nothing of who holds the rest, or who waits.

use std::collections::BTreeSet;

use crate::notice::Share;
use crate::plan::{Resource, ResourceKind};

/// What is free of one lock or semaphore, within this run.
#[derive(Debug)]
pub enum Room {
    Lock {
        exclusive: bool,
        shared: u32,
    },
    /// Permits are handed out lowest number first; `fresh` is the lowest that was never out.
    Semaphore {
        capacity: u32,
        out: u32,
        fresh: u32,
        returned: BTreeSet<u32>,
    },
    /// Permits that the host numbers.
    HostSemaphore {
        capacity: u32,
        out: u32,
    },
}

impl Room {
    /// All of it free.
    pub fn of(resource: &Resource) -> Self {
        match resource.kind {
            ResourceKind::Lock => Self::Lock { exclusive: false, shared: 0 },
            ResourceKind::Semaphore { permits } if resource.host.is_some() => Self::HostSemaphore { capacity: permits, out: 0 },
            ResourceKind::Semaphore { permits } => Self::Semaphore { capacity: permits, out: 0, fresh: 0, returned: BTreeSet::new() },
        }
    }

    /// Whether a share can be taken.
    pub fn fits(&self, share: &Share) -> bool {
        match self {
            Self::Lock { exclusive, shared } => !exclusive && (share.shared || *shared == 0),
            Self::Semaphore { capacity, out, .. } | Self::HostSemaphore { capacity, out } => share.permits <= capacity - out,
        }
    }

    /// Takes a share that fits; the numbers of its permits, unless the host gives them.
    pub fn take(&mut self, share: &Share) -> Vec<u32> {
        match self {
            Self::Lock { shared, .. } if share.shared => {
                *shared += 1;
                Vec::new()
            }
            Self::Lock { exclusive, .. } => {
                *exclusive = true;
                Vec::new()
            }
            Self::Semaphore { out, fresh, returned, .. } => {
                *out += share.permits;
                let mut next = || {
                    returned.pop_first().unwrap_or_else(|| {
                        *fresh += 1;
                        *fresh - 1
                    })
                };
                (0..share.permits).map(|_| next()).collect()
            }
            Self::HostSemaphore { out, .. } => {
                *out += share.permits;
                Vec::new()
            }
        }
    }

    /// Takes a share back, with the numbers of its permits.
    pub fn give_back(&mut self, share: &Share, numbers: &[u32]) {
        match self {
            Self::Lock { shared, .. } if share.shared => *shared -= 1,
            Self::Lock { exclusive, .. } => *exclusive = false,
            Self::Semaphore { out, returned, .. } => {
                *out -= share.permits;
                returned.extend(numbers);
            }
            Self::HostSemaphore { out, .. } => *out -= share.permits,
        }
    }
}
