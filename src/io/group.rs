//! Who is in a process group.

/// Numbers and commands of a group's members that are more than zombies; none when there is no such member.
///
/// Where the system has no `/proc` the members are not known by name, and the group's own number stands for them.
pub fn members(group: u32) -> Option<Vec<(u32, String)>> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Some(vec![(group, String::new())]) };
    let mut members = Vec::new();
    for entry in entries.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some((state, its_group)) = parse_stat(&stat) else { continue };
        if its_group == group && !matches!(state, 'Z' | 'X') {
            members.push((pid, command(pid)));
        }
    }
    members.sort();
    (!members.is_empty()).then_some(members)
}

/// State and process group of a `/proc/PID/stat` line; the name in it may contain anything, `)` too.
fn parse_stat(stat: &str) -> Option<(char, u32)> {
    let mut fields = stat[stat.rfind(')')? + 1..].split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let group = fields.nth(1)?.parse().ok()?;
    Some((state, group))
}

fn command(pid: u32) -> String {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words: Vec<String> = line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    let text = words.join(" ");
    text.trim_end().chars().map(|c| if c.is_control() { ' ' } else { c }).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_do_not_confuse() {
        assert_eq!(parse_stat("12 (a) b (c)) S 1 77 12 0"), Some(('S', 77)));
        assert_eq!(parse_stat("12 (x"), None);
    }
}
