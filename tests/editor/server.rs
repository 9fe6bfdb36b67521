//! A client of `yaml-language-server`, over its own protocol: messages in JSON, each behind its length.
//!
//! One server for each test.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::repository;

/// The longest wait for an answer. It takes well under a second; this is for a machine that is busy.
const LONGEST: Duration = Duration::from_secs(120);

/// Something the server finds wrong.
#[derive(Debug)]
pub struct Finding {
    /// Where, from 1.
    pub line: usize,
    /// What it says.
    pub message: String,
}

/// A server that runs, and ends with this.
pub struct Server {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    requests: usize,
    files: usize,
    settings: Value,
    folder: PathBuf,
}

impl Server {
    /// Starts one with this repository's schema; `None` where it is not installed.
    pub fn start() -> Option<Self> {
        let schema = repository().join("schemas/flowrun.schema.json");
        // In `workflows/`, from where the files name their schema.
        Self::start_with(&json!({ schema.display().to_string(): ["*.yaml"] }), repository(), repository().join("workflows"))
    }

    /// Starts one in a project with the setting `yaml.schemas`; files are in a folder of it.
    pub fn start_with(schemas: &Value, project: &Path, folder: PathBuf) -> Option<Self> {
        let program = repository().join("tests/editor/node_modules/yaml-language-server/bin/yaml-language-server");
        if !program.exists() {
            assert!(std::env::var_os("REQUIRE_EDITOR").is_none(), "`npm ci --prefix tests/editor` installs {}", program.display());
            println!("skipped: yaml-language-server is not installed");
            return None;
        }
        let mut child = Command::new("node")
            .arg(program)
            .arg("--stdio")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node can be started");
        let input = child.stdin.take().expect("its input");
        let output = child.stdout.take().expect("its output");
        let (sender, messages) = channel();
        std::thread::spawn(move || read_messages(output, &sender));
        // As a user sets them, and nothing from the network.
        let on = json!({ "schemas": schemas, "schemaStore": { "enable": false }, "validate": true, "hover": true, "completion": true });
        let settings = json!({ "yaml": on });
        let mut server = Self { child, input, messages, requests: 0, files: 0, settings: settings.clone(), folder };
        let capabilities = json!({
            "textDocument": {
                "completion": { "completionItem": { "snippetSupport": true, "documentationFormat": ["markdown"] } },
                "hover": { "contentFormat": ["markdown"] }
            },
            "workspace": { "configuration": true, "workspaceFolders": true }
        });
        let uri = format!("file://{}", project.display());
        let folders = json!([{ "uri": uri, "name": "project" }]);
        server.ask("initialize", &json!({ "processId": null, "rootUri": uri, "workspaceFolders": folders, "capabilities": capabilities }));
        server.tell("initialized", &json!({}));
        server.tell("workspace/didChangeConfiguration", &json!({ "settings": settings }));
        // It answers before it has read its settings, and then knows of no schema.
        let begun = Instant::now();
        while server.findings("name: without processes").is_empty() {
            assert!(begun.elapsed() < LONGEST, "the server does not read the schema");
        }
        Some(server)
    }

    /// The words that are offered where `|` stands.
    pub fn offered(&mut self, text: &str) -> Vec<String> {
        let answer = self.ask_at("textDocument/completion", text);
        let items = answer.get("items").unwrap_or(&answer).as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|item| item["label"].as_str()).map(|label| label.trim_matches('"').to_owned()).collect()
    }

    /// The text that is shown for what is under `|`.
    pub fn shown(&mut self, text: &str) -> String {
        let answer = self.ask_at("textDocument/hover", text);
        answer["contents"]["value"].as_str().unwrap_or_default().to_owned()
    }

    /// What is wrong with a file.
    pub fn findings(&mut self, text: &str) -> Vec<Finding> {
        let uri = self.open(text);
        loop {
            let message = self.receive();
            if message["method"] != "textDocument/publishDiagnostics" || message["params"]["uri"] != uri.as_str() {
                continue;
            }
            let found = message["params"]["diagnostics"].as_array().cloned().unwrap_or_default();
            return found.iter().map(finding).collect();
        }
    }

    /// Asks about the place of `|` in a text.
    fn ask_at(&mut self, method: &str, text: &str) -> Value {
        let (before, after) = text.split_once('|').expect("a place");
        let uri = self.open(&format!("{before}{after}"));
        let line = before.matches('\n').count();
        let character = before.len() - before.rfind('\n').map_or(0, |end| end + 1);
        self.ask(method, &json!({ "textDocument": { "uri": uri }, "position": { "line": line, "character": character } }))
    }

    /// Gives it a file; its address.
    fn open(&mut self, text: &str) -> String {
        self.files += 1;
        let uri = format!("file://{}/of-a-test-{}.yaml", self.folder.display(), self.files);
        self.tell("textDocument/didOpen", &json!({ "textDocument": { "uri": uri, "languageId": "yaml", "version": 1, "text": text } }));
        uri
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.requests += 1;
        let id = self.requests;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.receive();
            if message["id"] == id && message.get("method").is_none() {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    fn tell(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).and_then(|()| self.input.flush()).expect("the server reads");
    }

    /// The next message; what the server asks is answered on the way.
    fn receive(&mut self) -> Value {
        let message = self.messages.recv_timeout(LONGEST).expect("an answer of the server");
        if let (Some(id), Some(method)) = (message.get("id"), message["method"].as_str()) {
            let sections = message["params"]["items"].as_array().cloned().unwrap_or_default();
            let answers: Vec<Value> =
                sections.iter().map(|item| self.settings[item["section"].as_str().unwrap_or_default()].clone()).collect();
            let result = if method == "workspace/configuration" { json!(answers) } else { Value::Null };
            self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": result }));
        }
        message
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends by itself when its input does; this only makes that sure.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn finding(diagnostic: &Value) -> Finding {
    let line = diagnostic["range"]["start"]["line"].as_u64().and_then(|line| usize::try_from(line).ok()).expect("a line");
    Finding { line: line + 1, message: diagnostic["message"].as_str().unwrap_or_default().to_owned() }
}

/// Reads messages until the server ends.
fn read_messages(output: ChildStdout, sender: &Sender<Value>) {
    let mut output = BufReader::new(output);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if output.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if line.trim().is_empty() {
                break;
            }
            if let Some(number) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = number.trim().parse().expect("a length");
            }
        }
        let mut text = vec![0; length];
        if output.read_exact(&mut text).is_err() {
            return;
        }
        if sender.send(serde_json::from_slice(&text).expect("JSON")).is_err() {
            return;
        }
    }
}
