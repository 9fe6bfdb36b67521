//! What processes write for others: who reads it, when it counts, and how it goes wrong.

mod common;

use common::Place;

/// A workflow in a folder of its own.
fn place(workflow: &str) -> Place {
    Place::new().file("flowrun.yaml", workflow)
}

const WRITE: &str = "command: 'echo x=1 >> \"$FLOWRUN_OUTPUTS\"'";

#[test]
fn values_reach_words_scripts_variables_folders_input_and_tasks() {
    let place = place(
        r#"processes:
  write:
    steps:
      - command: printf 'word=it'\''s; echo no\nfolder=sub\ncount=41\n' >> "$FLOWRUN_OUTPUTS"; mkdir sub
      - command: printf 'text<<E\none\ntwo\nE\n' >> "$FLOWRUN_OUTPUTS"
  list: {join: write, command: [echo, "<${{ outputs.write.word }}>"]}
  script: {join: write, command: 'echo "<"${{ outputs.write.word | sh }}">"'}
  args: {join: write, command: echo, args: ["${{ outputs.write.word }}"]}
  variable: {join: write, env: {V: "${{ outputs.write.text }}"}, command: 'echo "$V"'}
  step: {join: write, env: {V: "${{ outputs.write.text }}"}, steps: [{env: {V: own}, command: 'echo "$V"'}]}
  folder: {join: write, cwd: "${{ outputs.write.folder }}", command: 'basename "$PWD"'}
  input: {join: write, stdin: {text: "${{ outputs.write.text }}"}, command: cat}
  print: {join: write, task: print, with: {message: "${{ outputs.write.count + 1 }}"}}
  assert: {join: write, task: assert, with: {that: "${{ outputs.write.count == 41 }}"}}
  through: {join: list, command: [echo, "${{ outputs['write'].count }}"]}
"#,
    );
    let said = place.flowrun("").run().exits(0);
    let mut lines = said.lines();
    lines.sort_unstable();
    let expected = [
        ("args", "it's; echo no"),
        ("folder", "sub"),
        ("input", "one"),
        ("input", "two"),
        ("list", "<it's; echo no>"),
        ("print", "42"),
        ("script", "<it's; echo no>"),
        ("step", "own"),
        ("through", "41"),
        ("variable", "one"),
        ("variable", "two"),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn what_counts_is_what_the_last_attempt_wrote_when_it_succeeded() {
    let place = place(
        r#"on_failure: continue
processes:
  second:
    retries: 1
    command: 'echo "n$FLOWRUN_ATTEMPT=x" >> "$FLOWRUN_OUTPUTS"; [ "$FLOWRUN_ATTEMPT" = 2 ]'
  reads: {join: second, command: [echo, "${{ outputs.second.n1 | default('none') }}", "${{ outputs.second.n2 }}"]}
  fails: {command: 'echo x=1 >> "$FLOWRUN_OUTPUTS"; exit 1'}
  cleans: {join: {fails: exit}, command: [echo, "${{ outputs.fails.x | default('none') }}"]}
"#,
    );
    let said = place.flowrun("").run().exits(1);
    let mut lines = said.lines();
    lines.sort_unstable();
    assert_eq!(lines, [("cleans", "none"), ("reads", "none x")]);
}

#[test]
fn a_running_daemon_is_read_as_far_as_it_has_come() {
    let place = place(
        r#"processes:
  server:
    daemon: true
    ready: {log: up}
    command: 'printf "port=70\nhalf=" >> "$FLOWRUN_OUTPUTS"; echo up; while :; do sleep 0.05; done'
  client: {join: server, command: [echo, "${{ outputs.server.port }} ${{ outputs.server.half | default('none') }}"]}
"#,
    );
    let said = place.flowrun("").run().exits(0);
    assert!(said.lines().contains(&("client", "70 none")), "{said}");
}

#[test]
fn an_output_that_nobody_wrote_fails_its_reader_at_its_place() {
    let place = place(&format!(
        "processes:\n  write: {{{WRITE}}}\n  reads:\n    join: write\n    command: [echo, '${{{{ outputs.write.y }}}}']\n  asks:\n    join: write\n    if: outputs.write.z\n    command: echo never\n"
    ));
    let said = place.flowrun("-k").run().exits(1);
    assert!(said.stderr.contains("could not start: flowrun.yaml:5: `write` has written no output `y`: it wrote `x`"), "{said}");
    assert!(said.stderr.contains("could not start: flowrun.yaml:8: `write` has written no output `z`"), "{said}");
}

#[test]
fn an_if_decides_when_its_joins_hold() {
    let place = place(
        r#"processes:
  plan: {command: 'printf "changed=false\ncount=4\n" >> "$FLOWRUN_OUTPUTS"'}
  deploy: {join: plan, if: outputs.plan.changed, command: echo never}
  after: {join: deploy, command: echo after}
  many: {join: plan, if: "${{ outputs.plan.count > 3 }}", command: echo many}
"#,
    );
    let said = place.flowrun("").run().exits(0);
    let mut lines = said.lines();
    lines.sort_unstable();
    assert_eq!(lines, [("after", "after"), ("many", "many")]);
    assert!(said.stderr.contains("1 skipped"), "{said}");
}

#[test]
fn bad_lines_are_told_and_what_is_too_long_is_lost() {
    let place = place(
        r#"processes:
  bad: {command: 'printf "hello\nx=1\n" >> "$FLOWRUN_OUTPUTS"'}
  flood: {command: 'head -c 1100000 /dev/zero >> "$FLOWRUN_OUTPUTS"'}
  reads: {join: [bad, flood], command: [echo, "${{ outputs.bad.x }}"]}
"#,
    );
    let said = place.flowrun("").run().exits(0);
    assert!(said.stderr.contains("bad: an output of it is left out: line 1: there is no `=` in it"), "{said}");
    assert!(said.stderr.contains("flood: its outputs are lost") && said.stderr.contains("longer than 1 MiB"), "{said}");
}

#[test]
fn of_a_daemon_too_bad_lines_are_told_and_what_is_too_long_fails_its_reader_with_the_reason() {
    let daemon = |command: &str| format!("{{daemon: true, ready: {{log: up}}, command: '{command}; echo up; exec sleep 1000'}}");
    let place = place(&format!(
        r#"processes:
  bad: {}
  flood: {}
  reads: {{join: [bad, flood], command: [echo, "${{{{ outputs.bad.x }}}}"]}}
  drowns: {{join: flood, command: [echo, "${{{{ outputs.flood.x }}}}"]}}
"#,
        daemon("printf \"hello\\nx=1\\n\" >> \"$FLOWRUN_OUTPUTS\""),
        daemon("head -c 1100000 /dev/zero >> \"$FLOWRUN_OUTPUTS\""),
    ));
    let said = place.flowrun("-k").run().exits(1);
    assert!(said.lines().contains(&("reads", "1")), "{said}");
    assert!(said.stderr.contains("bad: an output of it is left out: line 1: there is no `=` in it"), "{said}");
    assert!(said.stderr.contains("could not start: cannot read the outputs of `flood`"), "{said}");
}

#[test]
fn the_files_are_private_to_each_attempt_and_gone_at_the_end() {
    let place = place(
        r#"processes:
  a: {command: 'echo "$FLOWRUN_OUTPUTS" > a; stat -c %a "$(dirname "$FLOWRUN_OUTPUTS")"'}
  b: {command: 'echo "$FLOWRUN_OUTPUTS" > b'}
"#,
    );
    let said = place.flowrun("").run().exits(0);
    assert_eq!(said.lines(), [("a", "700")]);
    let (a, b) = (place.read("a"), place.read("b"));
    assert_ne!(a, b);
    let folder = std::path::Path::new(a.trim()).parent().expect("a folder");
    assert!(!folder.exists(), "{}", folder.display());
}
