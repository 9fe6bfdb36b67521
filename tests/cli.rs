//! The command line: whole outputs and exit statuses.

mod common;

use common::Place;

const SMALL: &str = "locks: [l]
processes:
  db: {daemon: true, command: 'while true; do sleep 0.05; done'}
  build: {replicas: 2, lock: l, command: 'echo built ${{ index }}'}
  test: {join: [build, db], description: all of them, command: echo tested}
  alone: {command: echo alone}
  report: {join: {test: exit}, task: print, with: {message: reported}}
";

fn small() -> Place {
    Place::new().file("flowrun.yaml", SMALL).file("sub/other.txt", "")
}

#[test]
fn the_file_is_found_here_or_above_or_named() {
    let place = small();
    assert!(place.flowrun("").run().exits(0).stdout.contains("tested"));
    assert!(place.flowrun("-C sub").run().exits(0).stdout.contains("tested"));
    assert!(place.flowrun("./flowrun.yaml alone").run().exits(0).stdout.contains("alone"));
    assert!(place.flowrun("run flowrun.yaml alone").run().exits(0).stdout.contains("alone"));
    assert!(place.flowrun("-f flowrun.yaml alone").run().exits(0).stdout.contains("alone"));
    let said = place.flowrun("-").input("processes: {a: {command: 'echo from input; pwd'}}").run().exits(0);
    assert!(said.stdout.contains("from input"));
    let said = place.flowrun("nothing.yaml").run().exits(2);
    assert_eq!(said.stderr, "flowrun: cannot read the workflow nothing.yaml: No such file or directory\n");
    let said = place.flowrun("list alone").run().exits(2);
    let hint = "this takes the file of a workflow, not the name of a process";
    assert_eq!(said.stderr, format!("flowrun: cannot read the workflow alone: No such file or directory; {hint}\n"));
    let empty = Place::new();
    let said = empty.flowrun("").run().exits(2);
    assert!(said.stderr.contains("there is no flowrun.yaml or flowrun.yml") && said.stderr.contains("flowrun init"), "{said}");
    let said = empty.flowrun("Flowfile").run().exits(2);
    assert!(said.stderr.contains("`-f Flowfile`"), "{said}");
}

#[test]
fn naming_processes_selects_them_with_what_they_join_and_their_cleanups() {
    let place = small();
    let said = place.flowrun("test").run().exits(0);
    let mut names: Vec<&str> = said.lines().into_iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    assert_eq!(names, ["build[0]", "build[1]", "report", "test"]);
    let said = place.flowrun("").arg("build[1]").run().exits(0);
    assert_eq!(said.lines(), [("build[1]", "built 1")]);
    let said = place.flowrun("tets").run().exits(2);
    assert_eq!(said.stderr, "flowrun: the workflow has no process `tets`; did you mean `test`?\n");
    let said = place.flowrun("up").run().exits(2);
    let told = "flowrun: the workflow has no process `up`; its processes are `db`, `build`, `test`, `alone`, `report`\n  did you mean the command `flowrun run`?\n";
    assert_eq!(said.stderr, told);
    place.flowrun("NAME=x").run().exits(2).told("a variable is set by `--set NAME=x`");
}

#[test]
fn a_dry_run_prints_the_order_and_starts_nothing() {
    let said = small().flowrun("-n -j 1").run().exits(0);
    assert_eq!(
        said.stdout,
        "flowrun: 6 processes, at most 1 at once
at first
  db        while true; do sleep 0.05; done  [daemon]
  build[0]  echo built 0  [lock l]
then
  build[1]  echo built 1  [lock l]
then
  alone     echo alone
then
  test      echo tested
then
  report    task print
"
    );
    assert_eq!(said.stderr, "");
}

#[test]
fn a_dry_run_notes_what_is_waited_for_within_a_block() {
    let workflow = "processes:
  db: {daemon: true, replicas: 2, command: [sleep, '9'], ready: {tcp: 9}}
  migrate: {join: db, command: make}
  test: {join: [db, migrate], command: make test}
";
    let said = Place::new().file("flowrun.yaml", workflow).flowrun("-n").run().exits(0).stdout;
    let order = "\
at first
  db[0]    sleep 9  [daemon]
  db[1]    sleep 9  [daemon]
  migrate  make  [waits for db (ready)]
then
  test     make test
";
    assert!(said.ends_with(order), "{said}");
}

#[test]
fn processes_are_listed() {
    let place = small();
    assert_eq!(
        place.flowrun("list").run().exits(0).stdout,
        "PROCESS   KIND    JOINS                   DESCRIPTION
db        daemon                          while true; do sleep 0.05; done
build[0]  finite                          echo built 0
build[1]  finite                          echo built 1
test      finite  build:success db:ready  all of them
alone     finite                          echo alone
report    finite  test:exit               task print
"
    );
    let json: serde_json::Value = serde_json::from_str(&place.flowrun("list --json").run().exits(0).stdout).expect("JSON");
    assert_eq!(json[1]["name"], "build[0]");
    assert_eq!(json[1]["locks"][0]["name"], "l");
    assert_eq!(json[0]["kind"], "daemon");
    assert_eq!(json[3]["joins"][2]["until"], "ready");
    assert_eq!(json[3]["line"], 5);
}

#[test]
fn graphs_have_four_forms() {
    let place = small();
    let text = place.flowrun("graph").run().exits(0).stdout;
    assert!(text.contains("test\n  waits for db (ready)\n  waits for build ×2 (success)\n"), "{text}");
    let mermaid = place.flowrun("graph --format mermaid").run().exits(0).stdout;
    assert!(
        mermaid.starts_with("flowchart LR\n") && mermaid.contains("p1 -->|success| p2") && mermaid.contains("p1 -.-|holds| r0"),
        "{mermaid}"
    );
    let dot = place.flowrun("graph --format dot").run().exits(0).stdout;
    assert!(dot.starts_with("digraph workflow {") && dot.contains("p0 -> p2 [label=\"ready\"];") && dot.ends_with("}\n"), "{dot}");
    let json: serde_json::Value = serde_json::from_str(&place.flowrun("graph --format json").run().exits(0).stdout).expect("JSON");
    assert_eq!(json["processes"][1]["instances"], 2);
    assert_eq!(json["joins"].as_array().map(Vec::len), Some(3));
}

#[test]
fn check_reads_several_files_and_runs_nothing() {
    let place = small().file("bad.yaml", "processes: {a: {comand: echo x}}\n");
    let said = place.flowrun("check flowrun.yaml bad.yaml").run().exits(2);
    assert_eq!(said.stdout, "flowrun.yaml: ok (6 processes)\n");
    assert!(said.stderr.contains("did you mean `command`?") && said.stderr.contains("1 error in bad.yaml; nothing was started"), "{said}");
}

#[test]
fn init_writes_an_example_that_runs_and_never_over_a_file() {
    let place = Place::new();
    assert_eq!(place.flowrun("init").run().exits(0).stdout, "wrote flowrun.yaml; run it with `flowrun`\n");
    assert!(place.flowrun("").run().exits(0).stdout.contains("dinner is ready"));
    assert!(place.flowrun("init").run().exits(2).stderr.contains("is there already"));
    place.flowrun("init --force").run().exits(0);
    place.flowrun("check").run().exits(0);
}

#[test]
fn variables_files_and_flags_come_from_the_command_line_or_the_environment() {
    let workflow = "vars: {who: nobody, n: 1}\nprocesses:\n  p: {replicas: '${{ vars.n }}', command: 'echo ${{ vars.who }} $X'}\n";
    let place = Place::new().file("flowrun.yaml", workflow).file("x.env", "X=file\n");
    let said = place.flowrun("--set who=you --set n=2 -e x.env -o raw").run().exits(0);
    assert_eq!(said.stdout, "you file\nyou file\n");
    let said = place.flowrun("").env("FLOWRUN_SET", "who=env").env("FLOWRUN_OUTPUT", "raw").env("X", "host").run().exits(0);
    assert_eq!(said.stdout, "env host\n");
    let said = place.flowrun("").env("FLOWRUN_DRY_RUN", "1").run().exits(0);
    assert!(said.stdout.contains("at first"), "{said}");
    let said = place.flowrun("").env("FLOWRUN_DRY_RUN", "0").env("FLOWRUN_QUIET", "").run().exits(0);
    assert!(said.stdout.contains("nobody"), "{said}");
    let said = place.flowrun("--set whom=x").run().exits(2);
    assert!(said.stderr.contains("did you mean `who`?"), "{said}");
    let said = place.flowrun("--set who").run().exits(2);
    assert!(said.stderr.contains("NAME=VALUE"), "{said}");
    let said = place.flowrun("-j none").run().exits(2);
    assert!(said.stderr.contains("not a number of jobs"), "{said}");
    let said = place.flowrun("").env("FLOWRUN_JOBS", "0").run().exits(2);
    assert!(said.stderr.contains("at least 1"), "{said}");
}

#[test]
fn quiet_says_nothing_when_all_is_well_and_shows_failures() {
    let place = Place::new().file("flowrun.yaml", "processes: {good: {command: echo hello}}\n");
    let said = place.flowrun("-q").run().exits(0);
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("", ""));
    let place = Place::new().file("flowrun.yaml", "processes: {bad: {command: echo the reason; exit 2}}\n");
    let said = place.flowrun("-q").run().exits(1);
    assert_eq!(said.stdout, "");
    assert!(said.stderr.contains("bad failed: exit code 2") && said.stderr.contains("the reason"), "{said}");
}

#[test]
fn colours_are_shown_where_they_are_wanted_and_children_are_told() {
    let place = Place::new().file("flowrun.yaml", "processes: {p: {command: 'echo \"force=$FORCE_COLOR\"'}}\n");
    let plain = place.flowrun("").run().exits(0);
    assert_eq!(plain.stdout, "p | force=\n");
    assert!(!plain.stderr.contains('\x1b'));
    let forced = place.flowrun("").env("FORCE_COLOR", "1").run().exits(0);
    assert!(forced.stdout.contains("\x1b[") && forced.stdout.contains("force=1"), "{forced}");
    let always = place.flowrun("--color always").run().exits(0);
    assert!(always.stdout.contains("\x1b[") && always.stdout.contains("force=1"), "{always}");
    let never = place.flowrun("--color always").env("NO_COLOR", "1").run().exits(0);
    assert!(never.stdout.contains("force=\n"), "{never}");
    let none = place.flowrun("").env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").run().exits(0);
    assert_eq!(none.stdout, "p | force=\n");
}

#[test]
fn grouped_output_is_never_mixed() {
    let workflow = "processes:
  a: {command: 'echo a1; touch a; until [ -e b ]; do sleep 0.02; done; echo a2'}
  b: {command: 'echo b1; touch b; until [ -e a ]; do sleep 0.02; done; echo b2'}
";
    let place = Place::new().file("flowrun.yaml", workflow);
    let said = place.flowrun("-o grouped").run().exits(0);
    let words: Vec<&str> = said.stdout.lines().filter(|line| line.len() == 2).collect();
    assert!(words == ["a1", "a2", "b1", "b2"] || words == ["b1", "b2", "a1", "a2"], "{said}");
}

#[test]
fn no_flag_of_flowrun_is_the_name_of_something_a_process_finds() {
    let flags = flowrun::cli::flag_variables();
    assert!(flags.contains(&"FLOWRUN_JOBS".to_owned()) && flags.len() > 10, "{flags:?}");
    for own in
        ["FLOWRUN_RUN_ID", "FLOWRUN_PROCESS", "FLOWRUN_INDEX", "FLOWRUN_ATTEMPT", "FLOWRUN_SOCKET", "FLOWRUN_AUTHKEY", "FLOWRUN_OUTPUTS"]
    {
        assert!(!flags.contains(&own.to_owned()), "{own}");
    }
}

#[test]
fn the_order_of_a_run_can_be_read_with_verbose() {
    let place = Place::new().file(
        "flowrun.yaml",
        "locks: [l]\nprocesses:\n  a: {lock: l, command: 'true'}\n  b: {join: a, command: exit 1}\n  c: {join: b, command: 'true'}\n",
    );
    let said = place.flowrun("-v").run().exits(1);
    said.tells_in_order(&[
        "a holds lock `l`",
        "a started, pid",
        "a no longer holds lock `l`",
        "a succeeded",
        "b started",
        "b failed: exit code 1",
        "c skipped: `b` failed",
    ]);
}

/// Only where the workflow need not be named: after its name nothing is a command.
#[test]
fn a_process_with_the_name_of_a_command_is_warned_of() {
    let text = "processes: {stop: {command: echo of mine}, build: {command: 'true'}}";
    let place = Place::new().file("flowrun.yaml", text).file("other.yaml", text);
    let said = place.flowrun("check").run().exits(0);
    assert!(said.stderr.contains("process `stop` has the name of a command") && !said.stderr.contains("`build`"), "{said}");
    assert!(said.stderr.contains("the process is run by `flowrun run stop`"), "{said}");
    assert_eq!(place.flowrun("check other.yaml").run().exits(0).stderr, "");
    for line in ["run stop", "other.yaml stop"] {
        assert!(place.flowrun(line).run().exits(0).stdout.contains("of mine"), "{line}");
    }
}

#[test]
fn a_value_that_wants_an_equals_sign_is_told_so() {
    let place = Place::new().file("flowrun.yaml", "processes: {a: {command: 'true'}}");
    for line in ["--timestamps relative", "--timestamps relative flowrun.yaml", "run --timestamps relative a"] {
        place.flowrun(line).run().exits(2).told("by `--timestamps=relative`, with `=`");
    }
    place.flowrun("--timestamps=relative flowrun.yaml").run().exits(0);
}

#[test]
fn manual_pages_begin_with_the_usage_of_their_command() {
    let place = Place::new();
    place.flowrun("man pages").run().exits(0);
    for (page, usage) in [
        ("flowrun.1", "flowrun [OPTIONS] [FILE] [PROCESS]...\n.br\nflowrun <COMMAND>"),
        ("flowrun-signal.1", "flowrun signal [RUN] PROCESS SIGNAL"),
        ("flowrun-queue-put.1", "flowrun queue put [OPTIONS] <QUEUE> [ITEM]..."),
    ] {
        let text = place.read(&format!("pages/{page}"));
        assert!(text.contains(&format!("\n.SH SYNOPSIS\n{usage}\n.SH DESCRIPTION\n")), "{text}");
    }
}

#[test]
fn wrong_words_are_told_what_to_write() {
    let place = Place::new();
    for (line, told) in [
        ("signal web", "write `flowrun signal PROCESS SIGNAL`"),
        ("logs -n few", "write a number of lines, as in `-n 20`"),
        ("tasks nonsense", "there is no built-in task `nonsense`; `flowrun tasks` lists them"),
        ("tasks copi", "there is no built-in task `copi`; did you mean `copy`?"),
    ] {
        place.flowrun(line).run().exits(2).told(told);
    }
}
