//! What a run was: recorded while it goes on, told when it is over.
//!
//! [`Report`] is plain data, versioned, the same for every format. Knows nothing of formats and files.

pub mod model;

pub use model::Report;
