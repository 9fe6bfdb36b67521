//! What planning asks of the machine, so that planning itself touches nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The machine as planning sees it.
pub trait Host {
    /// The environment that processes inherit.
    fn env(&self) -> &BTreeMap<String, String>;
    /// The text of a file.
    ///
    /// # Errors
    /// The system's reason.
    fn read_file(&self, path: &Path) -> Result<String, String>;
    /// Whether a path is a file that may be executed.
    fn is_executable(&self, path: &Path) -> bool;
}

/// A machine with nothing on it, where every program exists: for tests and simulated worlds.
#[derive(Clone, Debug, Default)]
pub struct NoHost {
    /// The environment.
    pub env: BTreeMap<String, String>,
    /// The files.
    pub files: BTreeMap<PathBuf, String>,
}

impl Host for NoHost {
    fn env(&self) -> &BTreeMap<String, String> {
        &self.env
    }
    fn read_file(&self, path: &Path) -> Result<String, String> {
        self.files.get(path).cloned().ok_or_else(|| "No such file or directory".to_owned())
    }
    fn is_executable(&self, _: &Path) -> bool {
        true
    }
}
