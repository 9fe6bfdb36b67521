//! What the machine refuses is told and waited for, never crashed on.

mod common;

use common::{Place, is_root, stranger};

/// How many processes and threads a user may have; flowrun needs a few of them itself.
const FEW: &str = "--nproc=9";

#[test]
fn too_many_processes_are_waited_for_and_told_once() {
    let workflow = "processes: {many: {replicas: 40, command: [sleep, '0.02']}}\n";
    let place = Place::for_everybody().file("flow.yaml", workflow);
    let said = place.flowrun_as(&stranger(), &["prlimit", FEW], "flow.yaml").run().exits(0);
    assert_eq!(said.stderr.matches("waiting until a process has ended").count(), 1 + 1, "once at the time, once in the summary\n{said}");
    assert!(said.stderr.contains("40 succeeded"), "{said}");
    let told = said.stderr.lines().next().unwrap_or_default();
    assert!(told.contains("cannot start `sleep`: the system allows no more processes (`ulimit -u` shows how many); waiting"), "{told}");
}

#[test]
fn a_machine_without_room_that_stays_so_is_a_failure_with_its_reason() {
    // The daemons take all the room there is, and nothing else would ever end.
    let workflow = "processes:\n  full: {daemon: true, replicas: 12, command: [sleep, '1000']}\n  late: {join: {full: start}, command: [sleep, '0']}\n";
    let place = Place::for_everybody().file("flow.yaml", workflow);
    let said = place.flowrun_as(&stranger(), &["prlimit", FEW], "flow.yaml").run().exits(1);
    assert!(said.stderr.contains("failed: could not start: cannot start `sleep`: the system allows no more processes"), "{said}");
    assert!(said.stderr.contains("late skipped: `full["), "{said}");
}

#[test]
fn a_full_disk_under_a_file_for_output_is_the_writers_to_tell() {
    let workflow =
        "processes:\n  writer: {command: 'echo much', stdout: {file: /dev/full}}\n  after: {join: {writer: failure}, command: echo seen}\n";
    let said = Place::new().file("flow.yaml", workflow).flowrun("flow.yaml").run().exits(1);
    assert_eq!(said.of("after"), ["seen"], "{said}");
    let task = "processes: {writer: {task: print, with: {message: much}, stdout: {file: /dev/full}}}\n";
    let said = Place::new().file("flow.yaml", task).flowrun("flow.yaml").run().exits(1);
    assert!(said.stderr.contains("cannot write the output: No space left on device"), "{said}");
}

#[test]
fn an_unreadable_file_of_variables_is_told_before_anything_starts() {
    if !is_root() {
        println!("skipped: only root can give a file away");
        return;
    }
    let workflow = "processes: {main: {env_file: secret.env, command: echo started}}\n";
    let place = Place::for_everybody().file("flow.yaml", workflow).file("secret.env", "A=1\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(place.path("secret.env"), mode).expect("a file for its owner alone");
    let said = place.flowrun_as(&stranger(), &["env"], "flow.yaml").run().exits(2);
    assert!(said.stderr.contains("secret.env") && said.stderr.contains("Permission denied"), "{said}");
    assert!(said.stderr.contains("flow.yaml:1:"), "{said}");
    assert_eq!(said.stdout, "");
}

#[test]
fn a_workflow_that_changes_while_it_runs_runs_as_it_was() {
    let workflow = "\
processes:
  first: {command: 'echo \"}{ broken\" > flow.yaml; rm flow.yaml'}
  second: {join: first, command: [fail-on-purpose]}
";
    let place = Place::new().file("flow.yaml", workflow);
    let said = place.flowrun("flow.yaml").run().exits(1);
    assert!(said.stderr.contains("there is no program `fail-on-purpose` in PATH"), "{said}");
    assert_eq!(place.names(""), [""; 0]);
}

#[test]
fn the_run_knows_no_clock_that_can_jump() {
    // `ps` is no run: it shows how long ago others began, which they have written down by the wall clock.
    let allowed = ["src/cli/run.rs", "src/cli/ps.rs"];
    for file in sources(&common::repository().join("src")) {
        let text = std::fs::read_to_string(&file).expect("a source file");
        let name = file.strip_prefix(common::repository()).expect("inside").display().to_string();
        assert!(!text.contains("SystemTime") || allowed.contains(&name.as_str()), "{name} reads a wall clock, which can jump");
    }
}

fn sources(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let (folders, files): (Vec<_>, Vec<_>) = entries.map(|entry| entry.path()).partition(|path| path.is_dir());
    let files = files.into_iter().filter(|file| file.extension().is_some_and(|ending| ending == "rs"));
    files.chain(folders.iter().flat_map(|folder| sources(folder))).collect()
}
