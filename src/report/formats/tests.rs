//! Each format of the same report, byte for byte, and the rules that no text may break.
//!
//! `BLESS=1 cargo test --lib formats` writes the files anew; look at what changed before keeping it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::Kind;
use crate::base::time::RunTime;
use crate::report::record::Report;
use crate::report::record::model::{Wait, WaitKind};
use crate::report::record::testing::mixed;

fn rendered(kind: Kind) -> String {
    written(kind, &mixed())
}

fn written(kind: Kind, report: &Report) -> String {
    let mut bytes = Vec::new();
    kind.write(report, &mut bytes).expect("it has room for everything");
    let text = String::from_utf8(bytes).expect("UTF-8");
    text.replace(&format!("\"flowrun\": \"{}\"", env!("CARGO_PKG_VERSION")), "\"flowrun\": \"VERSION\"")
}

#[test]
fn every_format_is_as_it_was() {
    for (kind, file) in
        [(Kind::Json, "mixed.json"), (Kind::Junit, "mixed.xml"), (Kind::Trace, "mixed.trace.json"), (Kind::Markdown, "mixed.md")]
    {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reports").join(file);
        let text = rendered(kind);
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &text).expect("it can be written");
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "{file}: if that is right, run again with BLESS=1");
    }
}

#[test]
fn xml_has_nothing_that_it_forbids() {
    let text = rendered(Kind::Junit);
    let forbidden = |c: &char| matches!(u32::from(*c), 0..=8 | 11 | 12 | 14..=31 | 0xfffe | 0xffff);
    assert_eq!(text.chars().find(forbidden), None);
    assert!(text.contains("red &lt;b&gt; &amp; ]]&gt; | @all"), "{text}");
}

#[test]
fn markdown_can_not_be_broken_out_of() {
    let text = rendered(Kind::Markdown);
    let row = text.lines().find(|line| line.starts_with("| b")).expect("a row");
    assert_eq!(row.replace("\\|", "").matches('|').count(), 6, "{row}");
    // The fence is longer than the longest run of backquotes in the lines.
    assert!(text.contains("`````text\nred <b> & ]]> | @all\n```\n````end\n"), "{text}");
    assert!(!text.contains("<warning>"), "{text}");
}

#[test]
fn traces_nest_and_no_time_is_negative() {
    let mut report = mixed();
    // Sections of one script that were waited for at one time, one of them beyond the end of its attempt.
    for (from, to) in [(10, 40), (20, 60), (25, 30), (50, 500)] {
        let wait =
            Wait { to: Some(RunTime(Duration::from_millis(to))), ..Wait::new(WaitKind::Locks, RunTime(Duration::from_millis(from))) };
        report.processes[0].attempts[0].inner_waits.push(wait);
    }
    let document: Value = serde_json::from_str(&written(Kind::Trace, &report)).expect("JSON");
    let waits = document["traceEvents"].as_array().expect("a list").iter().filter(|event| event["name"] == "waits for ");
    assert_eq!(waits.count(), 4);
    let mut tracks: HashMap<(u64, u64), Vec<(f64, f64)>> = HashMap::new();
    let mut flows: HashMap<u64, Vec<(String, f64)>> = HashMap::new();
    for event in document["traceEvents"].as_array().expect("a list") {
        let number = |key: &str| event[key].as_f64().unwrap_or_else(|| panic!("{key}: {event}"));
        match event["ph"].as_str().expect("a phase") {
            "X" => {
                assert!(number("ts") >= 0.0 && number("dur") >= 0.0, "{event}");
                let track = (event["pid"].as_u64().expect("a number"), event["tid"].as_u64().expect("a number"));
                tracks.entry(track).or_default().push((number("ts"), number("ts") + number("dur")));
            }
            phase @ ("s" | "f") => flows.entry(event["id"].as_u64().expect("a number")).or_default().push((phase.to_owned(), number("ts"))),
            "M" => assert!(event["args"]["name"].is_string(), "{event}"),
            other => panic!("no such phase is written: {other}"),
        }
    }
    for (track, pieces) in &tracks {
        for (index, one) in pieces.iter().enumerate() {
            for other in &pieces[index + 1..] {
                let apart = one.1 <= other.0 || other.1 <= one.0;
                let inside = one.0 >= other.0 && one.1 <= other.1 || other.0 >= one.0 && other.1 <= one.1;
                assert!(apart || inside, "{track:?}: {one:?} crosses {other:?}");
            }
        }
    }
    assert_eq!(flows.len(), 2);
    for arrow in flows.values() {
        assert_eq!((arrow[0].0.as_str(), arrow[1].0.as_str()), ("s", "f"));
        assert!(arrow[0].1 <= arrow[1].1);
    }
}
