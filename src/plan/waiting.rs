//! The graph of what may wait for what: locks that could close a ring are refused.
//!
//! An edge from everything held to everything asked for while holding it ("nested"), and both ways
//! between all members of one request, because being queued behind a request is waiting for it. A ring
//! with a nested edge is a possible deadlock. Job slots need no place in it: whoever waits gives its
//! slot back, so slots are held only by what runs. The check knows no order from joins: it may refuse
//! two sections that joins keep apart, which a reader could not see at a glance either.

use std::collections::BTreeMap;

use super::graph;
use super::model::Resource;
use super::requests::Wanted;
use crate::base::diagnostic::Diagnostic;
use crate::base::ids::{DenseMap, Id, ResourceId};
use crate::base::span::Span;

/// The first place that gives an edge: where the one is held and where the other is asked for.
#[derive(Clone, Copy, Debug)]
struct Edge {
    nested: bool,
    held: Span,
    asked: Span,
}

/// Edges between resources, each with the first place that gives it.
#[derive(Debug, Default)]
pub struct WaitingGraph {
    edges: BTreeMap<(ResourceId, ResourceId), Edge>,
    held_already: BTreeMap<(Span, Span), (ResourceId, String)>,
}

impl WaitingGraph {
    /// Adds one request: `held` is what the same process holds when it asks for `asked`.
    pub fn request(&mut self, process: &str, held: &[Wanted], asked: &[Wanted]) {
        for outer in held {
            for inner in asked {
                if outer.share.resource == inner.share.resource {
                    self.held_already.entry((inner.place, outer.place)).or_insert_with(|| (inner.share.resource, process.to_owned()));
                } else {
                    self.add(outer, inner, true);
                }
            }
        }
        for one in asked {
            for other in asked {
                if one.share.resource != other.share.resource {
                    self.add(one, other, false);
                }
            }
        }
    }

    fn add(&mut self, from: &Wanted, to: &Wanted, nested: bool) {
        let edge = Edge { nested, held: from.place, asked: to.place };
        let known = self.edges.entry((from.share.resource, to.share.resource)).or_insert(edge);
        if nested && !known.nested {
            *known = edge;
        }
    }

    /// What is wrong with it.
    pub fn check(&self, resources: &DenseMap<ResourceId, Resource>, diagnostics: &mut Vec<Diagnostic>) {
        for ((asked, held), (resource, process)) in &self.held_already {
            let Resource { name, kind, .. } = &resources[*resource];
            diagnostics.push(
                Diagnostic::error(
                    "lock-held-already",
                    *asked,
                    format!("`{process}` asks for the {} `{name}` while it holds it", kind.word()),
                )
                .main_label("asked for here: would wait for itself")
                .label(*held, "held from here on")
                .help("take it once: either for the whole process or for its steps"),
            );
        }
        let edges: Vec<(usize, usize)> = self.edges.keys().map(|(from, to)| (from.index(), to.index())).collect();
        for component in graph::components(resources.len(), &edges) {
            self.check_component(&component, &edges, resources, diagnostics);
        }
    }

    /// Reports the shortest ring through the first nested edge of a strongly connected component.
    fn check_component(
        &self,
        component: &[usize],
        edges: &[(usize, usize)],
        resources: &DenseMap<ResourceId, Resource>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let inside = |id: ResourceId| component.binary_search(&id.index()).is_ok();
        let nested = self.edges.iter().find(|((from, to), edge)| edge.nested && inside(*from) && inside(*to));
        let Some(((from, to), _)) = nested else { return };
        let within: Vec<(usize, usize)> =
            edges.iter().copied().filter(|(a, b)| component.binary_search(a).is_ok() && component.binary_search(b).is_ok()).collect();
        let mut ring = graph::shortest_path(to.index(), from.index(), &within);
        ring.insert(0, from.index());
        let names: Vec<String> = ring.iter().map(|id| format!("`{}`", resources[ResourceId::from_index(*id)].name)).collect();
        let mut found: Option<Diagnostic> = None;
        for pair in ring.windows(2) {
            let (one, two) = (ResourceId::from_index(pair[0]), ResourceId::from_index(pair[1]));
            let Some(edge) = self.edges.get(&(one, two)) else { continue };
            let (one, two) = (&resources[one].name, &resources[two].name);
            let asked = if edge.nested {
                format!("`{two}` is asked for while `{one}` is held")
            } else {
                format!("`{two}` is asked for together with `{one}`")
            };
            found = Some(match found {
                None => Diagnostic::error(
                    "lock-ring",
                    edge.asked,
                    format!("these critical sections can wait for each other for ever: {}", names.join(" → ")),
                )
                .main_label(asked)
                .help("take all that is needed in one request, as in `lock: [a, b]`, or nest locks in the same order everywhere"),
                Some(found) => found.label(edge.asked, asked),
            });
            if edge.nested {
                found = found.map(|found| found.label(edge.held, format!("`{one}` is held from here on")));
            }
        }
        diagnostics.extend(found);
    }
}
