//! Whether this is a job of continuous integration, and whose.

use std::path::{Path, PathBuf};

use super::load;
use crate::report::ci::{Host, Source};

/// What the environment says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ci {
    /// Nobody sits before the output: no lines of progress, blocks, and a line from time to time of what still runs.
    pub on: bool,
    /// Who reads the log.
    pub host: Option<Host>,
}

/// Looks into the environment. At a terminal somebody looks on; inside of another flowrun that one speaks to the host.
pub fn look(terminal: bool, var: impl Fn(&str) -> Option<String>) -> Ci {
    let has = |name: &str| var(name).is_some_and(|value| !matches!(&*value.to_ascii_lowercase(), "" | "0" | "false"));
    if terminal || has("FLOWRUN_RUN_ID") {
        return Ci::default();
    }
    let hosts = [
        ("GITHUB_ACTIONS", Host::GitHub),
        ("GITLAB_CI", Host::GitLab),
        ("BUILDKITE", Host::Buildkite),
        ("TEAMCITY_VERSION", Host::TeamCity),
        ("TF_BUILD", Host::Azure),
    ];
    let host = hosts.into_iter().find(|(name, _)| has(name)).map(|(_, host)| host);
    Ci { on: host.is_some() || has("CI"), host }
}

/// Where a workflow stands for the host: GitHub shows files of its workspace only.
pub fn source(host: Host, source: &load::Source, var: impl Fn(&str) -> Option<String>) -> Source {
    Source::new(file(Some(host), source, var), &source.text)
}

/// What those call a workflow's file who know the repository: its path from there, in which it stands; as it was named
/// when it stands in none. None for what they can not know.
pub fn file(host: Option<Host>, source: &load::Source, var: impl Fn(&str) -> Option<String>) -> Option<String> {
    let path = source.path.as_ref()?;
    let checkout = match host {
        Some(Host::GitHub) => var("GITHUB_WORKSPACE"),
        Some(Host::Azure) => var("BUILD_SOURCESDIRECTORY"),
        Some(Host::GitLab | Host::Buildkite | Host::TeamCity) | None => None,
    };
    // In a worktree or submodule it is a file.
    let repository = || path.ancestors().skip(1).find(|folder| folder.join(".git").exists());
    match checkout.as_deref().map(Path::new).or_else(repository) {
        Some(folder) => below(path, folder),
        None => Some(source.name.clone()),
    }
}

/// The path within a folder, whatever links lead to the two.
fn below(path: &Path, folder: &Path) -> Option<String> {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path));
    real(path).strip_prefix(real(folder)).ok().map(|path| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_tells_the_host() {
        let of = |terminal, vars: &[(&str, &str)]| {
            look(terminal, |name| vars.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(of(false, &[]), Ci::default());
        assert_eq!(of(false, &[("CI", "true")]), Ci { on: true, host: None });
        assert_eq!(of(false, &[("CI", "false")]), Ci::default());
        assert_eq!(of(true, &[("CI", "true"), ("GITHUB_ACTIONS", "true")]), Ci::default());
        assert_eq!(of(false, &[("CI", "1"), ("GITHUB_ACTIONS", "true"), ("FLOWRUN_RUN_ID", "1-2")]), Ci::default());
        for (name, value, host) in [
            ("GITHUB_ACTIONS", "true", Host::GitHub),
            ("GITLAB_CI", "true", Host::GitLab),
            ("BUILDKITE", "true", Host::Buildkite),
            ("TEAMCITY_VERSION", "2025.07 (build 1)", Host::TeamCity),
            ("TF_BUILD", "True", Host::Azure),
        ] {
            assert_eq!(of(false, &[(name, value)]), Ci { on: true, host: Some(host) });
        }
    }
}
