//! A plot of four panels as SVG. The crate `plotters` would do it with some forty dependencies; these are a few lines and
//! circles.

use std::fmt::Write as _;

/// The size of a panel with its labels, and of the area with the line in it.
const PANEL: (f64, f64) = (380.0, 250.0);
const AREA: (f64, f64) = (300.0, 165.0);
/// Where the area begins in its panel.
const CORNER: (f64, f64) = (62.0, 22.0);
/// The height of the title above the panels.
const TITLE: f64 = 44.0;

/// Ratios to the null webhook over one quantity, whose axis is logarithmic.
pub(crate) struct Panel {
    /// The name of the horizontal axis, with its unit.
    pub axis: &'static str,
    pub points: Vec<Point>,
}

pub(crate) struct Point {
    pub x: f64,
    pub y: f64,
}

/// The plot. Its layout depends only on the number of panels and points, and on the largest ratio.
pub(crate) fn plot(panels: &[Panel]) -> String {
    let largest = panels.iter().flat_map(|panel| &panel.points).map(|point| point.y).fold(1.5, f64::max);
    let top = (largest * 2.0).ceil() / 2.0;
    let mut body = String::new();
    for (place, panel) in (0_u8..).zip(panels) {
        let left = f64::from(place % 2) * PANEL.0;
        let above = TITLE + f64::from(place / 2) * PANEL.1;
        let _ = writeln!(body, r#"<g transform="translate({left:.0} {above:.0})">"#);
        draw(&mut body, panel, top);
        body.push_str("</g>\n");
    }
    let rows = u8::try_from(panels.len().div_ceil(2)).unwrap_or(u8::MAX);
    let (width, height) = (2.0 * PANEL.0, TITLE + f64::from(rows) * PANEL.1);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0} {height:.0}" font-family="sans-serif" font-size="12" fill="#333">
<title>CPU time of a review, as a ratio to a webhook that answers a constant</title>
<rect width="{width:.0}" height="{height:.0}" fill="#fff"/>
<text x="{}" y="24" font-size="15" text-anchor="middle">CPU time of a review / CPU time of the null webhook for the same request</text>
{body}</svg>
"##,
        width / 2.0
    )
}

fn draw(svg: &mut String, panel: &Panel, top: f64) {
    let xs: Vec<f64> = panel.points.iter().map(|point| point.x.log10()).collect();
    let (first, last) = (xs.iter().copied().fold(f64::MAX, f64::min), xs.iter().copied().fold(f64::MIN, f64::max));
    let x = |value: f64| CORNER.0 + (value.log10() - first) / (last - first) * AREA.0;
    let y = |ratio: f64| CORNER.1 + (1.0 - ratio / top) * AREA.1;
    draw_grid(svg, top, y);
    let line: Vec<String> = panel.points.iter().map(|p| format!("{:.1},{:.1}", x(p.x), y(p.y))).collect();
    let _ = writeln!(svg, r##"<polyline points="{}" fill="none" stroke="#1f77b4" stroke-width="2"/>"##, line.join(" "));
    let bottom = CORNER.1 + AREA.1;
    let mut free_from = f64::MIN;
    for point in &panel.points {
        let (x, y) = (x(point.x), y(point.y));
        let _ = writeln!(svg, r##"<circle cx="{x:.1}" cy="{y:.1}" r="3.5" fill="#1f77b4"/>"##);
        let _ = writeln!(svg, r#"<text x="{x:.1}" y="{:.1}" text-anchor="middle">{:.2}</text>"#, y - 9.0, point.y);
        // Labels of values that are close to each other would overlap.
        if x >= free_from {
            let label = short(point.x);
            let _ = writeln!(svg, r#"<text x="{x:.1}" y="{:.1}" text-anchor="middle">{label}</text>"#, bottom + 17.0);
            free_from = x + 26.0;
        }
    }
    let middle = (CORNER.0 + AREA.0 / 2.0, CORNER.1 + AREA.1 / 2.0);
    let _ = writeln!(
        svg,
        r#"<text x="{:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
        middle.0,
        bottom + 36.0,
        panel.axis
    );
    let _ = writeln!(
        svg,
        r#"<text transform="translate(20 {:.1}) rotate(-90)" text-anchor="middle">ratio</text>"#,
        middle.1
    );
}

/// At most seven horizontal lines; the one of the null webhook has its name.
fn draw_grid(svg: &mut String, top: f64, y: impl Fn(f64) -> f64) {
    let (left, right) = (CORNER.0 - 12.0, CORNER.0 + AREA.0 + 12.0);
    let mut line = |ratio: f64, stroke: &str| {
        let y = y(ratio);
        let _ = writeln!(svg, r#"<line x1="{left:.0}" x2="{right:.0}" y1="{y:.1}" y2="{y:.1}" stroke="{stroke}"/>"#);
        let _ = writeln!(svg, r#"<text x="{:.0}" y="{:.1}" text-anchor="end">{ratio:.1}</text>"#, left - 5.0, y + 4.0);
    };
    let step = [0.5, 1.0, 2.0].into_iter().find(|step| top / step <= 6.0).unwrap_or(top);
    for i in 0..=6_u8 {
        let ratio = f64::from(i) * step;
        if ratio <= top {
            line(ratio, "#ddd");
        }
    }
    line(1.0, "#d62728");
    let name = r##"text-anchor="end" fill="#d62728">null webhook"##;
    let _ = writeln!(svg, r#"<text x="{right:.0}" y="{:.1}" {name}</text>"#, y(1.0) + 14.0);
}

/// A count of three digits at most, in thousands or millions.
fn short(count: f64) -> String {
    match count {
        c if c >= 995_000.0 => format!("{:.0} M", c / 1e6),
        c if c >= 995.0 => format!("{:.0} k", c / 1e3),
        c => format!("{c:.0}"),
    }
}
