//! Whatever the text: reading, planning and showing never panic, places lie inside the text, and the
//! time and the number of findings are bounded.
//!
//! `FUZZ_RUNS=100000 cargo test --release --test fuzz` looks longer; a failure names its seed, and
//! `FUZZ_SEED=n` repeats it.

mod generate;

use std::path::Path;
use std::time::{Duration, Instant};

use flowrun::base::diagnostic::Diagnostic;
use flowrun::cli::diagnostics;
use flowrun::plan::{self, NoHost, Options};
use flowrun::source;
use generate::{Rng, mutated, soup, workflow};

/// Reads, plans and shows a text, and checks what must hold for every text.
fn survives(text: &str) -> Vec<Diagnostic> {
    let parsed = source::parse(text);
    let outcome = plan::build(&parsed, &Options::in_folder("/w"), &NoHost::default());
    assert!(outcome.plan.is_some() || !outcome.diagnostics.is_empty(), "refused without a word");
    for found in &outcome.diagnostics {
        for label in &found.labels {
            let (start, end) = (label.span.start as usize, label.span.end as usize);
            assert!(start <= end && end <= text.len(), "{found:?} lies outside of {} bytes", text.len());
            assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{found:?} splits a character");
        }
        assert!(!found.message.is_empty());
        assert_ne!(found.code, "follow-up", "{found:?}");
    }
    let shown = diagnostics::render("w.yaml", text, &outcome.diagnostics, false, 100);
    let steers = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!shown.contains(steers), "{shown:?}");
    assert!(!shown.contains("Failed to read contents"), "{shown}");
    let longest = shown.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    assert!(longest < 2000, "a line of {longest} characters is no longer readable");
    let lines = flowrun::cli::excerpt::Lines::new(text);
    for found in outcome.diagnostics.iter().take(20) {
        let json = diagnostics::json("w.yaml", &lines, found);
        serde_json::from_str::<serde_json::Value>(&json).expect("JSON");
    }
    outcome.diagnostics
}

/// So many runs, each from a seed of its own.
fn runs(usual: u64, one: impl Fn(&mut Rng) -> String) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match number("FUZZ_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("FUZZ_RUNS").unwrap_or(usual),
    };
    for seed in seeds {
        let text = one(&mut Rng::new(seed));
        let started = Instant::now();
        if let Err(cause) = std::panic::catch_unwind(|| survives(&text)) {
            eprintln!("FUZZ_SEED={seed} fails with this text:\n{text}\n────");
            std::panic::resume_unwind(cause);
        }
        assert!(started.elapsed() < Duration::from_secs(5), "FUZZ_SEED={seed} takes {:?}:\n{text}", started.elapsed());
    }
}

#[test]
fn any_bytes() {
    runs(1500, |rng| {
        let bytes: Vec<u8> = (0..rng.below(300)).map(|_| rng.below(256) as u8).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    });
}

#[test]
fn any_soup_of_tokens() {
    runs(3000, soup);
}

#[test]
fn mutated_workflows() {
    runs(1500, |rng| {
        let text = workflow(rng);
        mutated(&text, rng)
    });
}

/// The expected errors are good seeds: each is one slip away from another shape.
#[test]
fn mutated_mistakes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    let mut texts: Vec<String> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .filter(|text| text.len() < 4000 && !text.contains("replicas: 1000"))
        .collect();
    texts.sort();
    runs(1500, |rng| {
        let text = &texts[rng.below(texts.len())];
        mutated(text, rng)
    });
}

/// Nothing of the size of a file that a person could send takes more than moments.
#[test]
fn large_and_hostile_texts_are_quick() {
    let many = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<String>();
    let process = "command: \"true\"";
    let bomb = {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let items = vec![format!("*a{}", level - 1); 9].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
        }
        text
    };
    let texts: Vec<(&str, String)> = vec![
        ("open brackets", "[".repeat(200_000)),
        ("open braces", "{".repeat(200_000)),
        ("open brackets in a value", format!("processes: {}", "[".repeat(200_000))),
        ("dashes", "- ".repeat(100_000)),
        ("question marks", "? ".repeat(100_000)),
        ("indentation", many(2000, &|level| format!("{}a:\n", " ".repeat(level)))),
        ("quotes", "\"".repeat(200_001)),
        ("anchors", many(10_000, &|number| format!("a{number}: &a{number} x\n"))),
        ("an alias bomb", bomb.clone()),
        (
            "an alias bomb in a process",
            format!("{}processes: {{p: {{command: *a11}}}}\n", bomb.replace("\na", "\nx-a").replacen("a0:", "x-a0:", 1)),
        ),
        ("an alias bomb of mappings", {
            let mut text = "x-0: &m0 {command: \"true\"}\n".to_owned();
            for level in 1..30 {
                let before = level - 1;
                text.push_str(&format!("x-{level}: &m{level} {{a: *m{before}, b: *m{before}, c: *m{before}}}\n"));
            }
            text.push_str("processes: *m29\ntemplates: *m29\n");
            text
        }),
        ("duplicate keys", format!("processes:\n{}", many(100_000, &|_| "  a:\n".to_owned()))),
        ("duplicate keys in one line", format!("processes: {{{}}}\n", many(50_000, &|_| "a: , ".to_owned()))),
        ("unknown keys", format!("processes:\n{}", many(20_000, &|number| format!("  p{number}: {{comand: x, jion: y}}\n")))),
        ("unknown names", format!("processes:\n{}", many(10_000, &|number| format!("  p{number}: {{{process}, join: q{number}}}\n")))),
        (
            "unknown locks",
            format!(
                "locks: [{}]\nprocesses:\n{}",
                many(5000, &|n| format!("l{n},")),
                many(5000, &|n| format!("  p{n}: {{{process}, lock: m{n}}}\n"))
            ),
        ),
        (
            "unknown templates",
            format!(
                "templates:\n{}processes:\n{}",
                many(5000, &|n| format!("  t{n}: {{cwd: x}}\n")),
                many(5000, &|n| format!("  p{n}: {{{process}, extends: u{n}}}\n"))
            ),
        ),
        (
            "unknown variables",
            format!(
                "vars:\n{}processes:\n{}",
                many(5000, &|n| format!("  v{n}: x\n")),
                many(5000, &|n| format!("  p{n}: {{command: \"a ${{{{ vars.w{n} }}}}\"}}\n"))
            ),
        ),
        (
            "variables of variables",
            format!(
                "vars:\n  v0: x\n{}processes: {{a: {{{process}}}}}\n",
                many(5000, &|n| format!("  v{}: ${{{{ vars.v{n} }}}}\n", n + 1))
            ),
        ),
        (
            "a merge fan",
            format!(
                "x-a: &a {{{}}}\nprocesses:\n{}",
                many(1000, &|n| format!("k{n}: x, ")),
                many(2000, &|n| format!("  p{n}: {{<<: *a, {process}}}\n"))
            ),
        ),
        (
            "a merge fan in one key",
            format!(
                "x-a: &a {{{}}}\nprocesses: {{p: {{<<: [{}]}}}}\n",
                many(1000, &|n| format!("k{n}: x, ")),
                many(20_000, &|_| "*a, ".to_owned())
            ),
        ),
        (
            "a chain of templates",
            format!(
                "templates:\n{}  t3000: {{{process}}}\nprocesses: {{p: {{extends: t0}}}}\n",
                many(3000, &|n| format!("  t{n}: {{extends: t{}}}\n", n + 1))
            ),
        ),
        (
            "a chain of joins",
            format!("processes:\n  p0: {{{process}}}\n{}", many(10_000, &|n| format!("  p{}: {{{process}, join: p{n}}}\n", n + 1))),
        ),
        (
            "a ring of joins",
            format!(
                "processes:\n  p0: {{{process}, join: p5000}}\n{}",
                many(5000, &|n| format!("  p{}: {{{process}, join: p{n}}}\n", n + 1))
            ),
        ),
        (
            "one join of many",
            format!(
                "processes:\n{}  last: {{{process}, join: [{}]}}\n",
                many(10_000, &|n| format!("  p{n}: {{{process}}}\n")),
                many(10_000, &|n| format!("p{n}, "))
            ),
        ),
        (
            "one join of many, twice",
            format!("processes:\n  p: {{{process}}}\n  last: {{{process}, join: [{}]}}\n", many(20_000, &|_| "p, ".to_owned())),
        ),
        (
            "one request for many",
            format!("locks: [{0}]\nprocesses: {{p: {{{process}, lock: [{0}]}}}}\n", many(20_000, &|n| format!("l{n}, "))),
        ),
        ("copies of copies", format!("processes:\n{}", many(50, &|n| format!("  p{n}: {{{process}, replicas: 4999}}\n")))),
        ("a matrix", format!("processes: {{p: {{{process}, matrix: {{{}}}}}}}\n", many(30, &|n| format!("a{n}: [1, 2, 3], ")))),
        ("one long line", format!("processes: {{{}}}\n", many(5000, &|n| format!("p{n}: {{comand: x}}, ")))),
        ("one long text", format!("processes: {{p: {{command: \"{}\", daemon: x}}}}\n", "é ".repeat(100_000))),
        ("many expressions", format!("vars: {{x: 1}}\nprocesses: {{p: {{command: \"echo {}\"}}}}\n", "${{ vars.x }}".repeat(2000))),
        ("open expressions", format!("processes: {{p: {{command: \"echo {}\"}}}}\n", "${{ ".repeat(5000))),
        ("a deep expression", format!("processes: {{p: {{command: \"${{{{ {}1{} }}}}\"}}}}\n", "(".repeat(5000), ")".repeat(5000))),
        ("a long expression", format!("processes: {{p: {{command: \"${{{{ 1{} }}}}\"}}}}\n", " + 1".repeat(5000))),
        ("chains of operators", {
            let chains = ["1 + ", "not ", "-", "1 if 1 else ", "a.", "a|", "a(", "[", "1 == ", "1 ~ ", "a[", "{1:"];
            let chain = |n: usize| chains[n].repeat(990 / chains[n].len());
            format!("processes:\n{}", many(chains.len(), &|n| format!("  p{n}: {{command: '${{{{ {}1 }}}}'}}\n", chain(n))))
        }),
        ("chains of suffixes", {
            let chains = [".a", "|abs", "[0]", "()", " + 1", " is odd", " in 1", " and 1", " if 1"];
            let chain = |n: usize| chains[n].repeat(980 / chains[n].len());
            format!(
                "vars: {{a: 1}}\nprocesses:\n{}",
                many(chains.len(), &|n| format!("  p{n}: {{command: '${{{{ vars.a{} }}}}'}}\n", chain(n)))
            )
        }),
        ("comments", "# x\n".repeat(50_000)),
        ("waits", format!("processes:\n{}", many(2000, &|n| format!("  p{n}: {{task: wait, with: {{process: p{}}}}}\n", (n + 1) % 2000)))),
        (
            "daemons",
            format!("processes:\n  p: {{{process}}}\n{}", many(3000, &|n| format!("  d{n}: {{{process}, daemon: true, join: p}}\n"))),
        ),
    ];
    for (name, text) in texts {
        let started = Instant::now();
        let found = survives(&text);
        let took = started.elapsed();
        if std::env::var_os("FUZZ_TIMES").is_some() {
            eprintln!("{name}: {took:?}, {} findings", found.len());
        }
        // Debug builds on a busy machine; a quadratic spot takes minutes.
        assert!(took < Duration::from_secs(20), "{name} takes {took:?}");
    }
}
