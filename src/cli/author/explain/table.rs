//! Tables as kubectl prints them.

/// A table whose columns are three spaces apart, without borders.
pub(in crate::cli) fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        out += cells.join("   ").trim_end();
        out.push('\n');
    }
    out
}
