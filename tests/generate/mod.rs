//! Texts for the tests of reading: workflows, soups of tokens, and mutations.

// Each test uses its part.
#![allow(dead_code)]

/// A small generator of numbers: the same seed gives the same texts on every machine.
pub struct Rng(u64);

impl Rng {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        let mut rng = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678_9abc_def1);
        rng.next();
        rng
    }

    fn next(&mut self) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below a bound, which must not be 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 16) as usize % bound
    }

    /// One time in so many.
    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// One of some.
    pub fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }
}

const NAMES: &[&str] = &["a", "b", "build", "test-1", "no", "on", "x.y", "NULL", "Ünïcödé", "buyer", "_z", "yes"];
const WORDS: &[&str] = &[
    "true",
    "false",
    "null",
    "~",
    "1",
    "0",
    "-1",
    "1.20",
    "010",
    "0x1F",
    "0o17",
    "1e3",
    ".5",
    "-.inf",
    ".nan",
    "12:30",
    "yes",
    "no",
    "on",
    "off",
    "'single ''quoted'",
    "\"double \\n \\\"quoted\\\" \\u00e9\"",
    "plain text",
    "a#b",
    "3s",
    "1m30s",
    "echo hi",
    "2024-01-01",
    "'${{ vars.a }}'",
    "\"$HOME\"",
    "é日本",
    "''",
    "\"\"",
    "123456789012345678901234567890",
    "-0",
    "+5",
    "1_000",
    "=",
    "<<x",
];
const KEYS: &[&str] = &[
    "name",
    "vars",
    "env",
    "env_file",
    "defaults",
    "jobs",
    "timeout",
    "on_failure",
    "locks",
    "semaphores",
    "templates",
    "processes",
    "command",
    "task",
    "with",
    "steps",
    "extends",
    "daemon",
    "join",
    "lock",
    "semaphore",
    "replicas",
    "matrix",
    "if",
    "cwd",
    "shell",
    "stdin",
    "stdout",
    "stderr",
    "retries",
    "stop",
    "success_codes",
    "x-mine",
    "<<",
    "queues",
    "depends_on",
    "include",
    "until",
    "count",
    "delay",
    "duration",
];
const TOKENS: &[&str] = &[
    ":",
    ": ",
    "- ",
    "-",
    "? ",
    "[",
    "]",
    "{",
    "}",
    ",",
    ", ",
    "&a ",
    "*a",
    "!",
    "!!str ",
    "!x ",
    "|",
    ">",
    "|-\n",
    "%",
    "@",
    "`",
    "#",
    " #",
    "'",
    "\"",
    "\n",
    "\n  ",
    "\n    ",
    "\r\n",
    "\t",
    " ",
    "---\n",
    "...\n",
    "<<: ",
    "${{ ",
    " }}",
    "$${{ ",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "\0",
    "\u{1b}[31m",
    "é",
    "日",
    "\u{202e}",
    "🎉",
    "\\",
    "\\x",
    "~",
    "null",
    "%YAML 1.2\n",
    "%TAG ! x\n",
];

/// Tokens in any order.
pub fn soup(rng: &mut Rng) -> String {
    let mut text = String::new();
    if rng.one_in(2) {
        text.push_str("processes:\n  a:\n    ");
    }
    for _ in 0..rng.below(60) {
        let token = match rng.below(4) {
            0 => rng.pick(KEYS),
            1 => rng.pick(WORDS),
            _ => rng.pick(TOKENS),
        };
        text.push_str(token);
        if rng.one_in(4) {
            text.push_str(": ");
        }
    }
    text
}

/// A workflow with a bit of everything, mostly right.
pub fn workflow(rng: &mut Rng) -> String {
    let mut text = String::new();
    let mut top = |line: String| text.push_str(&line);
    top("name: made\nlocks: [db, audit]\nsemaphores: {ktv: 4}\n".to_owned());
    top(format!("vars:\n  a: {}\n  b: {}\n", rng.pick(WORDS), rng.pick(WORDS)));
    top("x-base: &base\n  cwd: src\n  env: {A: 1, B: \"two\"}\n".to_owned());
    if rng.one_in(2) {
        top(format!("templates:\n  t:\n    env:\n      C: {}\n    lock: db\n  u: {{extends: t, timeout: 3s}}\n", rng.pick(WORDS)));
    }
    top("processes:\n".to_owned());
    let count = 1 + rng.below(6);
    for index in 0..count {
        top(format!("  {}{index}:\n", ["a", "b", "build", "no"][rng.below(4)]));
        if rng.one_in(3) {
            top("    <<: *base\n".to_owned());
        }
        match rng.below(5) {
            0 => top(format!("    command: [echo, {}, \"x y\"]\n", rng.pick(WORDS))),
            1 => top("    command: |\n      echo one\n\n      echo two # no comment\n".to_owned()),
            2 => top("    task: sleep\n    with: {duration: 3s}\n".to_owned()),
            3 => top("    steps:\n      - command: echo a\n        lock: audit\n      - name: n\n        command: >-\n          folded\n          text\n".to_owned()),
            _ => top(format!("    command: echo {}\n", rng.below(100))),
        }
        let mut kinds: Vec<usize> = (0..rng.below(5)).map(|_| rng.below(12)).collect();
        kinds.sort_unstable();
        kinds.dedup();
        if kinds.contains(&1) {
            // The same key.
            kinds.retain(|kind| *kind != 2);
        }
        for kind in kinds {
            let line = match kind {
                0 => "extends: t".to_owned(),
                1 => format!("join: a{}", rng.below(count)),
                2 => format!("join: {{b{}: exit, a0: {{until: success, timeout: 1m}}}}", rng.below(count)),
                3 => "lock: {db: shared}".to_owned(),
                4 => format!("env: {{X: {}, Y: }}", rng.pick(&["1", "'a: b'", "~", "\"é\""])),
                5 => "replicas: 3".to_owned(),
                6 => "matrix: {os: [a, b], py: [\"3.11\", 3.12]}".to_owned(),
                7 => "if: vars.a == 1".to_owned(),
                8 => "daemon: true".to_owned(),
                9 => "retries: {count: 2, delay: 1s}".to_owned(),
                10 => format!("description: {}", rng.pick(WORDS)),
                _ => "semaphore: {ktv: 2}".to_owned(),
            };
            top(format!("    {line}\n"));
        }
    }
    text
}

/// A text after a few slips of the hand.
pub fn mutated(text: &str, rng: &mut Rng) -> String {
    let mut text = text.to_owned();
    for _ in 0..1 + rng.below(4) {
        text = mutate_once(&text, rng);
    }
    text
}

fn mutate_once(text: &str, rng: &mut Rng) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    if lines.is_empty() {
        return soup(rng);
    }
    let at = rng.below(lines.len());
    match rng.below(10) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(at, lines[at].clone()),
        2 => {
            let other = rng.below(lines.len());
            lines.swap(at, other);
        }
        3 => lines[at].insert(0, ' '),
        4 => lines[at] = lines[at].strip_prefix(' ').unwrap_or(&lines[at]).to_owned(),
        5 | 6 => {
            let mut chars: Vec<char> = lines[at].chars().collect();
            let place = rng.below(chars.len() + 1);
            for (offset, c) in rng.pick(TOKENS).chars().enumerate() {
                chars.insert(place + offset, c);
            }
            lines[at] = chars.into_iter().collect();
        }
        7 => {
            let mut chars: Vec<char> = lines[at].chars().collect();
            chars.remove(rng.below(chars.len()));
            lines[at] = chars.into_iter().collect();
        }
        8 => {
            // Another kind of value.
            if let Some(colon) = lines[at].find(": ") {
                let value = rng.pick(&[
                    "[a, b]",
                    "{a: b}",
                    "",
                    "~",
                    "text",
                    "3",
                    "true",
                    "\"\"",
                    "|\n      block",
                    "[]",
                    "{}",
                    "*base",
                    "&x y",
                    "!t z",
                ]);
                lines[at] = format!("{}: {value}\n", &lines[at][..colon]);
            }
        }
        _ => {
            // Another key.
            if let Some(colon) = lines[at].find(':') {
                let start = lines[at][..colon].rfind([' ', '{', '-']).map_or(0, |space| space + 1);
                let key = if rng.one_in(2) { rng.pick(KEYS) } else { rng.pick(NAMES) };
                lines[at] = format!("{}{key}{}", &lines[at][..start], &lines[at][colon..]);
            }
        }
    }
    lines.concat()
}
