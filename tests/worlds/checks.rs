//! What `check` must refuse and what it must let pass, where random workflows come by too seldom.

use crate::planned;

/// A daemon that holds a lock for life, a process that needs it, and what stands between them.
fn with_keeper(keeper: &str, user: &str, between: &str) -> Vec<&'static str> {
    let text = format!(
        "locks: [db]\nprocesses:\n  keeper: {{daemon: true, command: [work], lock: db{keeper}}}\n  user: {{command: [work], lock: db{user}}}\n{between}"
    );
    planned(&text).err().unwrap_or_default()
}

#[test]
fn what_a_daemon_holds_for_life_nobody_else_may_need() {
    assert_eq!(with_keeper("", "", ""), ["held-for-life"]);
}

#[test]
fn who_has_ended_before_the_daemon_starts_may_have_held_the_same() {
    assert!(with_keeper(", join: user", "", "").is_empty());
    assert!(with_keeper(", join: {user: exit}", "", "").is_empty());
    assert!(with_keeper(", join: middle", "", "  middle: {command: [work], join: user}\n").is_empty());
    assert_eq!(with_keeper(", join: {user: start}", "", ""), ["held-for-life"]);
}

#[test]
fn who_repairs_after_the_daemon_has_failed_may_take_what_it_held() {
    assert!(with_keeper("", ", join: {keeper: failure}", "").is_empty());
}

#[test]
fn a_chain_that_may_give_up_keeps_nobody_apart() {
    let gives_up = "  middle: {command: [work], join: {user: {until: success, timeout: 1s, on_timeout: continue}}}\n";
    assert_eq!(with_keeper(", join: middle", "", gives_up), ["held-for-life"]);
    let behind = "  first: {command: [work], join: user}\n  middle: {command: [work], join: {first: {until: success, timeout: 1s, on_timeout: continue}}}\n";
    assert_eq!(with_keeper(", join: middle", "", behind), ["held-for-life"]);
    let skipped = "  middle: {command: [work], join: user, if: false}\n";
    assert_eq!(with_keeper(", join: middle", "", skipped), ["held-for-life"]);
}
