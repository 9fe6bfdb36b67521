//! Rows in columns.

/// Lines of cells; each column is as wide as its widest cell, up to 40, the last as wide as it likes.
pub fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| console::measure_text_width(&row[column])).max().unwrap_or(0).min(40);
    let widths: Vec<usize> = (0..N.saturating_sub(1)).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (number, cell) in row.iter().enumerate() {
            match widths.get(number) {
                Some(width) => line += &format!("{}  ", console::pad_str(cell, *width, console::Alignment::Left, None)),
                None => line += cell,
            }
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a", "b", ""], ["long", "é", "rest"]].map(|row| row.map(str::to_owned));
        assert_eq!(super::table(&rows), "a     b\nlong  é  rest\n");
    }
}
