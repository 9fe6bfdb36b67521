//! The column of each node: right of all that lead to it, and no column much taller than screens are.

/// A column of more nodes than this goes on in the next one.
const TALLEST: usize = 60;

/// The layer of each node. Where declared names make a ring, the edges that lead back count the other way around.
pub fn layers(nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    let mut unmet = vec![0_usize; nodes];
    for (from, to) in edges.iter().filter(|(from, to)| from != to) {
        after[*from].push(*to);
        unmet[*to] += 1;
    }
    let order = order(&after, &mut unmet);
    let mut turn = vec![0; nodes];
    order.iter().enumerate().for_each(|(index, node)| turn[*node] = index);
    let (mut befores, mut afters) = (vec![Vec::new(); nodes], vec![Vec::new(); nodes]);
    for (from, to) in edges.iter().filter(|(from, to)| from != to) {
        let (first, second) = if turn[*from] < turn[*to] { (*from, *to) } else { (*to, *from) };
        befores[second].push(first);
        afters[first].push(second);
    }
    let mut layers = vec![0; nodes];
    let mut full: Vec<usize> = Vec::new();
    for node in order {
        let mut layer = befores[node].iter().map(|before: &usize| layers[*before] + 1).max().unwrap_or(0);
        while full.get(layer).is_some_and(|number| *number >= TALLEST) {
            layer += 1;
        }
        if full.len() <= layer {
            full.resize(layer + 1, 0);
        }
        full[layer] += 1;
        layers[node] = layer;
    }
    later(&befores, &afters, &mut layers, &mut full);
    close_gaps(&mut layers, &full);
    layers
}

/// Each node after all that lead to it, as far as there is no ring; what is ready first comes first.
fn order(after: &[Vec<usize>], unmet: &mut [usize]) -> Vec<usize> {
    let nodes = after.len();
    let mut order: Vec<usize> = (0..nodes).filter(|node| unmet[*node] == 0).collect();
    let mut done = vec![false; nodes];
    order.iter().for_each(|node| done[*node] = true);
    let (mut next, mut scan) = (0, 0);
    while order.len() < nodes || next < order.len() {
        if next == order.len() {
            while done[scan] {
                scan += 1;
            }
            done[scan] = true;
            order.push(scan);
        }
        for to in &after[order[next]] {
            unmet[*to] = unmet[*to].saturating_sub(1);
            if unmet[*to] == 0 && !std::mem::replace(&mut done[*to], true) {
                order.push(*to);
            }
        }
        next += 1;
    }
    order
}

/// What nothing leads to stands beside the first that it leads to.
fn later(befores: &[Vec<usize>], afters: &[Vec<usize>], layers: &mut [usize], full: &mut [usize]) {
    for node in (0..layers.len()).filter(|node| befores[*node].is_empty()) {
        let Some(layer) = afters[node].iter().map(|after| layers[*after] - 1).min() else { continue };
        if full[layer] < TALLEST {
            full[layers[node]] -= 1;
            full[layer] += 1;
            layers[node] = layer;
        }
    }
}

/// Leaves no column empty.
fn close_gaps(layers: &mut [usize], full: &[usize]) {
    let mut next = 0;
    let new: Vec<usize> = full.iter().map(|number| (next, next += usize::from(*number > 0)).0).collect();
    layers.iter_mut().for_each(|layer| *layer = new[*layer]);
}
