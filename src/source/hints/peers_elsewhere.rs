//! Keys that users of other tools type first at the top and below a key of a process, and what they are called here.
//!
//! One list for each place; `keys` looks things up in it.

use super::peers::{CONCURRENCY, NO_HOST, Peer, SCHEDULE};
use super::probes;

const COUNT: &str = "write `count: 3`: how many attempts may follow the first";

const CONTAINERS: &str = "remove it: it belongs to containers, and processes are programs of this machine";
const PROCESSES: &str = "write `processes:`";
const NO_INCLUDE: &str = "there is no form of it yet: YAML anchors, `templates` and `extends` share text within one file";

/// Keys of peers at the top level.
pub(super) const AT_TOP: &[Peer] = &[
    ("services", "write `processes:`, and `daemon: true` in those that serve others", Some("processes")),
    ("tasks", PROCESSES, Some("processes")),
    ("process", PROCESSES, Some("processes")),
    ("environment", "write `env:`", Some("env")),
    ("variables", "write `vars:`, read as `${{ vars.name }}`", Some("vars")),
    ("include", NO_INCLUDE, None),
    ("includes", NO_INCLUDE, None),
    ("dotenv", "write `env_file: .env`", Some("env_file")),
    ("networks", CONTAINERS, None),
    ("volumes", CONTAINERS, None),
    ("configs", CONTAINERS, None),
    ("permissions", NO_HOST, None),
    ("concurrency", CONCURRENCY, None),
    ("stages", "remove it: `join` in a process says what must come before", None),
    ("log_level", "remove it: `flowrun -v` tells more, `-q` less", None),
    ("version", "there is no version key: remove it", None),
    ("parallelism", "write `jobs: 4`", Some("jobs")),
    ("schedule", SCHEDULE, None),
    ("every", SCHEDULE, None),
    ("cron", SCHEDULE, None),
    ("silent", "remove it: `flowrun run -q` shows less", None),
    ("on", "there are no triggers: flowrun runs the file when it is called", None),
    ("mutexes", "write `locks: [name]`", Some("locks")),
    ("lock", "write `locks: [name]` at the top to declare, and `lock: name` in a process to hold it", None),
    ("queue", "write `queues: [name]` at the top to declare, and `for_each: name` or `stdout: {queue: name}` in a process", None),
    ("semaphore", "write `semaphores: {name: 4}` at the top to declare, and `semaphore: name` in a process", None),
    ("command", "a command belongs to a process: write `processes: {main: {command: …}}`", None),
];

/// Keys of peers in a queue.
const QUEUE_KEYS: &[Peer] = &[
    ("size", "write `maxsize: 3`", Some("maxsize")),
    ("max_size", "write `maxsize: 3`", Some("maxsize")),
    ("capacity", "write `maxsize: 3`", Some("maxsize")),
    ("max_length", "write `maxsize: 3`", Some("maxsize")),
    ("max_attempts", "write `max_deliveries: 3`: how often an item is delivered in all", Some("max_deliveries")),
    ("max_receive_count", "write `max_deliveries: 3`: how often an item is delivered in all", Some("max_deliveries")),
    ("retries", "write `max_deliveries: 3`: how often an item is delivered in all", None),
    ("scope", "there is no form of it: a queue belongs to one run", None),
];

/// Keys of peers in what stands under a key here.
pub(super) const INSIDE: &[(&str, &[Peer])] = &[
    (
        "a join",
        &[("condition", "write `until: …`, or the word itself as in `db: ready`: `success`, `exit`, `failure`, `start` or `ready`", None)],
    ),
    ("the task `wait`", &[("port", "write `tcp: \"127.0.0.1:8080\"`", None)]),
    (
        "`stop`",
        &[
            ("timeout", "write `grace: 10s`", Some("grace")),
            ("timeout_seconds", "write `grace: 10s`", Some("grace")),
            ("timeout-seconds", "write `grace: 10s`", Some("grace")),
        ],
    ),
    ("`ready`", probes::KEYS),
    ("`live`", probes::KEYS),
    (
        "`restart`",
        &[
            ("restart", "write `policy: on-failure`", Some("policy")),
            ("condition", "write `policy: on-failure`", Some("policy")),
            ("max_restarts", "write `max: 5`, and `within: 1m` for the time in which they are counted", Some("max")),
            ("max_attempts", "write `max: 5`, and `within: 1m` for the time in which they are counted", Some("max")),
            ("window", "write `within: 1m`", Some("within")),
            ("backoff_seconds", "write `delay: 1s`", Some("delay")),
        ],
    ),
    (
        "`listen`",
        &[
            ("address", "write `tcp: \"127.0.0.1:7000\"`, or `unix: path`", Some("tcp")),
            ("port", "write `tcp: 7000`", Some("tcp")),
            ("host", "write `tcp: \"127.0.0.1:7000\"`", None),
            ("path", "write `unix: path`", Some("unix")),
            ("socket", "write `unix: path`", Some("unix")),
            ("max_connections", "write `max: 20`", Some("max")),
        ],
    ),
    ("a queue", QUEUE_KEYS),
    (
        "`for_each`",
        &[
            ("replicas", "write `workers: 3`", Some("workers")),
            ("concurrency", "write `workers: 3`", Some("workers")),
            ("parallel", "write `workers: 3`", Some("workers")),
            ("retries", "write `max_deliveries: 3` of the queue, at the top: how often an item is delivered in all", None),
            ("max_deliveries", "it stands at the top, with the queue: `queues: {name: {max_deliveries: 3}}`", None),
            ("maxsize", "it stands at the top, with the queue: `queues: {name: {maxsize: 3}}`", None),
        ],
    ),
    (
        "`retries`",
        &[
            ("max_attempts", COUNT, Some("count")),
            ("attempts", COUNT, Some("count")),
            ("max", COUNT, Some("count")),
            ("limit", COUNT, Some("count")),
            ("times", COUNT, Some("count")),
            ("wait", "write `delay: 1s`", Some("delay")),
            ("interval", "write `delay: 1s`", Some("delay")),
        ],
    ),
];
