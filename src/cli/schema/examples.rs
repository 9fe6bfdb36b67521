//! How each key is written: an example, unless the key's own form has one.

use serde_json::{Value, json};

/// An example of a key whose usual value depends on the place; `of` is the definition that it stands in.
pub fn of_place(of: &str, key: &str) -> Option<Value> {
    Some(json!(match (of, key) {
        ("Workflow", "timeout") => "30m",
        ("Process" | "Step" | "JoinSpec", "timeout") => "5m",
        ("Process" | "Step", "acquire_timeout") => "1m",
        ("Step", "name") => "install",
        ("LockSpec", "name") => "shop/db",
        ("PermitsSpec", "name") => "shop/gpu",
        ("Sink", "file") => "build.log",
        ("ReadySpec" | "LiveSpec", "file") => "run/server.pid",
        ("ReadySpec" | "LiveSpec", "method") => "HEAD",
        ("ReadySpec" | "LiveSpec", "timeout") => "2s",
        ("ReadySpec" | "LiveSpec", "initial_delay") => "3s",
        ("ReadySpec", "within") => "2m",
        ("LiveSpec", "interval") => "30s",
        ("RestartSpec", "within") => "5m",
        ("RestartSpec" | "RetriesSpec", "delay") => "2s",
        ("RestartSpec" | "RetriesSpec", "max_delay") => "1m",
        ("Stop", "grace") => "30s",
        ("Stop", "command") => "redis-cli shutdown",
        _ => return None,
    }))
}

/// An example of what stands under a key; `None` where its type has an example or tells enough.
pub fn of_key(key: &str) -> Option<Value> {
    Some(match key {
        "args" => json!(["--verbose", "${{ vars.target }}"]),
        "task" => json!("sleep"),
        "with" => json!({ "duration": "3s" }),
        "steps" => json!([{ "command": "make" }, { "lock": "db", "command": "make install" }]),
        "extends" => json!("base"),
        "description" => json!("compiles everything"),
        "replicas" => json!(10),
        "if" => json!("vars.mode == \"test\""),
        "env" => json!({ "LANG": "C", "DEBUG": null }),
        "env_file" => json!(".env"),
        "cwd" => json!("server"),
        "headers" => json!({ "Authorization": "Bearer ${{ env.TOKEN }}" }),
        "unix" => json!("run/server.sock"),
        "success_codes" => json!([0, 1]),
        "stop" => json!({ "signal": "SIGINT", "grace": "5s" }),
        "signal" => json!("SIGINT"),
        "name" => json!("ticket-shop"),
        "message" => json!("all tickets are sold"),
        "text" | "content" => json!("one line\n"),
        "file" => json!("data/input.txt"),
        "from" => json!("config.json"),
        "to" => json!("out/config.json"),
        "path" => json!("out"),
        "process" => json!("heartbeat"),
        "queue" | "produces" | "consumes" => json!("buns"),
        "secrets" => json!(["TOKEN"]),
        "workers" | "maxsize" | "max_deliveries" => json!(3),
        "contains" => json!("ready"),
        "json" => json!("tickets.json"),
        "set" | "equals" => json!(5),
        "pid" => json!("${{ vars.pid }}"),
        "that" => json!("${{ vars.tickets > 0 }}"),
        "count" | "failures" => json!(3),
        "max" => json!(20),
        "permits" => json!(8),
        "include" | "exclude" => json!([{ "os": "b", "py": "3.11" }]),
        "vars" => json!({ "tickets": 5, "mode": "test" }),
        "semaphores" => json!({ "ktv": 4 }),
        "defaults" => json!({ "timeout": "5m", "env": { "LANG": "C" } }),
        "templates" => json!({ "base": { "shell": "bash -eu -c", "retries": 2 } }),
        "processes" => json!({ "build": { "command": "make" }, "test": { "join": "build", "command": "make test" } }),
        _ => return None,
    })
}

/// An example made from what a schema allows: its last word, `true`, its lowest number.
pub fn of_schema(schema: &Value) -> Option<Value> {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return words.last().cloned();
    }
    if let Some(only) = schema.get("const") {
        return Some(only.clone());
    }
    let kind = schema.get("type").map(|kind| kind.get(0).unwrap_or(kind)).and_then(Value::as_str);
    match kind {
        Some("boolean") => Some(json!(true)),
        Some("integer" | "number") => Some(schema.get("minimum").cloned().unwrap_or(json!(1))),
        _ => schema.get("anyOf").and_then(Value::as_array).into_iter().flatten().find_map(of_schema),
    }
}
