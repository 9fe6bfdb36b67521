//! Who is at the ends of a queue, which queues feed each other, what a selection keeps, and when an item is known.

use std::collections::BTreeMap;

use super::super::late::Given;
use super::super::model::{Action, Output, Plan, Queue, Stdin};
use super::super::{NoHost, Options, build, select};
use crate::base::ids::{Id, ProcessId, QueueId};
use crate::source;

fn plan(text: &str) -> Plan {
    let outcome = build(&source::parse(text), &Options::in_folder("/w"), &NoHost::default());
    outcome.plan.unwrap_or_else(|| panic!("{text}: {:#?}", outcome.diagnostics))
}

fn names(plan: &Plan, ids: &[ProcessId]) -> String {
    ids.iter().map(|id| plan.processes[*id].name.as_str()).collect::<Vec<_>>().join(" ")
}

/// Each queue as `name: producers | consumers | fed | ring`; consumers in parentheses are not declared.
fn queues(plan: &Plan) -> Vec<String> {
    let line = |queue: &Queue| {
        let consumers = names(plan, &queue.consumers);
        let consumers = if queue.declared { consumers } else { format!("({consumers})") };
        let ring: Vec<&str> = queue.ring.iter().map(|id| plan.queues[*id].name.as_str()).collect();
        format!("{}: {} | {consumers} | {} | {}", queue.name, names(plan, &queue.producers), names(plan, &queue.fed), ring.join(" "))
    };
    plan.queues.iter().map(line).collect()
}

#[test]
fn producers_consumers_and_rings_are_those_of_the_file() {
    for (text, expected) in [
        (
            "queues: [q, r]\nprocesses: {a: {command: ls, stdout: {queue: q}, produces: q}, b: {replicas: 2, command: ls, stderr: {queue: q}}, c: {for_each: {queue: q, workers: 2}, command: ls}, d: {consumes: q, command: ls}}",
            &["q: a b[0] b[1] | c[0] c[1] d |  | ", "r:  | (a b[0] b[1] c[0] c[1] d) |  | "][..],
        ),
        (
            "queues: [q]\nprocesses: {a: {command: ls, produces: q}, b: {task: sleep, with: {duration: 1s}}, c: {command: ls}}",
            &["q: a | (c) |  | "],
        ),
        ("queues: [q]\nprocesses: {a: {command: ls, produces: q}, b: {for_each: q, produces: q, command: ls}}", &["q: a b | b | b | q"]),
        (
            "queues: [p, l, t]\nprocesses: {a: {command: ls, produces: p}, b: {for_each: p, produces: [l, t], command: ls}, c: {for_each: l, produces: p, command: ls}, d: {for_each: t, command: ls}}",
            &["p: a c | b | c | p l", "l: b | c | b | p l", "t: b | d |  | "],
        ),
        (
            // What goes into a pipe puts nothing into the queue that `defaults` name.
            "queues: [q]\ndefaults: {stdout: {queue: q}}\nprocesses: {a: {command: ls}, b: {stdin: {process: a}, command: cat}, c: {stdout: null, for_each: q, command: ls}}",
            &["q: b | c |  | "],
        ),
    ] {
        assert_eq!(queues(&plan(text)), expected, "{text}");
    }
}

#[test]
fn workers_are_instances_and_one_of_them_has_the_plain_name() {
    for (workers, expected) in
        [("", "b"), (", workers: 1", "b"), (", workers: 3", "b[0] b[1] b[2]"), (", workers: '${{ 1 + 1 }}'", "b[0] b[1]")]
    {
        let text = format!(
            "queues: [q]\nprocesses: {{a: {{command: ls, stdout: {{queue: q}}}}, b: {{for_each: {{queue: q{workers}}}, command: 'echo ${{{{ index }}}}'}}}}"
        );
        let plan = plan(&text);
        let workers: Vec<ProcessId> = plan.processes.ids().skip(1).collect();
        assert_eq!(names(&plan, &workers), expected, "{text}");
        for (index, id) in (0..).zip(workers) {
            let process = &plan.processes[id];
            assert_eq!((process.control.for_each, process.work.index), (Some(QueueId::from_index(0)), Some(index)), "{text}");
            let Action::Command { text: command, .. } = &process.work.steps[0].action else { panic!("a command") };
            assert_eq!(*command, format!("echo {index}"), "{text}");
        }
    }
}

#[test]
fn numbers_of_a_queue_are_those_of_the_file() {
    let text = "vars: {n: 5}\nqueues: {q: , r: {maxsize: 3}, s: {max_deliveries: '${{ vars.n }}'}}\nprocesses: {a: {command: ls}}";
    let numbers: Vec<_> = plan(text).queues.iter().map(|queue| (queue.maxsize, queue.max_deliveries)).collect();
    assert_eq!(numbers, [(None, 3), (Some(3), 3), (None, 5)]);
}

const SHOP: &str = "queues: [unused, left, buns, boxes, log]
processes:
  other: {command: ls}
  lone: {command: ls, stdout: {queue: left}}
  bake: {join: dough, command: ls, stdout: {queue: buns}, stderr: {queue: log}}
  dough: {command: ls}
  pack: {for_each: {queue: buns, workers: 2}, command: ls, stdout: {queue: boxes}}
  count: {stdin: {queue: boxes}, command: cat}
  sell: {for_each: left, command: ls}
  keep: {stdin: {queue: log}, command: cat}
  sweep: {join: {pack: exit}, command: ls}
";

#[test]
fn a_selection_has_the_partners_of_its_queues() {
    let whole = plan(SHOP);
    for (chosen, processes, kept) in [
        ("other", "other", &["unused:  | (other) |  | "][..]),
        ("lone", "lone sell", &["unused:  | (lone sell) |  | ", "left: lone | sell |  | "]),
        (
            "count",
            "bake dough pack[0] pack[1] count keep sweep",
            &[
                "unused:  | (bake dough pack[0] pack[1] count keep sweep) |  | ",
                "buns: bake | pack[0] pack[1] |  | ",
                "boxes: pack[0] pack[1] | count |  | ",
                "log: bake | keep |  | ",
            ],
        ),
    ] {
        let part = select(&whole, &[chosen.to_owned()]).expect("it is there");
        let ids: Vec<ProcessId> = part.processes.ids().collect();
        assert_eq!(names(&part, &ids), processes, "{chosen}");
        assert_eq!(queues(&part), kept, "{chosen}");
        for queue in part.queues.ids() {
            let name = &part.queues[queue].name;
            for id in &part.queues[queue].producers {
                let work = &part.processes[*id].work;
                assert!([&work.stdout, &work.stderr].contains(&&Output::Queue(queue)), "{chosen}: {name}");
            }
            for id in part.queues[queue].consumers.iter().filter(|_| part.queues[queue].declared) {
                let process = &part.processes[*id];
                assert!(process.control.for_each == Some(queue) || process.work.stdin == Stdin::Queue(queue), "{chosen}: {name}");
            }
        }
    }
}

#[test]
fn a_selection_without_anybody_who_could_take_is_refused() {
    let whole = plan("queues: [q]\nprocesses: {a: {command: ls, produces: q}, b: {command: ls}}");
    let refused = select(&whole, &["a".to_owned()]).expect_err("nobody takes");
    assert!(refused.contains("nobody of these takes from the queue `q`"), "{refused}");
    assert!(select(&whole, &["a".to_owned(), "b".to_owned()]).is_ok());
}

/// The words of a worker's command for an item.
fn words(command: &str, item: Option<&[u8]>) -> Result<Vec<String>, String> {
    let text =
        format!("queues: [q]\nprocesses:\n  a: {{command: ls, stdout: {{queue: q}}}}\n  b:\n    for_each: q\n    command: {command}\n");
    let plan = plan(&text);
    let step = &plan.processes[ProcessId::from_index(1)].work.steps[0];
    let late = step.late.as_ref().expect("it reads the item");
    let (step, _) = late.known(step, &Stdin::Null, Given { outputs: &BTreeMap::new(), item })?;
    let Action::Command { argv, direct: None, .. } = step.action else { panic!("a command that is not known before") };
    Ok(argv)
}

#[test]
fn an_item_is_known_when_it_has_come() {
    for (command, item, expected) in [
        ("'echo ${{ item }}'", "a b", &["sh", "-c", "echo a b"][..]),
        ("'echo ${{ item | sh }}'", "it's", &["sh", "-c", "echo 'it'\\''s'"]),
        ("[echo, '${{ item }}']", "${{ vars.x }}", &["echo", "${{ vars.x }}"]),
        ("[echo, '${{ item }}', '${{ item + 1 }}', '${{ item == 7 }}']", "7", &["echo", "7", "8", "true"]),
        ("[echo, '${{ item }}', '<${{ item | default(1) }}>']", "", &["echo", "", "<>"]),
        ("[echo, '${{ item }}']", "1.20", &["echo", "1.20"]),
    ] {
        let known = words(command, Some(item.as_bytes()));
        assert_eq!(known.as_deref(), Ok(&expected.iter().map(ToString::to_string).collect::<Vec<_>>()[..]), "{command} for {item}");
    }
    let refused = words("[echo, '${{ item }}']", Some(b"\xff")).expect_err("it is no text");
    assert!(refused.starts_with("workflow:6: the item is not UTF-8") && refused.contains("FLOWRUN_ITEM"), "{refused}");
    let refused = words("[echo, '${{ item }}']", Some(b"a\0b")).expect_err("it has a NUL");
    assert!(refused.contains("NUL"), "{refused}");
    let refused = words("[echo, '${{ item + 1 }}']", Some(b"red")).expect_err("it is no number");
    assert!(refused.starts_with("workflow:6:"), "{refused}");
}
