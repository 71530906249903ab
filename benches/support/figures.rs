//! Figures, and the lines in which they are printed.

use crate::support::figure;

/// Prints a figure beside its goals.
pub fn print(what: &str, measured: f64, must: f64, stretch: f64) {
    println!("{}", figure(what, measured, must, stretch));
}

/// Prints the heads of the columns of [`print`].
pub fn print_heads() {
    println!("{:<62} {:>8} {:>7} {:>8}", "", "measured", "must", "stretch");
}

/// The middle of some figures.
pub fn median(figures: Vec<f64>) -> f64 {
    quantile(figures, 1, 2)
}

/// The figure below which this part of all figures is, such as 99 of 100.
pub fn quantile(mut figures: Vec<f64>, part: usize, of: usize) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() * part / of]
}
