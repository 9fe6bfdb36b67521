//! Where the columns are, and how high their items: as near to the middle of their neighbours as the order allows.

use super::super::BELOW;
use super::{ASIDE, web::Web};

/// How often all columns are placed after their left and their right neighbours.
const TURNS: usize = 6;
/// The room of a point, and how much more than a node's its wish counts, which keeps long edges straight.
const POINT: f64 = 10.0;
const STRAIGHT: f64 = 3.0;

/// The left and the right side of each column.
pub fn spans(web: &Web, sizes: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut x = 0.0;
    let one = |column: &Vec<usize>| {
        let width = column.iter().filter_map(|item| sizes.get(*item)).fold(0.0, |most: f64, size| most.max(size.0));
        let span = (x, x + width);
        x += width + ASIDE;
        span
    };
    web.columns.iter().map(one).collect()
}

/// The middle of each item, and the height of all.
pub fn heights(web: &Web, sizes: &[(f64, f64)]) -> (Vec<f64>, f64) {
    let half = |item: usize| sizes.get(item).map_or(0.0, |size| size.1 / 2.0);
    let gap = |one: usize, other: usize| {
        let both = usize::from(one < sizes.len()) + usize::from(other < sizes.len());
        half(one) + half(other) + if both == 2 { BELOW } else { POINT + both as f64 * 4.0 }
    };
    let weight = |item: usize| if item < sizes.len() { 1.0 } else { STRAIGHT };
    let mut heights = vec![0.0; web.layers.len()];
    let mut wishes = Vec::new();
    for turn in 0..=2 * TURNS {
        let columns: &mut dyn Iterator<Item = &Vec<usize>> =
            if turn % 2 == 0 { &mut web.columns.iter() } else { &mut web.columns.iter().rev() };
        for column in columns {
            wishes.clear();
            wishes.extend(column.iter().map(|item| {
                let sides = match turn {
                    turn if turn == 2 * TURNS => [&web.left[*item][..], &web.right[*item]],
                    turn if turn % 2 == 0 => [&web.left[*item][..], &[]],
                    _ => [&web.right[*item][..], &[]],
                };
                let all = || sides.iter().copied().flatten();
                let number = all().count();
                if number == 0 { heights[*item] } else { all().map(|other| heights[*other]).sum::<f64>() / number as f64 }
            }));
            settle(column, &wishes, &weight, &gap, &mut heights);
        }
    }
    let top = (0..heights.len()).map(|item| heights[item] - half(item)).fold(f64::INFINITY, f64::min);
    heights.iter_mut().for_each(|height| *height -= top);
    let tall = (0..heights.len()).map(|item| heights[item] + half(item)).fold(0.0, f64::max);
    (heights, tall)
}

/// Items that touch and so have one place together.
struct Block {
    weight: f64,
    wish: f64,
    items: usize,
}

/// Gives the items of a column the heights nearest to their wishes (least squares) that keep their order and their gaps:
/// isotonic regression, by joining neighbours whose wishes contradict their order.
fn settle(column: &[usize], wishes: &[f64], weight: &impl Fn(usize) -> f64, gap: &impl Fn(usize, usize) -> f64, heights: &mut [f64]) {
    let mut shifts = vec![0.0; column.len()];
    for index in 1..column.len() {
        shifts[index] = shifts[index - 1] + gap(column[index - 1], column[index]);
    }
    let mut blocks: Vec<Block> = Vec::new();
    for (index, item) in column.iter().enumerate() {
        let mut block = Block { weight: weight(*item), wish: wishes[index] - shifts[index], items: 1 };
        while let Some(above) = blocks.pop_if(|above| above.wish >= block.wish) {
            let sum = above.weight + block.weight;
            block.wish = (above.wish * above.weight + block.wish * block.weight) / sum;
            (block.weight, block.items) = (sum, block.items + above.items);
        }
        blocks.push(block);
    }
    let mut index = 0;
    for block in blocks {
        for _ in 0..block.items {
            heights[column[index]] = block.wish + shifts[index];
            index += 1;
        }
    }
}
