//! `ready`, `live`, `restart`, `stop.when` and `leftovers` from text to plan.

use super::*;
use crate::plan::{self, NoHost, Options, Plan, Restart};
use crate::source;
use crate::source::model::{Backoff, RestartPolicy};

fn plan_of(text: &str) -> Plan {
    let outcome = plan::build(&source::parse(text), &Options::in_folder("/w"), &NoHost::default());
    outcome.plan.unwrap_or_else(|| panic!("{text}: {:?}", outcome.diagnostics))
}

/// The plan's process `a` with these keys.
fn process(keys: &str) -> plan::Process {
    let plan = plan_of(&format!("processes:\n  a: {{command: ls, {keys}}}\n"));
    plan.processes.iter().next().unwrap().clone()
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn ready_is_asked_fast_at_first_unless_an_interval_is_given() {
    let readiness = process("ready: {tcp: 80}").control.ready.unwrap();
    let rhythm = Rhythm { initial_delay: millis(0), first_interval: millis(20), interval: millis(500), timeout: millis(5000) };
    assert_eq!(readiness, Readiness { polled: true, rhythm, within: millis(60_000) });
    let readiness = process("ready: {tcp: 80, interval: 2s, initial_delay: 100ms, timeout: 1s, within: 3s}").control.ready.unwrap();
    let rhythm = Rhythm { initial_delay: millis(100), first_interval: millis(2000), interval: millis(2000), timeout: millis(1000) };
    assert_eq!(readiness, Readiness { polled: true, rhythm, within: millis(3000) });
    assert!(process("stdout: {file: f}").control.ready.is_none());
}

#[test]
fn live_is_asked_now_and_then_and_gives_time_for_what_must_be_said() {
    let liveness = process("live: {file: up}").control.live.unwrap();
    let rhythm = Rhythm { initial_delay: millis(0), first_interval: millis(10_000), interval: millis(10_000), timeout: millis(5000) };
    assert_eq!(liveness, Liveness { rhythm, failures: 3 });
    for said in ["log: beat", "notify: true"] {
        let delay = |keys: &str| process(&format!("live: {{{said}, {keys}}}")).control.live.unwrap().rhythm.initial_delay;
        assert_eq!((delay("interval: 2s"), delay("interval: 2s, initial_delay: 0")), (millis(2000), millis(0)));
    }
}

#[test]
fn every_condition_arrives_with_its_paths_resolved() {
    let shown = |condition: &str| {
        let process = process(&format!("cwd: sub, ready: {{{condition}}}"));
        (process.control.ready.unwrap().polled, format!("{:?}", process.work.ready.clone().unwrap()))
    };
    for (condition, polled, expected) in [
        ("tcp: 80", true, "Tcp { host: None, port: 80 }"),
        ("tcp: 'db:80'", true, "Tcp { host: Some(\"db\"), port: 80 }"),
        ("tcp: '[::1]:80'", true, "Tcp { host: Some(\"::1\"), port: 80 }"),
        ("unix: a.sock", true, "Unix(\"/w/a.sock\")"),
        ("file: a/b", true, "File(\"/w/a/b\")"),
        ("log: a|b", false, "Log(Pattern(Regex(\"a|b\")))"),
        ("notify: true", false, "Notify"),
        (
            "http: 'http://a/', status: [204, 3xx], method: HEAD, headers: {A: 1}, insecure: true",
            true,
            "Http(HttpProbe { url: \"http://a/\", method: \"HEAD\", headers: [(\"A\", \"1\")], status: [(204, 204), (300, 399)], insecure: true })",
        ),
        (
            "http: 'http://a/'",
            true,
            "Http(HttpProbe { url: \"http://a/\", method: \"GET\", headers: [], status: [(200, 399)], insecure: false })",
        ),
    ] {
        assert_eq!(shown(condition), (polled, expected.to_owned()), "{condition}");
    }
    let process = process("cwd: sub, env: {A: b}, ready: {exec: [check, it]}");
    let Some(Probe::Exec(step)) = &process.work.ready else { panic!("{:?}", process.work.ready) };
    assert_eq!((step.cwd.to_str(), step.env.get("A")), (Some("/w/sub"), Some(&Some("b".to_owned()))));
}

#[test]
fn values_of_conditions_may_be_expressions() {
    let text = "vars: {port: 81, on: true}\nprocesses:\n  a:\n    replicas: 2\n    command: ls\n    ready: {tcp: 'localhost:${{ vars.port + index }}', within: '${{ index + 1 }}s'}\n    live: {notify: '${{ vars.on }}'}\n";
    let plan = plan_of(text);
    let ready: Vec<String> =
        plan.processes.iter().map(|process| format!("{:?} {:?}", process.work.ready, process.control.ready.unwrap().within)).collect();
    assert!(ready[0].contains("port: 81 }) 1s") && ready[1].contains("port: 82 }) 2s"), "{ready:?}");
}

#[test]
fn a_condition_of_ones_own_replaces_that_of_a_template_and_bounds_are_merged() {
    let text = "defaults: {ready: {within: 2m}}
templates:
  t: {ready: {http: 'http://a/', status: 204, timeout: 1s}, command: ls}
processes:
  same: {extends: t, ready: {status: 200}}
  other: {extends: t, ready: {tcp: 80}}
  none: {command: ls}
  gone: {extends: t, ready: null}
";
    let plan = plan_of(text);
    let of = |name: &str| plan.processes.iter().find(|process| process.name == name).unwrap();
    let within = |name: &str| of(name).control.ready.map(|ready| (ready.within, ready.rhythm.timeout));
    assert!(matches!(&of("same").work.ready, Some(Probe::Http(probe)) if probe.status == [(200, 200)]));
    assert!(matches!(&of("other").work.ready, Some(Probe::Tcp { .. })));
    assert_eq!((within("same"), within("other")), (Some((millis(120_000), millis(1000))), Some((millis(120_000), millis(1000)))));
    assert_eq!((within("none"), within("gone")), (None, None));
}

#[test]
fn restarts_are_for_daemons_and_have_defaults() {
    let restart = |keys: &str| process(&format!("daemon: true, {keys}")).control.restart;
    let default = Restart::default();
    assert_eq!(restart("env: {A: b}"), default);
    assert_eq!(restart("restart: on-failure"), Restart { policy: RestartPolicy::OnFailure, ..default });
    assert_eq!(
        restart("restart: {policy: always, max: 2, within: 5s, delay: 0, backoff: linear, max_delay: 3s}"),
        Restart {
            policy: RestartPolicy::Always,
            max: 2,
            within: millis(5000),
            delay: millis(0),
            backoff: Backoff::Linear,
            max_delay: Some(millis(3000))
        }
    );
    let plan = plan_of(
        "defaults: {restart: {policy: always, max: 9}, leftovers: keep}\nprocesses: {a: {command: ls}, b: {command: ls, daemon: true}}",
    );
    let policies: Vec<_> = plan.processes.iter().map(|process| (process.control.restart.policy, process.work.keep_leftovers)).collect();
    assert_eq!(policies, [(RestartPolicy::No, true), (RestartPolicy::Always, false)]);
}

#[test]
fn a_daemon_whose_users_are_not_selected_is_not_stopped_as_unused() {
    let text =
        "processes:\n  db: {command: ls, daemon: true, stop: {when: unused}}\n  use: {command: ls, join: db}\n  other: {command: ls}\n";
    let plan = plan_of(text);
    let unused = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        plan::select(&plan, &names).unwrap().processes.iter().next().unwrap().control.stop_unused
    };
    assert!(unused(&[]) && unused(&["use"]) && !unused(&["db"]));
    let lonely = plan_of("defaults: {stop: {when: unused}}\nprocesses: {db: {command: ls, daemon: true}}");
    assert!(!lonely.processes.iter().next().unwrap().control.stop_unused);
}
