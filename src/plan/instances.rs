//! `replicas`, `matrix` and the workers of `for_each`: one declared process, many instances.

use super::environment::refuse_clashes;
use super::expression::Values;
use super::resolve::Resolver;
use crate::base::diagnostic::Diagnostic;
use crate::base::span::{Span, Spanned};
use crate::source::model::matrix::Combination;
use crate::source::model::{Matrix, Process, ScalarText};
use crate::source::read::{Field, Render, Tmpl};

/// The most instances of one process; also the most combinations of a matrix.
pub const MAX_INSTANCES: usize = 100_000;
/// The most instances of all processes that have copies.
pub const MAX_COPIES: usize = 200_000;

/// One instance to be.
#[derive(Clone, Debug, Default)]
pub struct Instance {
    /// What stands in brackets after the name; empty for a process without copies.
    pub suffix: String,
    /// Number among replicas or workers.
    pub index: Option<u32>,
    /// Its combination of matrix values, in the order of the axes.
    pub matrix: Option<Vec<(String, ScalarText)>>,
}

impl Instance {
    /// The combination as values for expressions.
    pub fn values(&self) -> Option<Values> {
        let combination = self.matrix.as_ref()?;
        let values = Values::default();
        for (name, value) in combination {
            values.insert(name, value);
        }
        Some(values)
    }
}

/// All instances of a process; one without suffix when it has none of the three. `copies` is
/// how many those before it have made.
pub fn expand(process: &Process, copies: &mut usize, resolver: &mut Resolver<'_>) -> Vec<Instance> {
    if process.matrix.is_broken() || process.replicas.is_broken() || process.for_each.is_broken() {
        return vec![Instance::default()];
    }
    if let Some(spec) = process.for_each.value() {
        return workers(&spec.0.workers, copies, resolver);
    }
    let combinations = match process.matrix.get() {
        Some(matrix) => combinations(&matrix.value, matrix.span, resolver).into_iter().map(Some).collect(),
        None => vec![None],
    };
    let replicas = match process.replicas.get() {
        Some(replicas) => match resolver.scalar(&replicas.value, replicas.span) {
            Some(count) => check_count("replicas", count, replicas.span, resolver),
            None => return vec![Instance::default()],
        },
        None => None,
    };
    if combinations.len().saturating_mul(replicas.unwrap_or(1) as usize) > MAX_INSTANCES {
        let span = process.replicas.span().or(process.matrix.span()).unwrap_or_default();
        resolver.report(too_many(span));
        return vec![Instance::default()];
    }
    if process.matrix.is_set() || process.replicas.is_set() {
        let span = process.replicas.span().or(process.matrix.span()).unwrap_or_default();
        if !is_room(combinations.len() * replicas.unwrap_or(1) as usize, copies, span, resolver) {
            return vec![Instance::default()];
        }
    }
    let indexes: Vec<Option<u32>> = replicas.map_or_else(|| vec![None], |count| (0..count).map(Some).collect());
    let mut instances = Vec::with_capacity(combinations.len() * indexes.len());
    for matrix in combinations {
        for index in &indexes {
            let mut parts: Vec<String> = matrix.iter().flatten().map(|(_, value): &(String, ScalarText)| value.text.clone()).collect();
            parts.extend(index.map(|index| index.to_string()));
            let suffix = if parts.is_empty() { String::new() } else { format!("[{}]", parts.join(",")) };
            instances.push(Instance { suffix, index: *index, matrix: matrix.clone() });
        }
    }
    instances
}

/// The workers that take the items of a queue: one has the plain name.
fn workers(field: &Field<Tmpl<u32>>, copies: &mut usize, resolver: &mut Resolver<'_>) -> Vec<Instance> {
    let one = || vec![Instance { index: Some(0), ..Instance::default() }];
    let Some(workers) = field.get() else { return one() };
    let Some(count) = resolver.scalar(&workers.value, workers.span) else { return one() };
    let count = check_count("workers", count, workers.span, resolver).unwrap_or(1);
    if count == 1 || !is_room(count as usize, copies, workers.span, resolver) {
        return one();
    }
    (0..count).map(|index| Instance { suffix: format!("[{index}]"), index: Some(index), matrix: None }).collect()
}

/// Counts copies; false after reporting that there are too many of all processes together.
fn is_room(more: usize, copies: &mut usize, span: Span, resolver: &mut Resolver<'_>) -> bool {
    *copies += more;
    if *copies > MAX_COPIES {
        resolver.report(
            Diagnostic::error("too-many-instances", span, format!("all copies together are more than {MAX_COPIES} processes"))
                .help("make fewer copies, and let each do more of the work"),
        );
    }
    *copies <= MAX_COPIES
}

fn too_many(span: Span) -> Diagnostic {
    Diagnostic::error("too-many-instances", span, format!("this makes more than {MAX_INSTANCES} processes"))
        .help("make fewer copies, and let each do more of the work")
}

fn check_count(key: &str, count: u32, span: Span, resolver: &mut Resolver<'_>) -> Option<u32> {
    if count == 0 {
        resolver.report(
            Diagnostic::error("bad-value", span, format!("`{key}` must be at least 1")).help("to leave the process out, write `if: false`"),
        );
        return Some(1);
    }
    if count as usize > MAX_INSTANCES {
        resolver.report(too_many(span));
        return Some(1);
    }
    Some(count)
}

fn no_values(axis: &Spanned<String>) -> Diagnostic {
    Diagnostic::error("bad-value", axis.span, format!("the axis `{}` has no values", axis.value))
        .help(format!("give it at least one, as in `{}: [a, b]`", axis.value))
}

type Row = Vec<(String, ScalarText)>;

fn combinations(matrix: &Matrix, span: Span, resolver: &mut Resolver<'_>) -> Vec<Row> {
    let names = matrix.axes.iter().map(|(name, _)| name);
    let included = matrix.include.iter().flat_map(|entry| entry.value.entries.iter().map(|(name, _)| name));
    resolver.diagnostics.extend(refuse_clashes(names.chain(included), "FLOWRUN_MATRIX_"));
    let mut rows: Vec<Row> = vec![Vec::new()];
    for (name, values) in &matrix.axes {
        let Some(list) = values.value() else {
            if !values.is_broken() {
                resolver.report(no_values(name));
            }
            continue;
        };
        if list.0.is_empty() {
            resolver.report(no_values(name));
            continue;
        }
        let values: Vec<ScalarText> = list.0.iter().filter_map(|value| rendered(value, resolver)).collect();
        if rows.len().saturating_mul(values.len()) > MAX_INSTANCES {
            resolver.report(too_many(span));
            return Vec::new();
        }
        rows = rows
            .iter()
            .flat_map(|row| values.iter().map(move |value| row.iter().cloned().chain([(name.value.clone(), value.clone())]).collect()))
            .collect();
    }
    if matrix.axes.is_empty() {
        rows.clear();
    }
    for exclude in &matrix.exclude {
        let wanted = row_of(exclude, resolver);
        rows.retain(|row| !wanted.iter().all(|pair| row.contains(pair)));
    }
    include(&mut rows, matrix, resolver);
    let broken = matrix.axes.iter().any(|(_, values)| values.value().is_none_or(|list| list.0.is_empty()));
    if rows.is_empty() && !broken {
        resolver.report(
            Diagnostic::error("bad-value", span, "this matrix has no combination")
                .help("give it at least one axis with values, or `include`"),
        );
    }
    rows
}

/// As in GitHub Actions: values that contradict no axis are added to every combination they fit; what
/// fits none is a combination of its own.
fn include(rows: &mut Vec<Row>, matrix: &Matrix, resolver: &mut Resolver<'_>) {
    let is_axis = |name: &str| matrix.axes.iter().any(|(axis, _)| axis.value == name);
    let originals = rows.len();
    for entry in &matrix.include {
        let extra = row_of(entry, resolver);
        let mut fits = false;
        for row in &mut rows[..originals] {
            if extra.iter().filter(|(name, _)| is_axis(name)).all(|pair| row.contains(pair)) {
                fits = true;
                for (name, value) in extra.iter().filter(|(name, _)| !is_axis(name)) {
                    row.retain(|(known, _)| known != name);
                    row.push((name.clone(), value.clone()));
                }
            }
        }
        if !fits {
            rows.push(extra);
        }
    }
}

fn row_of(combination: &Spanned<Combination>, resolver: &mut Resolver<'_>) -> Row {
    let entries = combination.value.entries.iter();
    entries
        .filter_map(|(name, value)| match value {
            Field::Set(value) => rendered(value, resolver).map(|value| (name.value.clone(), value)),
            _ => Some((name.value.clone(), ScalarText { text: String::new(), plain: false })),
        })
        .collect()
}

fn rendered(value: &Spanned<ScalarText>, resolver: &mut Resolver<'_>) -> Option<ScalarText> {
    if !value.value.text.contains("${{") {
        return Some(value.value.clone());
    }
    match resolver.scope.render(&value.value.text, value.span) {
        Ok(rendered) => Some(ScalarText { text: rendered.text, plain: value.value.plain }),
        Err(found) => {
            resolver.diagnostics.extend(found);
            None
        }
    }
}
