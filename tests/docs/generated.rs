//! Pages and parts of pages that are made from what the program knows of itself.

use std::collections::VecDeque;

use flowrun::source::model::Workflow;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::common::{Place, repository};
use super::forms::{Examples, form, in_a_cell};

/// Asserts that a page is as it would be made, or writes it anew when `BLESS` is set.
#[track_caller]
pub fn is_up_to_date(page: &str, made: &str) {
    let path = repository().join(page);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, made).unwrap_or_else(|error| panic!("{page}: {error}"));
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let place = (1..).zip(found.lines().zip(made.lines())).find(|(_, (found, made))| found != made);
    assert!(found == made, "{page} is out of date: {place:?}; `BLESS=1 cargo test --test docs` brings it up to date");
}

/// A page with one of its parts replaced: what stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->`.
pub fn with_part(page: &str, name: &str, made: &str) -> String {
    let text = std::fs::read_to_string(repository().join(page)).expect("the page is there");
    let (before, rest) = text.split_once(&format!("<!-- {name}:begin -->\n")).expect("the part has a beginning");
    let (_, after) = rest.split_once(&format!("<!-- {name}:end -->")).expect("the part has an end");
    format!("{before}<!-- {name}:begin -->\n{made}<!-- {name}:end -->{after}")
}

fn says(line: &str) -> String {
    Place::new().flowrun(line).env("COLUMNS", "100").run().exits(0).stdout
}

/// Every command, as in `queue put`, each after the one it belongs to.
pub fn commands() -> Vec<String> {
    let mut open = VecDeque::from([String::new()]);
    let mut commands = Vec::new();
    while let Some(command) = open.pop_front() {
        let help = says(&format!("{command} --help"));
        let listed = help.split("\nCommands:\n").nth(1).unwrap_or_default();
        let names = listed.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
        let below: Vec<_> =
            names.filter(|name| !["", "help"].contains(name)).map(|name| format!("{command} {name}").trim().to_owned()).collect();
        for name in below.into_iter().rev() {
            open.push_front(name);
        }
        commands.push(command);
    }
    commands
}

/// `docs/command-line.md`: what each command says of itself.
pub fn command_line() -> String {
    let mut page = "# Command line\n\n\
        What `--help` says, of every command; also as manual pages: `flowrun man DIR` writes them.\n\
        [The reference](reference.md#command-line) explains it.\n\n\
        <!-- Made from the program: BLESS=1 cargo test --test docs -->\n\n"
        .to_owned();
    let commands = commands();
    for command in &commands {
        let title = format!("flowrun {command}");
        let title = title.trim();
        page.push_str(&format!("- [`{title}`](#{})\n", title.replace(' ', "-")));
    }
    for command in &commands {
        let help = says(&format!("{command} --help"));
        let help: Vec<_> = help.lines().map(str::trim_end).collect();
        page.push_str(&format!("\n## {}\n\n```text\n{}\n```\n", format!("flowrun {command}").trim(), help.join("\n")));
    }
    page
}

/// `docs/tasks.md`: the built-in tasks with their arguments.
pub fn tasks() -> String {
    let mut page = "# Built-in tasks\n\n\
        They run inside flowrun, need no program of the machine, hold locks and time out like commands.\n\
        `flowrun tasks` prints them too; [the reference](reference.md#built-in-tasks) shows them at work.\n\n\
        <!-- Made from the program: BLESS=1 cargo test --test docs -->\n"
        .to_owned();
    for task in flowrun::task::TASKS {
        page.push_str(&format!("\n## {}\n\n{}\n\n| argument | takes | meaning |\n|---|---|---|\n", task.name, task.summary));
        let mut generator = SchemaSettings::draft07().into_generator();
        let _ = (task.schema)(&mut generator);
        for arguments in generator.take_definitions(true).values() {
            for (key, property) in arguments["properties"].as_object().into_iter().flatten() {
                page.push_str(&format!("| `{key}` | {} | {} |\n", form(property, arguments), description(property)));
            }
        }
        page.push_str(&format!("\n```yaml part\n{}\n```\n", task.example.trim_end()));
    }
    page
}

/// The schema of workflow files, as it is printed for editors.
pub fn schema() -> Value {
    serde_json::from_str(&says("schema")).expect("JSON")
}

/// The schema as the types have it, before it is made for editors: each type stands in it once.
fn types() -> Value {
    SchemaSettings::draft07().into_generator().into_root_schema_for::<Workflow>().to_value()
}

fn description(property: &Value) -> String {
    in_a_cell(property["description"].as_str().unwrap_or_default())
}

/// `docs/keys.md`: every key of a workflow file.
pub fn keys() -> String {
    let schema = types();
    let examples = Examples::of(&self::schema());
    let mut page = "# Keys of a workflow\n\n\
        Every key, what it takes and what it means, from the types that read the file.\n\
        [The reference](reference.md) explains them at work. Nearly every value may also be, or have in it, an\n\
        [expression](reference.md#expressions); null, or a key without a value, is as good as no key.\n\n\
        <!-- Made from the program: BLESS=1 cargo test --test docs -->\n"
        .to_owned();
    page.push_str(&table("Top level", &schema, &schema, &examples));
    for (name, definition) in schema["definitions"].as_object().expect("definitions") {
        let heading = match name.as_str() {
            "Process" => "A process".to_owned(),
            "Step" => "A step".to_owned(),
            // Those of tasks have a page of their own; these take what a process takes.
            "Template" | "Defaults" => continue,
            name if name.ends_with("Args") || name.ends_with("Arguments") => continue,
            name => super::forms::heading(name, &schema),
        };
        page.push_str(&table(&heading, definition, &schema, &examples));
    }
    page
}

fn table(heading: &str, object: &Value, schema: &Value, examples: &Examples) -> String {
    let mut table = format!("\n## {heading}\n\n");
    if let Some(text) = object["description"].as_str() {
        table.push_str(&format!("{}\n\n", text.replace('\n', " ")));
    }
    table.push_str("| key | takes | meaning | example |\n|---|---|---|---|\n");
    for (key, property) in object["properties"].as_object().into_iter().flatten() {
        let (mut form, example) = (form(property, schema), examples.get(key, property));
        if key == "stdout" {
            // It shares its type with `stderr`, but cannot lead to itself.
            form = form.replace("`stdout`, ", "");
        }
        table.push_str(&format!("| `{key}` | {form} | {} | {example} |\n", description(property)));
    }
    table
}

/// The table of exit statuses.
pub fn exit_statuses() -> String {
    let mut table = "| flowrun's exit status, the first that applies | |\n|---|---|\n".to_owned();
    for (row, meaning) in flowrun::cli::exit::TABLE {
        table.push_str(&format!("| {} | {meaning} |\n", flowrun::cli::exit::numbers(row)));
    }
    table
}
