//! The schema as an editor reads it: it is the one that the program prints, it takes every workflow that
//! the program takes, and it finds what can be found without knowing names and graphs.

mod common;

use std::fs;

use common::{Place, repository, workflow_path, workflows};
use serde_json::{Map, Value, json};

fn printed() -> String {
    Place::new().flowrun("schema").run().exits(0).stdout
}

fn schema() -> Value {
    serde_json::from_str(&printed()).expect("JSON")
}

/// Why a workflow is not valid; nothing if it is.
fn findings(schema: &Value, workflow: &str) -> Vec<String> {
    let mut yaml: serde_yaml::Value = serde_yaml::from_str(workflow).unwrap_or_else(|error| panic!("{error}:\n{workflow}"));
    yaml.apply_merge().expect("merge keys");
    let value = serde_json::to_value(yaml).expect("what JSON has too");
    let mut found = Vec::new();
    Validator { root: schema }.check(schema, &value, "", &mut found);
    found
}

/// JSON Schema, draft 7, as far as this schema uses it; any other keyword is refused.
struct Validator<'s> {
    root: &'s Value,
}

impl Validator<'_> {
    fn accepts(&self, schema: &Value, value: &Value) -> bool {
        let mut found = Vec::new();
        self.check(schema, value, "", &mut found);
        found.is_empty()
    }

    fn check(&self, schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
        let schema = match schema {
            Value::Bool(true) => return,
            Value::Bool(false) => return found.push(format!("{place}: nothing may stand here")),
            Value::Object(schema) => schema,
            other => panic!("not a schema: {other}"),
        };
        if let Some(reference) = schema.get("$ref") {
            let pointer = reference.as_str().and_then(|text| text.strip_prefix('#')).expect("a reference into the schema");
            let target = self.root.pointer(pointer).unwrap_or_else(|| panic!("{pointer} leads nowhere"));
            return self.check(target, value, place, found);
        }
        for (keyword, rule) in schema {
            let holds = match value {
                Value::Object(object) => self.object(keyword, rule, object, schema, place, found),
                Value::Array(list) => self.list(keyword, rule, list, place, found),
                _ => None,
            };
            if !holds.or_else(|| scalar(keyword, rule, value)).unwrap_or_else(|| self.any(keyword, rule, value, schema, place, found)) {
                found.push(format!("{place}: {value} breaks {keyword} {rule}"));
            }
        }
    }

    /// Keywords for every value.
    fn any(&self, keyword: &str, rule: &Value, value: &Value, schema: &Map<String, Value>, place: &str, found: &mut Vec<String>) -> bool {
        let choices = || rule.as_array().expect("schemas").iter().filter(|choice| self.accepts(choice, value)).count();
        match keyword {
            "type" => {
                let is = |kind: &Value| match kind.as_str() {
                    Some("integer") => value.is_i64() || value.is_u64(),
                    Some("number") => value.is_number(),
                    Some("string") => value.is_string(),
                    Some("boolean") => value.is_boolean(),
                    Some("null") => value.is_null(),
                    Some("object") => value.is_object(),
                    Some("array") => value.is_array(),
                    _ => panic!("no type: {kind}"),
                };
                rule.as_array().map_or_else(|| is(rule), |kinds| kinds.iter().any(is))
            }
            "enum" => rule.as_array().expect("values").contains(value),
            "const" => rule == value,
            "anyOf" => choices() > 0,
            "oneOf" => choices() == 1,
            "not" => !self.accepts(rule, value),
            "allOf" => {
                rule.as_array().expect("schemas").iter().for_each(|part| self.check(part, value, place, found));
                true
            }
            "if" => {
                let branch = schema.get(if self.accepts(rule, value) { "then" } else { "else" });
                branch.into_iter().for_each(|branch| self.check(branch, value, place, found));
                true
            }
            // Keywords for values of another kind, and those for people.
            "then"
            | "else"
            | "properties"
            | "patternProperties"
            | "additionalProperties"
            | "propertyNames"
            | "required"
            | "dependencies"
            | "minProperties"
            | "maxProperties"
            | "items"
            | "minItems"
            | "uniqueItems"
            | "pattern"
            | "minLength"
            | "minimum"
            | "maximum"
            | "exclusiveMinimum"
            | "$schema"
            | "title"
            | "description"
            | "markdownDescription"
            | "markdownEnumDescriptions"
            | "errorMessage"
            | "patternErrorMessage"
            | "definitions" => true,
            _ => panic!("this validator does not know the keyword {keyword}"),
        }
    }

    fn object(
        &self,
        keyword: &str,
        rule: &Value,
        object: &Map<String, Value>,
        schema: &Map<String, Value>,
        place: &str,
        found: &mut Vec<String>,
    ) -> Option<bool> {
        let has_all = |keys: &Value| keys.as_array().expect("keys").iter().all(|key| object.contains_key(key.as_str().expect("a key")));
        Some(match keyword {
            "required" => has_all(rule),
            "minProperties" => object.len() >= size(rule),
            "maxProperties" => object.len() <= size(rule),
            "propertyNames" => object.keys().all(|key| self.accepts(rule, &json!(key))),
            "properties" => {
                for (key, property) in rule.as_object().expect("properties") {
                    if let Some(value) = object.get(key) {
                        self.check(property, value, &format!("{place}/{key}"), found);
                    }
                }
                true
            }
            "additionalProperties" => {
                let known = |key: &str| schema.get("properties").is_some_and(|properties| properties.get(key).is_some());
                let patterns = schema.get("patternProperties").and_then(Value::as_object);
                let matches = |key: &str| patterns.is_some_and(|patterns| patterns.keys().any(|pattern| regex(pattern).is_match(key)));
                for (key, value) in object.iter().filter(|(key, _)| !known(key) && !matches(key)) {
                    self.check(rule, value, &format!("{place}/{key}"), found);
                }
                true
            }
            "dependencies" => {
                let wanted = rule.as_object().expect("dependencies").iter().filter(|(key, _)| object.contains_key(*key));
                let whole = Value::Object(object.clone());
                wanted.fold(true, |held, (_, needs)| held && if needs.is_array() { has_all(needs) } else { self.accepts(needs, &whole) })
            }
            _ => return None,
        })
    }

    fn list(&self, keyword: &str, rule: &Value, list: &[Value], place: &str, found: &mut Vec<String>) -> Option<bool> {
        Some(match keyword {
            "items" => {
                list.iter().enumerate().for_each(|(at, item)| self.check(rule, item, &format!("{place}/{at}"), found));
                true
            }
            "minItems" => list.len() >= size(rule),
            "uniqueItems" => list.iter().enumerate().all(|(at, item)| !list[..at].contains(item)),
            _ => return None,
        })
    }
}

fn scalar(keyword: &str, rule: &Value, value: &Value) -> Option<bool> {
    Some(match (keyword, value) {
        ("pattern", Value::String(text)) => regex(rule.as_str().expect("a pattern")).is_match(text),
        ("minLength", Value::String(text)) => text.chars().count() >= size(rule),
        ("minimum", Value::Number(number)) => number.as_f64() >= rule.as_f64(),
        ("maximum", Value::Number(number)) => number.as_f64() <= rule.as_f64(),
        ("exclusiveMinimum", Value::Number(number)) => number.as_f64() > rule.as_f64(),
        _ => return None,
    })
}

fn regex(pattern: &str) -> regex_lite::Regex {
    regex_lite::Regex::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"))
}

fn size(rule: &Value) -> usize {
    usize::try_from(rule.as_u64().expect("a size")).expect("a small one")
}

#[test]
fn the_file_is_what_the_program_prints() {
    let path = repository().join("schemas/flowrun.schema.json");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, printed()).expect("the schema is written");
    }
    let file = fs::read_to_string(&path).unwrap_or_default();
    assert!(file == printed(), "{} is not what `flowrun schema` prints; BLESS=1 cargo test --test schema rewrites it", path.display());
}

#[test]
fn every_workflow_is_valid() {
    let schema = schema();
    for name in workflows() {
        let text = fs::read_to_string(workflow_path(&name)).expect("the workflow");
        assert_eq!(findings(&schema, &text), [""; 0], "{name}");
    }
    for (place, text) in common::documented::workflows() {
        assert_eq!(findings(&schema, &text), [""; 0], "{place}");
    }
    let place = Place::new();
    place.flowrun("init").run().exits(0);
    assert_eq!(findings(&schema, &place.read("flowrun.yaml")), [""; 0]);
}

/// Valid for both.
const RIGHT: &[&str] = &[
    "processes: {a: {command: ls}}",
    "name: 5\nx-anything: [1]\nprocesses: {a: {command: [ls, -l], x-mine: {}}}",
    "env:\nvars:\ntemplates:\n  t:\nprocesses: {a: {command: ls, env: {A: , B: 1}, timeout: , lock: }}",
    "defaults: {tty: true, umask: '027'}\nprocesses: {a: {steps: [{command: ls, umask: '0077'}]}, b: {command: ls, stdin: inherit}}",
    "jobs: 50%\ntimeout: 1m30s\non_failure: kill\nprocesses: {a: {command: ls, retries: {count: 3, delay: 1.5s, backoff: linear}}}",
    "vars: {n: 3, b: true}\njobs: ${{ vars.n }}\nprocesses: {a: {command: ls, replicas: '${{ vars.n }}', daemon: '${{ vars.b }}'}}",
    "locks: {db: {}, audit: }\nsemaphores: {ktv: 4, gpu: {permits: 8}}\nprocesses: {a: {command: ls, lock: {db: shared}, semaphore: {gpu: 2}}}",
    "locks: [db]\nprocesses: {a: {steps: [{command: ls}, {task: print, with: {message: hi}, lock: db}]}, b: {join: {a: {until: exit, timeout: 3, on_timeout: continue}}, command: ls}}",
    "templates: {t: {task: sleep, with: {duration: 3s}}, u: {env: {A: b}}}\nprocesses: {a: {extends: [u, t]}, b: {extends: t, with: {duration: 1s}}, c: {extends: u, command: ls}}",
    "templates: {t: {task: wait, with: {timeout: 3s}}}\nprocesses: {a: {extends: t, with: {pid: 99999}}}",
    "defaults: {timeout: 3s, env: {A: b}, shell: [sh, -eu, -c], stop: {signal: INT, grace: 1}}\nprocesses: {a: {command: ls}}",
    "templates: {t: {ready: {interval: 1s}}}\nprocesses: {a: {extends: t, command: ls, ready: {tcp: 80, initial_delay: 0}}}",
    "processes: {a: {command: ls, daemon: true, ready: {http: 'http://a/', status: [200, 3xx], method: HEAD, headers: {A: 1}, insecure: true}, live: {exec: [ls], failures: 1}, restart: always}}",
    "processes: {a: {command: ls, ready: {log: a|b, within: 3}, leftovers: keep}, b: {command: ls, daemon: true, ready: {notify: true}, restart: {policy: on-failure, max: 3, within: 1m, delay: 0, backoff: linear, max_delay: 5s}, stop: {when: unused}}, c: {join: b, command: ls, ready: {unix: a.sock}, live: {file: a}}}",
    "processes: {a: {command: 'echo \"$@\"', args: [1, b], stdin: {text: hi}, stdout: {file: /dev/null}, stderr: stdout, success_codes: [0, 3]}}",
    "processes: {a: {matrix: {os: [a, b], py: ['3.11'], exclude: [{os: a}]}, if: \"matrix.os == 'a'\", command: ls, stdin: none}}",
    "templates: {t: {listen: {accept: true}}}\nprocesses: {a: {command: ls, listen: 7000}, b: {command: ls, listen: 'unix:a.sock'}, c: {extends: t, daemon: true, command: ls, listen: {tcp: '[::1]:7000', max: 3}}, d: {command: ls, listen: {unix: b.sock}}}",
    "processes: {a: {task: json, with: {file: a.json, set: {b: [1, null]}}}, b: {task: fail}, c: {task: assert, with: {that: '${{ 1 < 2 }}'}}}",
    "queues: [q, r]\nprocesses: {a: {command: ls, stdout: {queue: q}, stderr: {queue: r}}, b: {command: ls, for_each: q}, c: {command: cat, stdin: {queue: r}}}",
    "queues: {q: {maxsize: 3, max_deliveries: '${{ 1 + 1 }}'}, r: , s: {}}\nprocesses: {a: {command: ls, produces: q}, b: {command: ls, for_each: {queue: q, workers: '${{ 2 }}'}, produces: [r, s]}, c: {command: ls, consumes: [r, s]}}",
    "queues: [q]\ntemplates: {t: {for_each: {queue: q}}}\nprocesses: {a: {command: ls, stdout: {queue: q}}, b: {extends: t, command: ls, for_each: {workers: 3}}}",
];

#[test]
fn what_is_right_is_valid() {
    let schema = schema();
    for text in RIGHT {
        Place::new().file("f.yaml", text).flowrun("check f.yaml").run().exits(0);
        assert_eq!(findings(&schema, text), [""; 0], "{text}");
    }
}

/// Wrong for both, each in one way.
const WRONG: &[&str] = &[
    "{}",
    "processes: {}",
    "processes: [a]",
    "processes: {a: }",
    "procesess: {a: {command: ls}}\nprocesses: {a: {command: ls}}",
    "services: {a: {command: ls}}\nprocesses: {a: {command: ls}}",
    "processes: {a: {description: nothing to do}}",
    "processes: {a: {command: ls, task: print, with: {message: hi}}}",
    "processes: {a: {command: ls, steps: [{command: ls}]}}",
    "processes: {a: {command: []}}",
    "processes: {a: {steps: []}}",
    "processes: {a: {steps: [{name: nothing}]}}",
    "processes: {a: {steps: [{command: ls, task: print, with: {message: hi}}]}}",
    "processes: {a: {steps: [{command: ls, join: b}]}}",
    "processes: {a: {command: ls, comand: ls}}",
    "processes: {a: {command: ls, depends_on: [b]}}",
    "processes: {a: {command: ls, umask: 22}}",
    "processes: {a: {command: ls, umask: '1777'}}",
    "processes: {a: {command: ls, tty: 1}}",
    "processes: {a: {task: pirnt, with: {message: hi}}}",
    "processes: {a: {task: print}}",
    "processes: {a: {task: print, with: {text: hi}}}",
    "processes: {a: {task: sleep, with: {duration: soon}}}",
    "processes: {a: {task: wait, with: {tcp: 80, file: a}}}",
    "processes: {a: {task: json, with: {file: a, set: 1, add: 1}}}",
    "processes: {a: {task: write, with: {file: a, content: b, mode: rw}}}",
    "processes: {a: {steps: [{task: mkdir, with: {paths: a}}]}}",
    "processes: {a: {command: ls, with: {message: hi}}}",
    "processes: {a: {task: print, with: {message: hi}, args: [a]}}",
    "processes: {a: {command: ls, daemon: maybe}}",
    "processes: {a: {command: ls, replicas: 0}}",
    "processes: {a: {command: ls, replicas: many}}",
    "processes: {a: {command: ls, timeout: 1:30}}",
    "processes: {a: {command: ls, timeout: -3}}",
    "processes: {a: {command: ls, join: {b: done}}, b: {command: ls}}",
    "processes: {a: {command: ls, join: {b: {when: exit}}}, b: {command: ls}}",
    "processes: {a: {command: ls, success_codes: [0, 300]}}",
    "processes: {a: {command: ls, stdin: {text: a, file: b}}}",
    "processes: {a: {command: ls, stdin: keyboard}}",
    "processes: {a: {command: ls, stdout: stdout}}",
    "processes: {a: {command: ls, stdout: {append: true}}}",
    "processes: {a: {command: ls, stop: {signal: SIGNAL}}}",
    "processes: {a: {command: ls, retries: {count: 1, backoff: fibonacci}}}",
    "processes: {a: {command: ls, ready: {tcp: 80, log: up}}}",
    "processes: {a: {command: ls, ready: 8080}}",
    "processes: {a: {command: ls, ready: {tcp: host}}}",
    "processes: {a: {command: ls, ready: {http: 'localhost:80'}}}",
    "processes: {a: {command: ls, ready: {http: 'http://a/', status: 20}}}",
    "processes: {a: {command: ls, ready: {tcp: 80, status: 200}}}",
    "processes: {a: {command: ls, ready: {exec: {command: ls}}}}",
    "processes: {a: {command: ls, ready: {tcp: 80, failures: 3}}}",
    "processes: {a: {command: ls, live: {tcp: 80, failures: 0}}}",
    "processes: {a: {command: ls, live: {tcp: 80, within: 3s}}}",
    "processes: {a: {command: ls, daemon: true, restart: unless-stopped}}",
    "processes: {a: {command: ls, daemon: true, restart: {policy: always, max: 0}}}",
    "processes: {a: {command: ls, leftovers: kill}}",
    "processes: {a: {command: ls, listen: 0}}",
    "processes: {a: {command: ls, listen: '127.0.0.1:0'}}",
    "processes: {a: {command: ls, listen: run/a.sock}}",
    "processes: {a: {command: ls, listen: {tcp: 80, unix: a.sock}}}",
    "processes: {a: {command: ls, listen: {tcp: host}}}",
    "processes: {a: {command: ls, listen: {port: 80}}}",
    "processes: {a: {command: ls, daemon: true, listen: {tcp: 80, accept: true, max: 0}}}",
    "processes: {a: {command: ls, listen: {tcp: 80, accept: 3}}}",
    "processes: {a: {command: ls, stop: {when: idle}}}",
    "processes: {a: {command: ls, matrix: {os: linux}}}",
    "processes: {a: {command: ls, matrix: {os: []}}}",
    "processes: {a: {command: ls, lock: {db: read}}}\nlocks: [db]",
    "processes: {1a: {command: ls}}",
    "processes: {x-a: {command: ls}, 'x-': {command: ls}, x.a b: {command: ls}}",
    "defaults: {command: ls}\nprocesses: {a: {command: ls}}",
    "defaults: {replicas: 3}\nprocesses: {a: {command: ls}}",
    "jobs: 0\nprocesses: {a: {command: ls}}",
    "jobs: half\nprocesses: {a: {command: ls}}",
    "on_failure: panic\nprocesses: {a: {command: ls}}",
    "semaphores: {ktv: 0}\nprocesses: {a: {command: ls}}",
    "semaphores: {ktv: {}}\nprocesses: {a: {command: ls}}",
    "locks: [db, db]\nprocesses: {a: {command: ls}}",
    "env: [A=b]\nprocesses: {a: {command: ls}}",
    "queues: [q, q]\nprocesses: {a: {command: ls}}",
    "queues: {q: {maxsize: 0}}\nprocesses: {a: {command: ls}}",
    "queues: {q: {max_deliveries: 0}}\nprocesses: {a: {command: ls}}",
    "queues: {q: 3}\nprocesses: {a: {command: ls}}",
    "queues: {1q: {}}\nprocesses: {a: {command: ls}}",
    "queues: [q]\ndefaults: {for_each: q}\nprocesses: {a: {command: ls}}",
    "queues: [q]\nprocesses: {a: {command: ls, stdout: {queue: q}}, b: {command: ls, for_each: {queue: q, workers: 0}}}",
    "queues: [q]\nprocesses: {a: {command: ls, stdout: {queue: q}}, b: {command: ls, for_each: [q]}}",
    "queues: [q]\nprocesses: {a: {command: ls, stdout: {queue: q, file: b}}, b: {command: ls, for_each: q}}",
    "queues: [q]\nprocesses: {a: {command: ls, stdout: {queue: q, append: true}}, b: {command: ls, for_each: q}}",
    "queues: [q]\nprocesses: {a: {command: ls, stdout: {queue: q}}, b: {command: ls, stdin: {queue: q, text: a}}}",
];

#[test]
fn what_is_wrong_is_not_valid() {
    let schema = schema();
    let mut missed = Vec::new();
    for text in WRONG {
        let said = Place::new().file("f.yaml", text).flowrun("check f.yaml").run();
        if said.status != Some(2) {
            missed.push(format!("the program accepts {text}"));
        }
        if findings(&schema, text).is_empty() {
            missed.push(format!("the schema accepts {text}"));
        }
    }
    assert_eq!(missed, [""; 0]);
}

#[test]
fn tasks_need_the_same_arguments_everywhere() {
    let schema = schema();
    let tasks = schema.pointer("/definitions/Work/properties/task/anyOf/0/enum").and_then(Value::as_array).expect("tasks");
    assert!(tasks.len() > 10);
    for task in tasks.iter().filter_map(Value::as_str) {
        for arguments in ["", ", with: {}"] {
            let text = format!("processes: {{a: {{task: {task}{arguments}}}}}");
            let said = Place::new().file("f.yaml", &text).flowrun("check f.yaml").run();
            assert_eq!(said.status == Some(0), findings(&schema, &text).is_empty(), "{text}\n{said}");
        }
        let told = Place::new().flowrun(&format!("tasks {task}")).run().exits(0).stdout;
        let example = told.split_once("    example:\n").expect("an example").1.replace("        ", "      ");
        let text =
            format!("processes:\n  other: {{command: ls}}\n  heartbeat: {{command: ls}}\n  it:\n{}", example.replace("      ", "    "));
        assert_eq!(findings(&schema, &text), [""; 0], "{text}");
        Place::new().file("f.yaml", &text).flowrun("check f.yaml").run().exits(0);
    }
}

/// Every key with its schema, wherever one stands in a schema; conditions have no keys of their own.
fn keys<'s>(schema: &'s Value, place: &str, found: &mut Vec<(String, String, &'s Value)>) {
    match schema {
        Value::Object(object) => {
            for (keyword, inner) in object.iter().filter(|(keyword, _)| !["if", "not"].contains(&keyword.as_str())) {
                if keyword == "properties" {
                    for (key, property) in inner.as_object().expect("properties") {
                        found.push((place.to_owned(), key.clone(), property));
                    }
                }
                keys(inner, &format!("{place}/{keyword}"), found);
            }
        }
        Value::Array(list) => list.iter().enumerate().for_each(|(at, inner)| keys(inner, &format!("{place}/{at}"), found)),
        _ => {}
    }
}

#[test]
fn every_key_has_a_sentence_and_a_valid_example() {
    let schema = schema();
    let mut all = Vec::new();
    keys(&schema, "", &mut all);
    let mut poor = Vec::new();
    let mut told = 0;
    for (place, key, property) in all {
        // Known by name, refused, described elsewhere; what else is demanded of `with`; the keys of a matrix are the user's own.
        let elsewhere =
            property.is_boolean() || property.get("$ref").is_some() || place.contains("Arguments/") || place.contains("/matrix/");
        if elsewhere {
            continue;
        }
        told += 1;
        let sentence = property["description"].as_str().unwrap_or_default();
        if !sentence.ends_with(['.', '`']) {
            poor.push(format!("{place}: {key} has no sentence"));
        }
        let text = property["markdownDescription"].as_str().unwrap_or_default();
        let Some(block) = text.strip_prefix(sentence).and_then(|rest| rest.strip_prefix("\n\n```yaml\n")?.strip_suffix("```")) else {
            poor.push(format!("{place}: {key} has no example"));
            continue;
        };
        for example in examples(&key, block) {
            let value: Value = serde_yaml::from_str(&example).unwrap_or_else(|error| panic!("{error}:\n{example}"));
            let mut found = Vec::new();
            Validator { root: &schema }.check(property, &value[&key], &key, &mut found);
            poor.extend(found.iter().map(|why| format!("{place}: the example {example} is not valid: {why}")));
        }
    }
    assert_eq!(poor, [""; 0]);
    assert!(told > 100, "{told}");
}

/// The examples of one key: each begins with it.
fn examples(key: &str, block: &str) -> Vec<String> {
    let mut examples: Vec<String> = Vec::new();
    for line in block.lines() {
        match examples.last_mut().filter(|_| !line.starts_with(&format!("{key}:"))) {
            Some(example) => *example += &format!("{line}\n"),
            None => examples.push(format!("{line}\n")),
        }
    }
    assert!(!examples.is_empty(), "{key}");
    examples
}
