//! Every workflow in the documentation is run, and what is generated in it is up to date.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A fenced block: what stands behind the fence, and the text.
struct Block {
    info: String,
    text: String,
    line: usize,
}

fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in markdown.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some(Block { info: info.trim().to_owned(), text: String::new(), line: number + 2 }),
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some(block), _) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fence is never closed");
    blocks
}

fn flowrun(arguments: &[&str], folder: &Path, input: &str) -> Output {
    use std::io::Write;
    let program = Path::new(env!("CARGO_BIN_EXE_flowrun"));
    // Examples call flowrun by its name.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = program.parent().into_iter().map(Path::to_owned).chain(std::env::split_paths(&path));
    let mut child = Command::new(program)
        .env("PATH", std::env::join_paths(folders).expect("a path"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("flowrun can be started");
    child.stdin.take().expect("it has an input").write_all(input.as_bytes()).expect("it reads its input");
    child.wait_with_output().expect("it ends")
}

fn run_all(name: &str) -> usize {
    let markdown = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("the document is there");
    let mut count = 0;
    for block in blocks(&markdown) {
        let expected = match block.info.as_str() {
            "yaml" => 0,
            "yaml fails" => 1,
            "yaml refused" => 2,
            info => {
                assert!(!info.starts_with("yaml"), "{name}:{}: what is `{info}`?", block.line);
                continue;
            }
        };
        let folder = tempfile::tempdir().expect("a folder can be made");
        let output = flowrun(&["-"], folder.path(), &block.text);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(expected), "{name}:{}\n{}\n{text}", block.line, block.text);
        assert!(expected == 2 || !text.contains('⚠'), "{name}:{}: {text}", block.line);
        count += 1;
    }
    count
}

#[test]
fn every_workflow_in_the_readme_runs() {
    assert!(run_all("README.md") >= 4);
}

#[test]
fn every_workflow_in_the_reference_runs() {
    assert!(run_all("docs/reference.md") >= 10);
}

#[test]
fn the_reference_lists_the_tasks_as_the_program_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference.md");
    let markdown = std::fs::read_to_string(&path).expect("the reference is there");
    let tasks = flowrun(&["tasks"], Path::new("."), "");
    let listed = format!("```text\n{}\n```\n", String::from_utf8_lossy(&tasks.stdout).trim_end());
    let (before, rest) = markdown.split_once("<!-- tasks:begin -->\n").expect("the list has a beginning");
    let (between, after) = rest.split_once("<!-- tasks:end -->").expect("the list has an end");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, format!("{before}<!-- tasks:begin -->\n{listed}<!-- tasks:end -->{after}")).expect("it can be written");
        return;
    }
    assert_eq!(between, listed, "run `BLESS=1 cargo test --test docs` to bring the reference up to date");
}

#[test]
fn the_reference_names_every_flag_and_every_key() {
    let markdown = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference.md")).expect("it is there");
    let commands = [
        "run",
        "check",
        "list",
        "graph",
        "init",
        "completions",
        "ps",
        "status",
        "logs",
        "stop",
        "restart",
        "signal",
        "wait",
        "attach",
        "queue",
    ];
    let help: Vec<_> = commands.iter().map(|command| flowrun(&[command, "--help"], Path::new("."), "").stdout).collect();
    let help = String::from_utf8_lossy(&help.concat()).into_owned();
    let every = flowrun(&["--help"], Path::new("."), "").stdout;
    assert!(
        commands
            .iter()
            .all(|command| String::from_utf8_lossy(&every).contains(command) && markdown.contains(&format!("flowrun {command}"))
                || *command == "run")
    );
    let flags = help.split(|c: char| c.is_whitespace() || c == ',' || c == '=').filter(|word| word.starts_with("--") && word.len() > 2);
    for flag in flags.filter(|flag| !["--help"].contains(flag)) {
        assert!(markdown.contains(flag), "the reference does not name {flag}");
    }
    let schema = flowrun(&["schema"], Path::new("."), "");
    let schema: serde_json::Value = serde_json::from_slice(&schema.stdout).expect("the schema is JSON");
    let process = &schema["definitions"]["Process"]["properties"];
    let keys = schema["properties"].as_object().into_iter().chain(process.as_object()).flat_map(|keys| keys.keys());
    let keys: Vec<&String> = keys.collect();
    assert!(keys.len() > 30, "{keys:?}");
    for key in keys {
        assert!(markdown.contains(&format!("`{key}`")), "the reference does not name `{key}`");
    }
}
