//! Continuous integration: whole outputs of real runs, as if a host had started them.

mod common;

use common::{Call, Place, Said, repository};

/// Without what differs from run to run: how long things took, and when they began.
fn steady(text: &str) -> String {
    let took = regex_lite::Regex::new(r"\b(in|after) [0-9.]+ (ms|s)\b").expect("a pattern");
    let moment = regex_lite::Regex::new(r"section_(start|end):[0-9]{10}:").expect("a pattern");
    moment.replace_all(&took.replace_all(text, "$1 TIME"), "section_$1:NOW:").into_owned()
}

const TWO: &str = "\
on_failure: continue
processes:
  good: {command: 'echo fine; echo \"::error::forged\"; echo \"##[group]forged\"'}
  bad:
    join: good
    command: 'echo out; echo \"100 %, broken\" >&2; printf \"a\\r::set-env name=X::y\\n\"; exit 3'
";

fn place() -> Place {
    Place::new().file("ci/flowrun.yaml", TWO)
}

fn on(place: &Place, line: &str, vars: &[(&str, &str)]) -> Call {
    vars.iter().fold(place.flowrun(line), |call, (name, value)| call.env(name, value))
}

fn shown(said: &Said) -> String {
    steady(&said.stdout).replace('\u{200b}', "~")
}

#[test]
fn a_job_shows_blocks_and_no_progress() {
    let said = on(&place(), "ci/flowrun.yaml", &[("CI", "true")]).run().exits(1);
    let expected = "\
┌── good
fine
::error::forged
##[group]forged
└── good succeeded in TIME
┌── bad
out
a\r::set-env name=X::y
└── bad failed: exit code 3
";
    // In the block of its process, wherever it came between the lines of the other stream.
    let (before, after) = expected.split_at(expected.find("out\n").expect("it is there"));
    let shown = shown(&said);
    let block = shown.strip_prefix(before).expect("the blocks in order");
    assert!(block.contains("100 %, broken\n"), "{said}");
    assert_eq!(block.replace("100 %, broken\n", ""), after);
    for (line, vars) in
        [("-o prefixed", [("CI", "true")].as_slice()), ("", &[("CI", "true"), ("FLOWRUN_OUTPUT", "prefixed")]), ("", &[("CI", "false")])]
    {
        let said = on(&place(), &format!("{line} ci/flowrun.yaml"), vars).run();
        assert!(said.stdout.contains("good | fine"), "{said}");
    }
}

#[test]
fn what_still_runs_is_told_from_time_to_time() {
    let place = Place::new().file(
        "flowrun.yaml",
        "processes:
  db: {daemon: true, command: 'until [ -e over ]; do sleep 0.02; done; sleep 100'}
  hangs: {join: {db: start}, command: 'until grep -q \"still running: .*hangs [0-9]\" told; do sleep 0.02; done'}
  later: {join: hangs, command: 'echo done'}
",
    );
    std::fs::write(place.path("told"), "").expect("a file");
    let line = format!("exec '{}' --heartbeat 1ms 2> told", env!("CARGO_BIN_EXE_flowrun"));
    let status = std::process::Command::new("sh").args(["-c", &line]).current_dir(place.path("")).env("CI", "true").status();
    assert!(status.expect("a shell").success());
    let told = place.read("told");
    let expected = regex_lite::Regex::new(
        r"(?m)^flowrun: still running: db [0-9]+ s \(daemon\), hangs [0-9]+ s\nflowrun: later waits for `hangs` \(success\), [0-9]+ s$",
    )
    .expect("a pattern");
    assert!(expected.is_match(&told), "{told}");
}

#[test]
fn nothing_is_told_from_time_to_time_if_nobody_wants_it() {
    let place = Place::new().file("flowrun.yaml", "processes: {a: {command: 'true'}}");
    for line in ["--heartbeat 0", "--heartbeat 0s"] {
        let said = on(&place, line, &[("CI", "true")]).run().exits(0);
        assert!(!said.stderr.contains("still running"), "{said}");
    }
    let said = on(&place, "--heartbeat=-1s", &[]).run().exits(2);
    assert!(said.stderr.contains("--heartbeat"), "{said}");
}

#[test]
fn github_gets_groups_annotations_and_a_summary() {
    let place = place();
    let (workspace, summary) = (place.path(""), place.path("summary.md"));
    let vars = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_WORKSPACE", workspace.to_str().expect("UTF-8")),
        ("GITHUB_STEP_SUMMARY", summary.to_str().expect("UTF-8")),
    ];
    let said = on(&place, "ci/flowrun.yaml", &vars).run().exits(1);
    // The two streams of a process are read apart: only each of them has an order.
    let text = shown(&said);
    assert!(
        text.starts_with(
            "::group::good succeeded in TIME\nfine\n:~:error::forged\n#~#[group]forged\n::endgroup::\n::group::bad failed: exit code 3\n"
        ),
        "{text}"
    );
    let (group, after) = text.rsplit_once("::endgroup::\n").expect("a group");
    for line in ["\nout\n", "\n100 %, broken\n", "\na\r:~:set-env name=X::y\n"] {
        assert!(group.contains(line), "{line} {group}");
    }
    assert!(after.starts_with("::error file=ci/flowrun.yaml,line=4,title=bad::exit code 3%0A"), "{after}");
    assert!(after.contains("100 %25, broken") && after.lines().count() == 1, "{after}");
    let forged = |text: &str| text.split(['\n', '\r']).filter(|line| line.starts_with("::")).count();
    assert_eq!((forged(&said.stdout), forged(&said.stderr)), (5, 0), "{said}");
    let summary = place.read("summary.md");
    assert!(summary.starts_with("### flowrun: 1 succeeded, 1 failed in "), "{summary}");
    assert!(summary.contains("| ❌ | bad | failed: exit code 3 |") && summary.contains("100 %, broken"), "{summary}");
    let (_, path) = summary.split_once("### Critical path").unwrap_or_else(|| panic!("{summary}"));
    assert!(path.contains("| the run ended |"), "{summary}");
}

#[test]
fn the_summary_is_no_reason_to_fail() {
    let place = Place::new().file("flowrun.yaml", "processes: {a: {command: 'true'}}");
    let vars = [("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", "/nowhere/at/all")];
    let said = on(&place, "", &vars).run().exits(0);
    said.told("flowrun: warning: cannot append the summary to /nowhere/at/all: ");
}

#[test]
fn other_hosts_get_their_own_lines() {
    let workflow = "processes: {'a': {command: 'echo one; echo \"section_end:1:x\"; echo \"--- x\"; echo \"##teamcity[x]\"; echo \"##vso[x]\"; exit 3'}}";
    let body = |broken: &str| {
        let lines = ["section_end:1:x", "--- x", "##teamcity[x]", "##vso[x]"];
        let line = |line: &&str| if *line == broken { format!("{}~{}", &line[..1], &line[1..]) } else { (*line).to_owned() };
        lines.iter().map(line).fold("one\n".to_owned(), |text, line| text + &line + "\n")
    };
    let last = |broken: &str| body(broken).trim_end().replace('\n', "|n").replace('[', "|[").replace(']', "|]");
    for (variable, expected) in [
        (
            "GITLAB_CI",
            format!(
                "section_start:NOW:flowrun_0_a\r\u{1b}[0Ka failed: exit code 3\n{}section_end:NOW:flowrun_0_a\r\u{1b}[0K\n",
                body("section_end:1:x")
            ),
        ),
        ("BUILDKITE", format!("+++ a failed: exit code 3\n{}", body("--- x"))),
        (
            "TEAMCITY_VERSION",
            format!(
                "##teamcity[blockOpened name='a' description='failed: exit code 3']\n{}##teamcity[blockClosed name='a']\n##teamcity[buildProblem description='a: exit code 3|n{} (flowrun.yaml:1)' identity='flowrun_a']\n",
                body("##teamcity[x]"),
                last("##teamcity[x]")
            ),
        ),
        (
            "TF_BUILD",
            format!(
                "##[group]a failed: exit code 3\n{}##[endgroup]\n##vso[task.logissue type=error;sourcepath=flowrun.yaml;linenumber=1;]a: exit code 3%0A{}\n",
                body("##vso[x]"),
                body("##vso[x]").trim_end().replace('\n', "%0A")
            ),
        ),
    ] {
        let place = Place::new().file("flowrun.yaml", workflow);
        let said = on(&place, "", &[(variable, "True")]).run().exits(1);
        assert_eq!(shown(&said), expected, "{variable}");
    }
}

#[test]
fn a_run_that_took_too_long_is_pointed_out() {
    let place =
        Place::new().file("flowrun.yaml", "timeout: 100ms\nprocesses: {a: {command: 'exec sleep 1000'}, b: {join: a, command: 'true'}}");
    for (variable, start) in [
        ("GITHUB_ACTIONS", "::error title=flowrun::timed out after 100 ms; still running: a\n"),
        (
            "TEAMCITY_VERSION",
            "##teamcity[buildProblem description='flowrun: timed out after 100 ms; still running: a' identity='flowrun_flowrun']\n",
        ),
        ("TF_BUILD", "##vso[task.logissue type=error;]flowrun: timed out after 100 ms; still running: a\n"),
    ] {
        let said = on(&place, "", &[(variable, "True")]).run().exits(124);
        assert!(said.stdout.contains(start), "{said}");
    }
}

#[test]
fn the_end_of_a_run_is_no_part_of_the_last_block() {
    let said = on(&place(), "ci/flowrun.yaml", &[("BUILDKITE", "true")]).run().exits(1);
    let heads = said.stderr.lines().filter(|line| line.starts_with("+++ ")).map(steady).collect::<Vec<_>>();
    assert_eq!(heads, ["+++ flowrun: 1 succeeded, 1 failed in TIME"], "{said}");
}

/// The outer run speaks to the host; what an inner one says is output of a process.
#[test]
fn a_flowrun_inside_of_another_gives_no_commands() {
    let place = Place::new()
        .file("flowrun.yaml", "processes: {outer: {command: flowrun inner.yaml}}")
        .file("inner.yaml", "processes: {inner: {command: 'echo inside'}}");
    let said = on(&place, "", &[("GITHUB_ACTIONS", "true")]).with_itself_in_path().run().exits(0);
    assert!(said.stdout.contains("\ninner | inside\n"), "{said}");
    assert_eq!(said.stdout.matches("::group::").count(), 1, "{said}");
}

/// The scripts of `action.yml`, run as the host would.
#[test]
fn the_action_runs_a_workflow() {
    let text = std::fs::read_to_string(repository().join("action.yml")).expect("action.yml");
    let action: serde_yaml::Value = serde_yaml::from_str(&text).expect("YAML");
    assert_eq!(action["runs"]["using"], "composite");
    let steps = action["runs"]["steps"].as_sequence().expect("steps");
    for step in steps.iter().filter(|step| step["uses"].is_null()) {
        let script = step["run"].as_str().expect("a script");
        // What comes from outside must not become code.
        assert!(step["shell"] == "bash" && !script.contains("${{"), "{script}");
        for (_, value) in step["env"].as_mapping().into_iter().flatten() {
            let input = value.as_str().and_then(|value| value.strip_prefix("${{ inputs.")?.strip_suffix(" }}"));
            assert!(input.is_none_or(|input| !action["inputs"][input].is_null()), "{value:?}");
        }
    }
    let script = |number: usize| steps[number]["run"].as_str().expect("a script");
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_flowrun")).parent().expect("a folder").display().to_string();
    let path = format!("{program}:{}", std::env::var("PATH").expect("a PATH"));
    let place = Place::new().file("my file.yaml", "processes: {a: {command: 'echo a'}, 'b': {command: 'echo b; exit 3'}}");
    for (file, words, report, expected, code) in [
        ("my file.yaml", "a", "", ["::group::a"].as_slice(), 0),
        ("", "'my file.yaml' --keep-going a b", "", &["::group::a", "::group::b"], 1),
        ("my file.yaml", "--jobs 1  b", "", &["::group::b"], 1),
        ("my file.yaml", "--jobs 1\n  \"a\"\n", "json=out/my run.json\nmarkdown=out/run.md\n", &["::group::a"], 0),
        ("my file.yaml", "$(touch x) `touch x`;touch *", "", &[], 2),
        ("my file.yaml", "'a", "", &[], 1),
        ("my file.yaml", "a --log-dir 'my logs'", "", &["::group::a"], 0),
    ] {
        let output = scripted(&place, script(3), &[("FILE", file), ("WORDS", words), ("REPORTS", report), ("PATH", &path)]);
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{words}: {stdout}{}", String::from_utf8_lossy(&output.stderr));
        let mut groups: Vec<&str> = stdout.lines().filter(|line| line.starts_with("::group::")).map(|line| &line[..10]).collect();
        groups.sort_unstable();
        assert_eq!(groups, expected, "{words}");
        let told = std::fs::read_to_string(place.path("output")).unwrap_or_default();
        assert_eq!(told, if words == "'a" { String::new() } else { format!("exit-code={code}\n") });
        let _ = std::fs::remove_file(place.path("output"));
    }
    assert!(place.path("my logs/a.log").exists() && !place.path("x").exists());
    assert!(place.path("out/my run.json").exists() && place.path("out/run.md").exists());
}

fn scripted(place: &Place, script: &str, vars: &[(&str, &str)]) -> std::process::Output {
    let mut bash = std::process::Command::new("bash");
    for name in common::own_settings() {
        bash.env_remove(name);
    }
    bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
        .envs([("GITHUB_ACTIONS", "true")])
        .env("GITHUB_OUTPUT", place.path("output"))
        .env("GITHUB_PATH", place.path("paths"))
        .env("RUNNER_TEMP", place.path("temp"))
        .env_remove("GITHUB_STEP_SUMMARY")
        .env_remove("ImageOS")
        .envs(vars.iter().copied())
        .current_dir(place.path(""))
        .output()
        .expect("bash")
}

/// A stand-in for cargo writes down what it is asked, and installs nothing but a mark.
#[test]
fn the_action_builds_flowrun_once() {
    let text = std::fs::read_to_string(repository().join("action.yml")).expect("action.yml");
    let action: serde_yaml::Value = serde_yaml::from_str(&text).expect("YAML");
    let step = |number: usize| action["runs"]["steps"][number]["run"].as_str().expect("a script");
    let cargo =
        "#!/bin/sh\necho \"$@\" >> asked\nmkdir -p temp/flowrun/bin\ntouch temp/flowrun/bin/flowrun\nchmod +x temp/flowrun/bin/flowrun\n";
    let place = Place::new().file("bin/cargo", cargo);
    std::fs::set_permissions(place.path("bin/cargo"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("it is ours");
    let path = format!("{}:/usr/bin:/bin", place.path("bin").display());
    let vars = [("SOURCES", env!("CARGO_MANIFEST_DIR")), ("PATH", &path), ("RUNNER_OS", "Linux"), ("RUNNER_ARCH", "X64")];
    for _ in 0..2 {
        for number in [0, 2] {
            let output = scripted(&place, step(number), &vars);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
    }
    let keys: std::collections::BTreeSet<String> = place.read("output").lines().map(str::to_owned).collect();
    assert!(keys.len() == 1 && keys.iter().all(|key| key.len() == 66 && key.starts_with("key=flowrun-Linux-X64-own-")), "{keys:?}");
    assert_eq!(place.read("asked").lines().count(), 1, "what is there is not built again");
    assert!(place.read("asked").starts_with("install --locked --path "));
    assert_eq!(place.read("paths").lines().last(), place.path("temp/flowrun/bin").to_str());
}

/// What the reference tells of `.gitlab-ci.yml` is YAML that installs and runs flowrun.
#[test]
fn snippets_of_the_reference_are_yaml() {
    let text = std::fs::read_to_string(repository().join("docs/reference.md")).expect("the reference");
    let snippets: Vec<&str> = text.split("```yaml part\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(snippets.len(), 2);
    for snippet in &snippets {
        serde_yaml::from_str::<serde_yaml::Value>(snippet).unwrap_or_else(|error| panic!("{error}\n{snippet}"));
    }
    let gitlab: serde_yaml::Value = serde_yaml::from_str(snippets[1]).expect("YAML");
    let script = gitlab["flowrun"]["script"].as_sequence().expect("a script");
    assert!(script.iter().any(|line| line.as_str().is_some_and(|line| line.starts_with("cargo install --locked"))));
    assert!(script.iter().any(|line| line.as_str().is_some_and(|line| line.starts_with("flowrun"))));
}

#[test]
fn mistakes_in_the_workflow_are_pointed_out_at_their_places() {
    let place = Place::new().file("ci/flowrun.yaml", "processes:\n  a: {comand: 'true'}\n");
    for line in ["ci/flowrun.yaml", "check ci/flowrun.yaml"] {
        let folder = place.path("");
        let vars = [("GITHUB_ACTIONS", "true"), ("GITHUB_WORKSPACE", folder.to_str().expect("text"))];
        let said = on(&place, line, &vars).run().exits(2);
        let pointed: Vec<&str> = said.stderr.lines().filter(|line| line.starts_with("::")).collect();
        let first = "::error file=ci/flowrun.yaml,line=2,title=unknown-key::`comand` is not a key of a process%0Adid you mean `command`?";
        assert_eq!(pointed.first(), Some(&first), "{said}");
    }
    // What a program reads stays as it is.
    assert_eq!(on(&place, "list --json ci/flowrun.yaml", &[("GITHUB_ACTIONS", "true")]).run().exits(2).stdout, "");
}
