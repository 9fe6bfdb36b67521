//! Does what a page says, from its top to its end, as somebody does who reads it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::blocks::{Block, Use, blocks};
use super::common::{Place, repository};
use super::foreign::is_well_formed;
use super::told::lasting;

/// On pages this port stands for one that is free.
const PORT: &str = "3000";

/// On pages this is where runs in the background have their logs.
const STATE: &str = "/home/ann/.local/state";

/// A reader with a folder for the workflow that was shown last.
struct Reader<'p> {
    page: &'p str,
    place: Place,
    /// Outside of the folder, for what belongs to a user.
    home: Place,
    port: String,
}

/// Does it; how many workflows there were.
pub fn play(page: &str) -> usize {
    let markdown = std::fs::read_to_string(repository().join(page)).expect("the page is there");
    let blocks = blocks(page, &markdown);
    let mut reader = Reader { page, place: Place::new(), home: Place::new(), port: free_port() };
    for (number, block) in blocks.iter().enumerate() {
        let later = || blocks[number + 1..].iter().take_while(|later| !matches!(later.what, Use::Workflow(_)));
        let is_run_later = later().any(|later| matches!(later.what, Use::Console { in_repository: false, .. }));
        reader.read(block, is_run_later);
    }
    blocks.iter().filter(|block| matches!(block.what, Use::Workflow(_))).count()
}

impl Reader<'_> {
    fn read(&mut self, block: &Block, is_run_later: bool) {
        let at = format!("{}:{}", self.page, block.line);
        match &block.what {
            Use::Workflow(status) => {
                self.place = Place::new().file("flowrun.yaml", &block.text.replace(PORT, &self.port));
                if !is_run_later {
                    let (ended, said) = self.shell(&self.folder(), "flowrun");
                    assert_eq!(ended, Some(*status), "{at}\n{}\n{said}", block.text);
                    assert!(*status == 2 || !said.contains('⚠'), "{at}: {said}");
                }
            }
            Use::File(name) => {
                std::fs::write(self.place.path(name), &block.text).expect("a file can be written");
            }
            Use::Console { in_repository, unordered } => {
                let folder = if *in_repository { repository().to_owned() } else { self.folder() };
                self.console(&at, &block.text, &folder, *unordered);
            }
            Use::Commands => {
                let (status, said) = self.shell(&self.folder(), &block.text);
                assert_eq!(status, Some(0), "{at}: {said}");
            }
            Use::Shown => self.could_be_run(&at, &block.text),
            Use::Foreign(language) => is_well_formed(&at, language, &block.text),
            Use::Text => {}
        }
    }

    fn folder(&self) -> PathBuf {
        self.place.path("")
    }

    /// Runs a line; its exit status, and all it said in the order in which it came.
    fn shell(&self, folder: &Path, line: &str) -> (Option<i32>, String) {
        let program = Path::new(env!("CARGO_BIN_EXE_flowrun")).parent().expect("a folder").to_owned();
        let own = [repository().join("tests/docs/stand-ins"), program];
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(own.into_iter().chain(std::env::split_paths(&path))).expect("folders");
        let mut command = Command::new("sh");
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("FLOWRUN_") || ["NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"].contains(&name.as_str())
            {
                command.env_remove(name);
            }
        }
        command.env("PATH", path).env("XDG_RUNTIME_DIR", self.home.path("")).env("XDG_STATE_HOME", self.home.path("state"));
        command.args(["-c", &format!("exec 2>&1\n{line}")]).current_dir(folder).stdin(Stdio::null()).stderr(Stdio::inherit());
        let output = command.output().expect("a shell");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn console(&self, at: &str, text: &str, folder: &Path, unordered: bool) {
        assert!(text.starts_with("$ "), "{at}: it begins with no command");
        for part in format!("\n{text}").split("\n$ ").skip(1) {
            let (line, expected) = part.split_once('\n').unwrap_or((part, ""));
            let (status, said) = self.shell(folder, line);
            let state = self.home.path("state").display().to_string();
            let (mut expected, mut found) = (lasting(expected, &[]), lasting(&said, &[(&state, STATE)]));
            if unordered {
                expected.sort();
                found.sort();
            }
            assert!(
                expected == found,
                "{at}: `{line}` ended with {status:?} and said\n{said}\nwhich is\n{found:#?}\nand not\n{expected:#?}"
            );
        }
    }

    /// A shell can read it, and flowrun has the commands and flags that stand in it.
    fn could_be_run(&self, at: &str, text: &str) {
        let lines = text.lines().map(|line| line.strip_prefix("$ ").unwrap_or(line));
        let commands: Vec<_> = lines.filter(|line| !text.starts_with("$ ") || text.contains(&format!("$ {line}\n"))).collect();
        let (status, said) = self.shell(&self.folder(), &format!("sh -n <<'END_OF_SCRIPT'\n{}\nEND_OF_SCRIPT", commands.join("\n")));
        assert_eq!(status, Some(0), "{at}: {said}");
        for command in commands.iter().filter_map(|line| line.strip_prefix("flowrun ")) {
            let own = command.split(" -- ").next().unwrap_or_default();
            let words: Vec<_> = own.split_whitespace().take_while(|word| *word != "#").collect();
            let first = words.first().filter(|word| word.chars().all(|c| c.is_ascii_lowercase())).copied().unwrap_or("run");
            let (status, help) = self.shell(&self.folder(), &format!("flowrun {first} --help"));
            assert_eq!(status, Some(0), "{at}: `{command}`: {help}");
            for flag in words.iter().filter(|word| word.starts_with("--")) {
                assert!(help.contains(flag), "{at}: `{command}`: there is no {flag}");
            }
        }
    }
}

impl Drop for Reader<'_> {
    /// What a page that failed has left in the background ends with it.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.shell(&self.folder(), "flowrun stop; flowrun wait");
        }
    }
}

fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port().to_string()
}
