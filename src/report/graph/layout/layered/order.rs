//! Few crossings: each column in the order of the middles of its neighbours, back and forth some times.

use super::web::Web;

/// How often all columns are ordered from left to right and back. More did not help in pictures that were looked at.
const TURNS: usize = 6;

/// Orders the items of each column.
pub fn few_crossings(web: &mut Web, nodes: usize) {
    let mut places = vec![0.0; web.layers.len()];
    for column in &web.columns {
        note(column, &mut places);
    }
    for _ in 0..TURNS {
        for layer in 1..web.columns.len() {
            sort(&mut web.columns[layer], (&web.left, nodes), &mut places);
        }
        for layer in (0..web.columns.len().saturating_sub(1)).rev() {
            sort(&mut web.columns[layer], (&web.right, nodes), &mut places);
        }
    }
}

/// Places are shares of the column's height, so that a tall column and a low one can be compared.
fn note(column: &[usize], places: &mut [f64]) {
    let whole = column.len() as f64;
    column.iter().enumerate().for_each(|(index, item)| places[*item] = (index as f64 + 0.5) / whole);
}

fn sort(column: &mut [usize], (beside, nodes): (&[Vec<usize>], usize), places: &mut [f64]) {
    for item in column.iter() {
        let all = &beside[*item];
        if !all.is_empty() {
            let middle = all.iter().map(|other| places[*other]).sum::<f64>() / all.len() as f64;
            places[*item] = middle;
        }
    }
    column.sort_by(|one, other| places[*one].total_cmp(&places[*other]));
    // A way that goes on to the next column stays in the middle of the nodes that hang on it: beside all of them it would
    // drift further away with each column.
    for tied in column.chunk_by_mut(|one, other| (places[*one] - places[*other]).abs() < 1e-9) {
        let (mut items, points): (Vec<usize>, Vec<usize>) = tied.iter().copied().partition(|item| *item < nodes);
        let middle = items.len() / 2;
        items.splice(middle..middle, points);
        tied.copy_from_slice(&items);
    }
    note(column, places);
}
