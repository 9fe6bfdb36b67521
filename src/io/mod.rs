//! Thin safe wrappers over the system: processes, signals, readiness, files.
//!
//! Knows nothing of plans or of what is decided; every name in here is the system's.

pub mod cgroup;
pub mod child;
pub mod detach;
pub mod files;
pub mod flock;
pub mod host_lock;
pub mod keeper;
pub mod limits;
pub mod listener;
pub mod machine;
pub mod pipe;
pub mod poller;
pub mod procfs;
pub mod program;
pub mod pty;
pub mod reap;
pub mod shim;
pub mod signals;
pub mod socket;
pub mod sweep;
pub mod terminal;
