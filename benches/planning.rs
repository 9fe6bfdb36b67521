//! How long it takes to read, check and plan large workflows.
//!
//! Prints the parts and, as a measure that holds on any machine, the ratio to merely parsing the YAML.
//!
//! `cargo bench --bench planning`

use std::fmt::Write;
use std::time::{Duration, Instant};

use flowrun::plan::{self, NoHost, Options};
use flowrun::source;

fn main() {
    println!("{:>9} {:>9} {:>10} {:>10} {:>10} {:>12}", "processes", "text", "read", "plan", "together", "plan / read");
    for count in [1000, 10_000, 100_000] {
        let text = workflow(count);
        let (read, planned) = (0..3).map(|_| once(&text)).min().expect("three runs were made");
        println!(
            "{count:>9} {:>6.1} MB {:>7.1} ms {:>7.1} ms {:>7.1} ms {:>12.2}",
            text.len() as f64 / 1e6,
            millis(read),
            millis(planned),
            millis(read + planned),
            planned.as_secs_f64() / read.as_secs_f64()
        );
    }
}

fn once(text: &str) -> (Duration, Duration) {
    let before = Instant::now();
    let parsed = source::parse(text);
    let read = before.elapsed();
    let before = Instant::now();
    let outcome = plan::build(&parsed, &Options::in_folder("/"), &NoHost::default());
    assert!(outcome.plan.is_some(), "the workflow is a good one: {:?}", outcome.diagnostics.first());
    (read, before.elapsed())
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Commands, environments, expressions, joins and some locks, as people write them.
fn workflow(count: usize) -> String {
    let mut text = "vars: {level: 2}\nlocks: [db]\ntemplates:\n  base: {timeout: 30s, env: {MODE: test}}\nprocesses:\n".to_owned();
    for index in 0..count {
        let _ = writeln!(text, "  p{index}:\n    extends: base\n    command: make target-{index} LEVEL=${{{{ vars.level }}}}");
        let _ = writeln!(text, "    env: {{NUMBER: \"{index}\", KIND: unit}}");
        if index > 2 {
            let _ = writeln!(text, "    join: [p{}, p{}]", index - 1, index / 2);
        }
        if index % 10 == 0 {
            text.push_str("    lock: db\n");
        }
    }
    text
}
