//! The rules of the house, read from the sources.

use std::path::{Path, PathBuf};

/// Layers in order: each may use those before it.
const LAYERS: &[&str] = &["base", "source", "notice", "io", "task", "plan", "sched", "exec", "ready", "control", "run", "report", "cli"];

/// What a layer must not use although it stands before it.
const APART: &[(&str, &[&str])] = &[
    ("io", &["source", "notice"]),
    ("sched", &["io", "task"]),
    ("exec", &["sched"]),
    ("ready", &["source", "notice", "task", "sched", "exec"]),
    ("report", &["io", "task", "exec", "run", "sched"]),
    ("plan", &["io"]),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The code of a file without its tests.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("it can be read");
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or(&text).to_owned()
}

fn is_test(path: &Path) -> bool {
    let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.ends_with("tests") || name == "testing"
}

#[test]
fn each_layer_uses_only_those_before_it() {
    let mut wrong = Vec::new();
    for (place, layer) in LAYERS.iter().enumerate() {
        for path in sources(&root().join(layer)).into_iter().filter(|path| !is_test(path)) {
            let apart = APART.iter().find(|(name, _)| name == layer).map_or(&[][..], |(_, apart)| apart);
            for line in code(&path).lines() {
                let Some(used) = line.split("crate::").nth(1).filter(|_| !line.trim_start().starts_with("//")) else { continue };
                let used = used.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
                let known = LAYERS.iter().position(|name| *name == used);
                if known.is_some_and(|at| at > place) || apart.contains(&used) {
                    wrong.push(format!("{}: {} uses {used}: {}", path.display(), layer, line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_replaceable_crate_is_named_in_its_home_alone() {
    for (krate, homes) in [
        ("granit_parser", &["source/yaml.rs"][..]),
        ("petgraph", &["plan/graph.rs"]),
        ("minijinja", &["plan/expression.rs"]),
        ("miette::", &["cli/diagnostics.rs", "cli/excerpt.rs"]),
        ("clap_complete", &["cli/completion.rs"]),
        ("clap_mangen", &["cli/man.rs"]),
        ("mio::", &["io/poller.rs"]),
        ("ureq::", &["ready/http.rs", "source/model/http.rs"]),
        ("rustls::", &["ready/http.rs"]),
        ("dagre::", &["report/graph/layout/engine.rs"]),
        ("regex::", &["base/pattern.rs"]),
    ] {
        for path in sources(&root()) {
            let inside = path.strip_prefix(root()).expect("it is below").display().to_string();
            let used = std::fs::read_to_string(&path).expect("it can be read").contains(krate);
            assert!(!used || homes.contains(&inside.as_str()), "{inside} names {krate}, which belongs into {homes:?} alone");
        }
    }
}

#[test]
fn every_module_says_what_it_is() {
    for path in sources(&root()) {
        let text = std::fs::read_to_string(&path).expect("it can be read");
        assert!(text.starts_with("//!"), "{} has no header", path.display());
    }
}

#[test]
fn unsafe_code_is_nowhere_but_in_the_keeper() {
    for path in sources(&root()) {
        let text = std::fs::read_to_string(&path).expect("it can be read");
        let unsafe_code = text.contains("unsafe {") || text.contains("unsafe fn");
        assert!(!unsafe_code || path.ends_with("io/keeper.rs"), "{} has unsafe code", path.display());
    }
}
