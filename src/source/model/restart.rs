//! `restart`: whether a daemon that ended is started again.

use super::scalars::words;

words! {
    /// After which ends a daemon is started again.
    RestartPolicy as "a restart policy" {
        /// After none.
        #[default]
        No = "no",
        /// After a failure.
        OnFailure = "on-failure",
        /// After any end that nobody asked for.
        Always = "always",
    }
}
