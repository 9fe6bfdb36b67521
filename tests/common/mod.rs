//! For tests of the command line: a folder, files in it, the program run there, and all it said.

#![allow(dead_code, unused_imports, reason = "each test file uses a part of it")]

pub mod documented;
pub mod live;
pub mod seat;
pub mod victims;

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub use live::Live;
use tempfile::TempDir;

/// The repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of `workflows/`, as in `refused/deadlock`, in order.
pub fn workflows() -> Vec<String> {
    fn collect(folder: &Path, prefix: &str, names: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())).flatten() {
            let name = entry.file_name().into_string().expect("a name in UTF-8");
            if entry.path().is_dir() && !name.starts_with("scratch-") {
                collect(&entry.path(), &format!("{prefix}{name}/"), names);
            } else if let Some(name) = name.strip_suffix(".yaml") {
                names.push(format!("{prefix}{name}"));
            }
        }
    }
    let mut names = Vec::new();
    collect(&repository().join("workflows"), "", &mut names);
    names.sort();
    names
}

/// Where a file of `workflows/` is.
pub fn workflow_path(name: &str) -> PathBuf {
    repository().join("workflows").join(format!("{name}.yaml"))
}

/// Versions of PostgreSQL whose programs may be where Debian keeps them.
const VERSIONS: [&str; 3] = ["15", "16", "17"];

/// Whether PostgreSQL's server is on this machine. Where `REQUIRE_POSTGRES` is set, as in CI, it must be.
pub fn has_postgres() -> bool {
    let debian = VERSIONS.iter().any(|version| Path::new(&format!("/usr/lib/postgresql/{version}/bin/initdb")).exists());
    let found = debian || std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join("initdb").exists()));
    assert!(found || std::env::var_os("REQUIRE_POSTGRES").is_none(), "PostgreSQL is missing");
    if !found {
        println!("skipped: PostgreSQL is not on this machine");
    }
    found
}

/// A folder of its own that goes when the test ends.
pub struct Place {
    folder: TempDir,
}

impl Place {
    /// An empty one.
    pub fn new() -> Self {
        Self { folder: TempDir::new().expect("a temporary folder") }
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and the folders that lead to it.
    #[must_use]
    pub fn file(self, name: &str, text: &str) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
        self
    }

    /// The text of a file in it.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// What is in a folder of it, in order.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).expect("a folder").flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().expect("a name in UTF-8")).collect();
        names.sort();
        names
    }

    /// The program, to be run in this folder, with the arguments of a command line without quotes.
    pub fn flowrun(&self, line: &str) -> Call {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flowrun"));
        command.args(line.split_whitespace()).current_dir(self.folder.path());
        Call { command, input: Vec::new() }.without_own_settings()
    }
}

/// A user that owns nothing and that nobody else is, for tests in which root would not do; it needs no name.
pub fn stranger() -> String {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = 100_000 + std::process::id() % 100_000 * 100 + NEXT.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    number.to_string()
}

/// Whether this is root, whom no limit and no permission holds back.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

impl Place {
    /// An empty one that every user may use, with a copy of flowrun in it.
    pub fn for_everybody() -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let place = Self { folder: tempfile::Builder::new().tempdir_in("/tmp").expect("a temporary folder") };
        fs::set_permissions(place.path(""), fs::Permissions::from_mode(0o777)).expect("a folder for everybody");
        place.copy_flowrun();
        place
    }

    /// Makes a copy of flowrun in it. Another program does so: a file that this one has open for writing would be open
    /// in what other tests start meanwhile too, and such a file cannot be run.
    pub fn copy_flowrun(&self) {
        let done = Command::new("cp").arg(env!("CARGO_BIN_EXE_flowrun")).arg(self.path("flowrun")).status().expect("cp");
        assert!(done.success(), "there is no copy of flowrun");
    }

    /// The copy of flowrun, run by this user if the test is run by root; through `prefix`, a command that
    /// runs the words behind it.
    pub fn flowrun_as(&self, user: &str, prefix: &[&str], line: &str) -> Call {
        let mut words: Vec<String> = Vec::new();
        if is_root() {
            words.extend(["setpriv", "--clear-groups"].map(str::to_owned));
            words.extend([format!("--reuid={user}"), "--regid=65534".to_owned()]);
        }
        words.extend(prefix.iter().map(|word| (*word).to_owned()));
        words.push(self.path("flowrun").display().to_string());
        words.extend(line.split_whitespace().map(str::to_owned));
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).current_dir(self.folder.path());
        Call { command, input: Vec::new() }.without_own_settings()
    }
}

/// A call of the program that is being put together.
pub struct Call {
    command: Command,
    input: Vec<u8>,
}

/// Variables of others that change what is shown: colours, and who reads the log.
const OF_OTHERS: [&str; 12] = [
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "CI",
    "GITHUB_ACTIONS",
    "GITHUB_STEP_SUMMARY",
    "GITHUB_WORKSPACE",
    "GITLAB_CI",
    "BUILDKITE",
    "TEAMCITY_VERSION",
    "TF_BUILD",
];

/// The variables by which flowrun would behave otherwise than anywhere else, those of a run around the tests among them.
pub fn own_settings() -> impl Iterator<Item = String> {
    let names = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("FLOWRUN_") || OF_OTHERS.contains(&name.as_str()))
}

impl Call {
    /// The developer's own settings are none of the test's.
    fn without_own_settings(mut self) -> Self {
        for name in own_settings() {
            self.command.env_remove(name);
        }
        self
    }

    /// One more argument, blanks included.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// A variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Run in a folder of the place.
    #[must_use]
    pub fn in_folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// With its own folder first in PATH, so that what it runs can call flowrun by its name.
    #[must_use]
    pub fn with_itself_in_path(self) -> Self {
        let own = Path::new(env!("CARGO_BIN_EXE_flowrun")).parent().expect("a folder").to_owned();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let all = std::env::join_paths([own].into_iter().chain(std::env::split_paths(&path))).expect("folders");
        self.env("PATH", all)
    }

    /// Its standard input; default none.
    #[must_use]
    pub fn input(mut self, text: &str) -> Self {
        self.input = text.as_bytes().to_vec();
        self
    }

    /// Starts it with somebody at a terminal of 100 columns and 30 rows.
    pub fn at_a_terminal(self) -> seat::Seat {
        seat::Seat::new(&self.command, 100, 30)
    }

    /// Runs it to its end with another standard output; what it writes there is not known.
    pub fn run_to(mut self, stdout: impl Into<Stdio>) -> Said {
        let child = self.command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped()).spawn().expect("the program starts");
        let pid = child.id();
        let output = child.wait_with_output().expect("the program ends");
        Said { status: output.status.code(), stdout: String::new(), stderr: String::from_utf8_lossy(&output.stderr).into_owned(), pid }
    }

    /// Runs it to its end.
    pub fn run(mut self) -> Said {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().expect("the program starts");
        let pid = child.id();
        let mut stdin = child.stdin.take().expect("a pipe");
        // It may end without having read everything.
        let _ = stdin.write_all(&self.input);
        drop(stdin);
        let output = child.wait_with_output().expect("the program ends");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { status: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr), pid }
    }
}

/// What a call said, and how it ended.
#[derive(Debug)]
pub struct Said {
    /// The exit status; none when a signal ended it.
    pub status: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The number of the process that said it.
    pub pid: u32,
}

impl Said {
    /// Asserts the exit status, and shows everything if it is another.
    #[track_caller]
    pub fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{self}");
        self
    }

    /// Lines of standard output as `(process, text)`.
    pub fn lines(&self) -> Vec<(&str, &str)> {
        let split = |line| str::split_once(line, '|').unwrap_or_else(|| panic!("a line without a process: {line}"));
        self.stdout.lines().map(split).map(|(name, text)| (name.trim(), text.trim())).collect()
    }

    /// What one process wrote, line by line; `buyer` stands for all its instances.
    pub fn of(&self, process: &str) -> Vec<&str> {
        let is = |name: &str| name == process || name.strip_prefix(process).is_some_and(|rest| rest.starts_with('['));
        self.lines().into_iter().filter(|(name, _)| is(name)).map(|(_, text)| text).collect()
    }

    /// Which line of standard error is the first that contains a text.
    #[track_caller]
    pub fn told(&self, text: &str) -> usize {
        self.stderr.lines().position(|line| line.contains(text)).unwrap_or_else(|| panic!("nobody told `{text}`:\n{self}"))
    }

    /// Asserts that standard error tells these texts, in this order.
    #[track_caller]
    pub fn tells_in_order(&self, texts: &[&str]) {
        for pair in texts.windows(2) {
            assert!(self.told(pair[0]) < self.told(pair[1]), "`{}` must come before `{}`:\n{self}", pair[0], pair[1]);
        }
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit status {:?}\n--- standard output\n{}--- standard error\n{}", self.status, self.stdout, self.stderr)
    }
}

impl Call {
    /// In a process group of its own, as a shell with job control starts it.
    #[must_use]
    pub fn own_group(mut self) -> Self {
        use std::os::unix::process::CommandExt as _;
        self.command.process_group(0);
        self
    }

    /// In a session of its own; what is called is then the child of what runs.
    #[must_use]
    pub fn own_session(self) -> Self {
        self.below(&["setsid", "--fork", "--wait"])
    }

    /// Below another program, which gets the call as its last words.
    #[must_use]
    pub fn below(mut self, words: &[&str]) -> Self {
        let mut outer = Command::new(words[0]);
        outer.args(&words[1..]).arg(self.command.get_program()).args(self.command.get_args());
        self.command.get_current_dir().into_iter().for_each(|folder| {
            outer.current_dir(folder);
        });
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => outer.env(name, value),
                None => outer.env_remove(name),
            };
        }
        self.command = outer;
        self
    }
}
