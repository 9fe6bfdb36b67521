//! `secrets`: their values are nowhere in what flowrun shows and stores, whoever writes them.

mod common;

use common::Place;

const VALUE: &str = "hunter2-and-more";

#[test]
fn what_any_process_writes_is_masked() {
    let place = Place::new().file(
        "flowrun.yaml",
        r#"
processes:
  early: {command: 'printf "%s %s\n" "$TOKEN" seen'}
  loud: {join: early, secrets: [TOKEN], command: 'echo "$TOKEN" >&2; printf hunter2-; exec >&2; printf "and-more and hunter2-"'}
  task: {task: print, with: {message: 'key=${{ env.TOKEN }}'}}
  steps:
    steps:
      - {command: 'echo "$KEY"', env: {KEY: step-value}, secrets: KEY}
      - {command: 'echo "$KEY" step-value', env: {KEY: free}}
  lines: {command: 'printf "%s" "$CERT"', secrets: [CERT], env: {CERT: "begin line\nmiddle line\n"}}
"#,
    );
    let said = place.flowrun("").env("TOKEN", VALUE).run().exits(0);
    assert_eq!(said.of("early"), ["*** seen"]);
    assert_eq!(said.of("task"), ["key=***"]);
    assert_eq!(said.of("steps"), ["***", "free ***"]);
    assert_eq!(said.of("lines"), ["***", "***"]);
    assert_eq!(said.of("loud"), ["hunter2-"]);
    said.tells_in_order(&["| ***", "| and-more and hunter2-"]);
}

/// Whoever takes colours out must not put a value together again.
#[test]
fn a_secret_in_pieces_of_several_colours_is_masked() {
    let place = Place::new().file(
        "flowrun.yaml",
        r#"processes: {a: {secrets: [TOKEN], command: 'printf "TOKEN=\033[01;31m\033[Kghp\033[m\033[K_abcdef\n"; exit 1'}}"#,
    );
    let kinds = ["json", "junit", "markdown", "html"];
    let reports: Vec<String> = kinds.iter().map(|kind| format!("{kind}=r.{kind}")).collect();
    let call = place.flowrun(&format!("--report {}", reports.join(","))).env("TOKEN", "ghp_abcdef").env("GITHUB_ACTIONS", "true");
    let said = call.env("GITHUB_STEP_SUMMARY", place.path("summary.md")).run().exits(1);
    assert!(said.stdout.contains("::error") && said.stdout.contains("TOKEN=***"), "{}", said.stdout);
    let explained = place.flowrun("explain r.json").run().exits(0).stdout;
    let files = kinds.iter().map(|kind| format!("r.{kind}")).chain(["summary.md".to_owned()]);
    for text in files.map(|name| place.read(&name)).chain([said.stdout, said.stderr, explained]) {
        assert!(text.contains("***") && !text.contains("_abcdef"), "{text}");
    }
}

/// A line without an end is broken after 1 MiB; what stands across the break is masked all the same.
#[test]
fn a_secret_across_the_break_of_an_endless_line_is_masked() {
    let place = Place::new().file(
        "flowrun.yaml",
        r#"processes: {flood: {secrets: [TOKEN], command: 'head -c 1048570 /dev/zero | tr "\0" x; printf "%s" "$TOKEN"; head -c 1048570 /dev/zero | tr "\0" y'}}"#,
    );
    let said = place.flowrun("--output raw").env("TOKEN", VALUE).run().exits(0);
    assert_eq!(said.stdout.replace('\n', "").len(), 2 * 1_048_570 + "***".len());
    assert!(said.stdout.contains("***") && !said.stdout.contains("hunter2"));
}

#[test]
fn what_flowrun_says_itself_is_masked() {
    let place = Place::new().file(
        "flowrun.yaml",
        r#"
on_failure: continue
processes:
  missing: {secrets: [TOKEN], command: ['${{ env.TOKEN }}']}
  failing: {task: fail, with: {message: 'because of ${{ env.TOKEN }}'}}
  outputs: {command: 'echo "$TOKEN" >> "$FLOWRUN_OUTPUTS"'}
"#,
    );
    for line in ["", "--output grouped", "--quiet", "--verbose", "--dry-run"] {
        let said = place.flowrun(line).env("TOKEN", VALUE).run();
        assert!(!said.stdout.contains(VALUE) && !said.stderr.contains(VALUE), "{line}\n{}\n{}", said.stdout, said.stderr);
        assert!(said.stdout.contains("***") || said.stderr.contains("***"), "{line}\n{}\n{}", said.stdout, said.stderr);
    }
    let said = place.flowrun("list --json").env("TOKEN", VALUE).run().exits(0);
    assert!(said.stdout.contains("***") && !said.stdout.contains(VALUE), "{}", said.stdout);
}

/// What other processes find out may be secret too, and is known when its reader starts.
#[test]
fn an_output_of_another_process_can_be_a_secret() {
    let place = Place::new().file(
        "flowrun.yaml",
        r#"
processes:
  login: {command: 'echo "token=from-login" >> "$FLOWRUN_OUTPUTS"'}
  use: {join: login, secrets: [TOKEN], env: {TOKEN: 'Bearer ${{ outputs.login.token }}'}, command: 'echo "got $TOKEN, Bearer x"'}
"#,
    );
    let said = place.flowrun("").run().exits(0);
    assert_eq!(said.of("use"), ["got ***, Bearer x"]);
}

#[test]
fn logs_and_attach_know_masked_lines_only() {
    let place = Place::new().file(
        "flowrun.yaml",
        r#"
processes:
  watch: {daemon: true, command: 'flowrun attach "$FLOWRUN_RUN_ID" --json > attached'}
  said:
    join: {watch: start}
    secrets: [TOKEN]
    command: |
      until grep -q again attached; do echo "again $TOKEN"; sleep 0.02; done
      flowrun logs "$FLOWRUN_RUN_ID" said > logged
"#,
    );
    place.flowrun("").env("TOKEN", VALUE).with_itself_in_path().run();
    assert!(place.read("logged").contains("***") && !place.read("logged").contains(VALUE));
    assert!(place.read("attached").contains("again ***") && !place.read("attached").contains(VALUE), "{}", place.read("attached"));
}

#[test]
fn values_that_are_too_short_are_told() {
    let place = Place::new().file("flowrun.yaml", "processes: {a: {secrets: [PIN, GONE], env: {PIN: '12'}, command: 'echo 12'}}");
    let said = place.flowrun("").run().exits(0);
    said.told("warning: a: the value of PIN is not masked: it is shorter than 3 characters");
    assert_eq!(said.of("a"), ["12"]);
}

/// Findings quote what an expression gave, and are told before anything runs.
#[test]
fn what_is_found_wrong_is_masked_too() {
    let place =
        Place::new().file("flowrun.yaml", "processes: {a: {secrets: [TOKEN], timeout: '${{ env.TOKEN }}', command: ['${{ env.TOKEN }}']}}");
    for line in ["", "check flowrun.yaml", "check --message-format json flowrun.yaml"] {
        let said = place.flowrun(line).env("TOKEN", VALUE).run().exits(2);
        let all = format!("{}{}", said.stdout, said.stderr);
        assert!(all.contains("***") && !all.contains(VALUE), "{line}\n{all}");
    }
}

/// What the plan says for people is stored too; names are what things are found by, and stay.
#[test]
fn reports_and_the_summary_of_a_job_hold_no_secret() {
    let place = Place::new().file(
        "flowrun.yaml",
        r#"
description: all about hunter2-and-more
processes:
  a:
    description: 'with ${{ env.TOKEN }}'
    secrets: [TOKEN]
    command: 'echo "$TOKEN"; exit 1'
"#,
    );
    let kinds = ["json", "junit", "trace", "markdown", "html"];
    let reports: Vec<String> = kinds.iter().map(|kind| format!("{kind}=r.{kind}")).collect();
    let call = place.flowrun(&format!("--report {}", reports.join(","))).env("TOKEN", VALUE).env("GITHUB_ACTIONS", "true");
    call.env("GITHUB_STEP_SUMMARY", place.path("summary.md")).run().exits(1);
    for name in kinds.iter().map(|kind| format!("r.{kind}")).chain(["summary.md".to_owned()]) {
        let text = place.read(&name);
        assert!(!text.contains("hunter2") && (name == "r.trace" || text.contains("***")), "{name}: {text}");
    }
    assert!(place.read("r.json").contains("\"with ***\"") && place.read("r.json").contains("\"all about ***\""));
    assert!(!place.flowrun("graph --format html --run r.json").env("TOKEN", VALUE).run().exits(0).stdout.contains("hunter2"));
}

/// Who holds a lock elsewhere is told with the words of its command, which others chose.
#[test]
fn a_holder_elsewhere_shows_no_secret_and_forges_no_command() {
    let place = Place::new()
        .file("flowrun.yaml", "locks: {db: {scope: host, name: db}}\nprocesses: {a: {lock: db, secrets: [TOKEN], command: 'true'}}");
    let place = place.file("hold.sh", "echo holds; until [ -e go ]; do sleep 0.02; done");
    let flowrun = |line: &str| place.flowrun(line).env("XDG_RUNTIME_DIR", place.path("")).env("TOKEN", VALUE);
    let holder = ["sh", "hold.sh", "##[error]forged", VALUE, "cut in", VALUE].iter().fold(flowrun("lock --host db --"), common::Call::arg);
    let mut holder = holder.start();
    holder.wait_for("holds");
    let mut waiting = flowrun("--output prefixed").env("GITHUB_ACTIONS", "true").start();
    let told = waiting.told_until("held by");
    assert!(told.contains("forged *** cut in ***…") && !told.contains("hunte") && !told.contains("##[error]"), "{told}");
    let status = flowrun("status").run().exits(0).stdout;
    assert!(status.contains("***") && !status.contains("hunte"), "{status}");
    std::fs::write(place.path("go"), "").expect("a file");
    holder.end().exits(0);
    waiting.end().exits(0);
}

#[test]
fn a_list_stays_in_columns_where_names_are_masked() {
    let workflow = "processes:\n  hunter2-and-more: {secrets: TOKEN, command: 'true'}\n  b: {join: hunter2-and-more, command: 'true'}\n";
    let place = Place::new().file("flowrun.yaml", workflow);
    let said = place.flowrun("list").env("TOKEN", VALUE).run().exits(0);
    let rows: Vec<&str> = said.stdout.lines().collect();
    let at = rows[0].find("KIND").expect("a head");
    assert!(rows[1].starts_with("***  ") && rows[1..].iter().all(|row| row[at..].starts_with("finite")), "{said}");
    assert!(rows[2].contains(" ***:success "), "{said}");
}

#[test]
fn what_ready_waits_for_shows_no_secret() {
    let url = "ready: {http: 'http://127.0.0.1:1/?key=${{ env.TOKEN }}', within: 1ms}";
    let workflow =
        format!("processes:\n  a: {{secrets: TOKEN, daemon: true, command: sleep 1000, {url}}}\n  b: {{join: a, command: 'true'}}\n");
    let said = Place::new().file("flowrun.yaml", &workflow).flowrun("--report json=-").env("TOKEN", VALUE).run().exits(1);
    let seen = format!("{}{}", said.stdout, said.stderr);
    assert!(seen.contains("not ready within 1 ms: `http://127.0.0.1:1/?key=***`") && !seen.contains(VALUE), "{said}");
}
