//! What every layout keeps to, on graphs of many shapes that are too large for the engine.

use super::*;

/// Numbers that look random and are the same each time.
fn numbers(mut state: u64) -> impl FnMut(usize) -> usize {
    move |most| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % most.max(1)
    }
}

/// Shapes of a number of nodes, by name.
fn shapes(nodes: usize) -> Vec<(&'static str, Vec<(usize, usize)>)> {
    let mut random = numbers(7);
    let mut below = |to: usize, least: usize| least + random(to - least);
    let two = |to: usize, pick: &mut dyn FnMut(usize) -> usize| [(pick(to), to), (pick(to), to)];
    vec![
        ("chain", (1..nodes).map(|to| (to - 1, to)).collect()),
        ("chain that skips", (1..nodes).flat_map(|to| [(to - 1, to), (to / 2, to)]).collect()),
        ("chains", (1..nodes).filter(|to| to % 20 > 0).map(|to| (to - 1, to)).collect()),
        ("fan", (1..nodes - 1).flat_map(|one| [(0, one), (one, nodes - 1)]).collect()),
        ("layers", (40..nodes).flat_map(|to| two(to, &mut |to| below(to / 20 * 20, to / 20 * 20 - 20))).collect()),
        ("random", (1..nodes).flat_map(|to| two(to, &mut |to| below(to, 0))).collect()),
        ("lock", (0..nodes - 1).map(|one| (one, nodes - 1)).chain((1..nodes - 1).map(|to| (to / 3, to))).collect()),
        ("ring", (0..nodes).map(|one| (one, (one + 1) % nodes)).chain([(3, 3)]).collect()),
        ("alone", Vec::new()),
    ]
}

fn laid(nodes: usize, edges: &[(usize, usize)]) -> (Vec<(f64, f64)>, Layout) {
    let sizes: Vec<_> = (0..nodes).map(|node| (100.0 + (node % 7) as f64 * 20.0, 44.0)).collect();
    let wishes: Vec<_> = edges.iter().map(|(from, to)| Wish { from: *from, to: *to, label: (0.0, 0.0) }).collect();
    let laid = layout(&sizes, &wishes);
    (sizes, laid)
}

#[test]
fn nodes_are_apart_and_within_the_picture() {
    for (shape, edges) in shapes(500) {
        let (sizes, laid) = laid(500, &edges);
        let edge = |node: usize, sign: f64| (laid.nodes[node].0 + sign * sizes[node].0 / 2.0, laid.nodes[node].1 + sign * 22.0);
        for one in 0..500 {
            let (least, most) = (edge(one, -1.0), edge(one, 1.0));
            assert!(least.0 > -0.1 && least.1 > -0.1 && most.0 < laid.size.0 + 0.1 && most.1 < laid.size.1 + 0.1, "{shape}: {one}");
            for other in one + 1..500 {
                let apart = edge(other, -1.0).0 > most.0 || edge(other, 1.0).0 < least.0;
                assert!(apart || edge(other, -1.0).1 > most.1 || edge(other, 1.0).1 < least.1, "{shape}: {one} is on {other}");
            }
        }
    }
}

#[test]
fn edges_lead_to_the_right_and_to_their_ends() {
    for (shape, edges) in shapes(500).into_iter().filter(|(shape, _)| *shape != "ring") {
        let (_, laid) = laid(500, &edges);
        for (points, (from, to)) in laid.edges.iter().zip(&edges) {
            assert!(points.windows(2).all(|pair| pair[0].0 <= pair[1].0 + 0.1), "{shape}: {from} to {to} goes back: {points:?}");
            let (first, last) = (points.first().expect("a begin"), points.last().expect("an end"));
            assert!((first.1 - laid.nodes[*from].1).abs() < 22.1 && (last.1 - laid.nodes[*to].1).abs() < 22.1, "{shape}: {from} to {to}");
        }
    }
}

/// A long edge is led around nodes, and many of one node share their way.
#[test]
fn long_edges_pass_no_node() {
    for (shape, edges) in shapes(400).into_iter().filter(|(shape, _)| ["fan", "layers", "random", "lock"].contains(shape)) {
        let (sizes, laid) = laid(400, &edges);
        for (points, (from, to)) in laid.edges.iter().zip(&edges) {
            for pair in points.windows(2).filter(|pair| (pair[0].1 - pair[1].1).abs() < 0.1) {
                let hit = (0..400).filter(|node| node != from && node != to).find(|node| {
                    let ((x, y), (width, _)) = (laid.nodes[*node], sizes[*node]);
                    (y - pair[0].1).abs() < 22.0 && pair[0].0 < x && x < pair[1].0 && width > 0.0
                });
                assert_eq!(hit, None, "{shape}: {from} to {to}");
            }
        }
    }
}

#[test]
fn parts_and_wide_layers_fill_rows_and_columns() {
    for (shape, edges) in shapes(1000).into_iter().filter(|(shape, _)| ["alone", "fan", "chains"].contains(shape)) {
        let (_, laid) = laid(1000, &edges);
        assert!(laid.size.0 / laid.size.1 > 0.3 && laid.size.0 / laid.size.1 < 4.0, "{shape}: {:?}", laid.size);
    }
}

#[test]
fn the_same_graph_has_the_same_layout() {
    let edges = &shapes(500)[5].1;
    assert_eq!(laid(500, edges).1.edges, laid(500, edges).1.edges);
}
