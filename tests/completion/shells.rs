//! Other shells than bash, and bash as somebody types in it.
//!
//! Those that are missing are left out, unless `REQUIRE_SHELLS` is set: Debian has zsh, fish and elvish, and
//! `npm ci --prefix tests/completion` installs nushell.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::common::{Place, repository, seat::Seat};
use super::{place, program};

/// Lines, and what is offered for the last word of each, with `|` between.
const OFFERS: &[(&str, &str)] = &[
    ("flowrun ex", "explain"),
    ("flowrun run --keep", "--keep-going"),
    ("flowrun run -k -f sh", "shop.yaml"),
    ("flowrun run -f shop.yaml o", "oven"),
    ("flowrun run shop.yaml --output g", "grouped"),
    ("flowrun run --report j", "json=|junit="),
    ("flowrun run 'my shop.yaml' af", "after"),
    ("flowrun check there/", "there/flowrun.yml"),
    ("flowrun tasks co", "copy"),
    ("flowrun signal main SIGH", "SIGHUP"),
    ("flowrun stop shop ov", "oven|oven[0]|oven[1]"),
    ("flowrun queue len --run s", "shop"),
];

/// The program of a shell.
fn found(shell: &str) -> Option<PathBuf> {
    let own = repository().join("tests/completion/node_modules/@nushell/linux-x64/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).chain([own]).map(|folder| folder.join(shell)).find(|file| file.is_file());
    assert!(found.is_some() || std::env::var_os("REQUIRE_SHELLS").is_none(), "{shell} is missing");
    if found.is_none() {
        println!("skipped: {shell} is not on this machine");
    }
    found
}

/// Files with blanks in their names, and a run that goes on, until the end of what is asked.
fn beside_a_run(shell: &str, ask: impl FnOnce(&Place, PathBuf)) {
    let Some(shell) = found(shell) else { return };
    let place = place();
    std::fs::copy(place.path("shop.yaml"), place.path("my shop.yaml")).expect("a file");
    let lines: String = OFFERS.iter().map(|(line, _)| format!("{line}\n")).collect();
    std::fs::write(place.path("lines"), lines).expect("a file");
    let said = program(&place, "flowrun").args(["--detach", "shop.yaml"]).output().expect("flowrun starts");
    ask(&place, shell);
    std::fs::write(place.path("go"), "").expect("a file");
    let id = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    program(&place, "flowrun").args(["wait", &id]).output().expect("flowrun starts");
}

/// Compares what a shell offered, one a line, after a line `==` for each of the lines.
fn expect(told: &str) {
    let told: Vec<&str> = told.split("==\n").skip(1).collect();
    assert_eq!(told.len(), OFFERS.len(), "{told:?}");
    for ((line, expected), told) in OFFERS.iter().zip(told) {
        let told: BTreeSet<&str> = told.lines().collect();
        assert_eq!(told, expected.split('|').collect(), "{line}");
    }
}

/// Runs a shell at a terminal until it ends; what it wrote into the file `told`.
fn at_a_terminal(place: &Place, shell: &Path, args: &[&str]) -> String {
    let mut shell = program(place, shell.to_str().expect("text"));
    shell.args(args).env("HOME", place.path("")).env("ZDOTDIR", place.path("")).env("LC_ALL", "C.UTF-8");
    Seat::new(&shell, 100, 30).end();
    place.read("told")
}

#[test]
fn fish_offers_names() {
    beside_a_run("fish", |place, shell| {
        let script = "flowrun completions fish | source
            for line in (cat lines); echo ==; complete -C $line; end";
        let mut fish = program(place, shell.to_str().expect("text"));
        let output = fish.env("HOME", place.path("")).args(["--no-config", "-c", script]).output().expect("fish starts");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        // What stands behind a tab explains the offer.
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        expect(&told.lines().map(|line| format!("{}\n", line.split('\t').next().unwrap_or_default())).collect::<String>());
    });
}

#[test]
fn elvish_offers_names() {
    beside_a_run("elvish", |place, shell| {
        let mut script = "eval (flowrun completions elvish | slurp)\n".to_owned();
        for (line, _) in OFFERS {
            let words = shell_words::split(line).expect("words").iter().map(|word| format!(" '{word}'")).collect::<String>();
            script += &format!("echo '==' >> told\n$edit:completion:arg-completer[flowrun]{words} >> told\n");
        }
        std::fs::write(place.path("rc.elv"), script + "exit\n").expect("a file");
        expect(&at_a_terminal(place, &shell, &["-rc", "rc.elv"]));
    });
}

/// Completes each line as its Tab key does, and writes down what is offered, and the line that comes of it.
const ZSHRC: &str = r#"autoload -U compinit; compinit -u -D
source <(flowrun completions zsh)
compadd() {
  if [[ " ${(j: :)@[1,(i)(-|--)]} " == *' '-(O|A|D)* ]]; then builtin compadd "$@"; return; fi
  local -a hits; builtin compadd -A hits "$@"
  (( $#hits )) && print -rl -- ${(Q)${hits%$'\n'}} >> told
  builtin compadd "$@"
}
zle-line-init() {
  for BUFFER in "${(@f)$(<lines)}"; do
    print '==' >> told
    CURSOR=$#BUFFER
    zle complete-word
    print -r -- "$BUFFER|" >> became
  done
  exit
}
zle -N zle-line-init
"#;

#[test]
fn zsh_offers_names_and_inserts_them() {
    beside_a_run("zsh", |place, shell| {
        std::fs::write(place.path(".zshrc"), ZSHRC).expect("a file");
        let more =
            place.read("lines") + "flowrun check my\\ s\nflowrun run --report ju\nflowrun run --report html=sho\nflowrun check ther\n";
        std::fs::write(place.path("lines"), more).expect("a file");
        let told = at_a_terminal(place, &shell, &["-i"]);
        expect(&told.splitn(OFFERS.len() + 2, "==\n").take(OFFERS.len() + 1).collect::<Vec<_>>().join("==\n"));
        let became = place.read("became");
        for line in [
            "flowrun check my\\ shop.yaml |",
            "flowrun run --report junit=|",
            "flowrun run --report html=shop.yaml |",
            "flowrun check there/|",
            "flowrun signal main SIGHUP |",
        ] {
            assert!(became.lines().any(|other| other == line), "{line}\n{became}");
        }
    });
}

#[test]
fn nushell_offers_names() {
    beside_a_run("nu", |place, shell| {
        let script = program(place, "flowrun").args(["completions", "nushell"]).output().expect("flowrun starts").stdout;
        std::fs::write(place.path("flowrun.nu"), script).expect("a file");
        let mut told = String::new();
        for (line, _) in OFFERS {
            let text = format!("use flowrun.nu *\n{line}");
            std::fs::write(place.path("typed.nu"), &text).expect("a file");
            let mut nu = program(place, shell.to_str().expect("text"));
            nu.env("HOME", place.path("")).args(["--ide-complete", &text.len().to_string(), "typed.nu"]);
            let output = nu.output().expect("nushell starts");
            let offers: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
            told += "==\n";
            // Of a command of two words it offers both.
            let offers = offers["completions"].as_array().into_iter().flatten().filter_map(|offer| offer.as_str());
            offers.for_each(|offer| told += &format!("{}\n", offer.trim_start_matches("flowrun ")));
        }
        expect(&told);
    });
}

#[test]
fn bash_inserts_offers_where_somebody_types() {
    let place = place();
    std::fs::copy(place.path("shop.yaml"), place.path("my shop.yaml")).expect("a file");
    let rc = "PS1='ready> '\nsource <(flowrun completions bash)\nbind -x '\"\\C-o\": printf \"%s|\\n\" \"$READLINE_LINE\" >> told'\n";
    std::fs::write(place.path("rc"), rc).expect("a file");
    let mut bash = program(&place, "/usr/bin/env");
    bash.args(["bash", "--noprofile", "--rcfile", "rc", "-i"]).env("HISTFILE", "/dev/null");
    let mut seat = Seat::new(&bash, 100, 30);
    seat.sees("ready> ");
    for (typed, becomes) in [
        ("flowrun run --output=g", "flowrun run --output=grouped |"),
        ("flowrun --file=sh", "flowrun --file=shop.yaml |"),
        ("flowrun --file=shop.yaml mai", "flowrun --file=shop.yaml main |"),
        ("flowrun run --report html=sho", "flowrun run --report html=shop.yaml |"),
        ("flowrun run --report=ht", "flowrun run --report=html=|"),
        ("flowrun run my\\ s", "flowrun run my\\ shop.yaml |"),
        ("flowrun run m", "flowrun run my\\ shop.yaml |"),
        ("flowrun run \"my s", "flowrun run \"my shop.yaml\" |"),
        ("flowrun run my\\ shop.yaml af", "flowrun run my\\ shop.yaml after |"),
    ] {
        seat.types(&format!("{typed}\t\u{f}"));
        seat.until(typed, |_| std::fs::read_to_string(place.path("told")).is_ok_and(|told| told.ends_with("|\n")));
        assert_eq!(place.read("told").trim_end(), becomes);
        std::fs::remove_file(place.path("told")).expect("it is there");
        seat.types("\u{15}");
    }
    seat.types("exit\n");
    seat.end();
}
