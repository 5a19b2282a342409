//! Draws the figures of `benches/results/*.csv` as SVG, beside them: bars, each with its name and
//! its figure, in colours that can be read on light and on dark.

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::Path;

const WIDTH: f64 = 760.0;
const NAME_WIDTH: f64 = 330.0;
const ROW: f64 = 26.0;

struct Bar {
    name: String,
    value: f64,
    /// What it is compared with stands out less.
    is_measure: bool,
}

/// The rows of a file below its first line.
fn rows(path: &Path) -> Result<Vec<Vec<String>>, Box<dyn Error>> {
    let text = fs::read_to_string(path)?;
    let row = |line: &str| line.split(',').map(str::to_owned).collect();
    Ok(text.lines().skip(1).map(row).collect())
}

/// How long a bar is for its value, beside others: in proportion, or to its logarithm.
type Scale = fn(f64) -> f64;

const LINEAR: Scale = |value| value;

/// From a tenth of a millisecond on: where a queue grows, values are a thousand times others.
const LOGARITHMIC: Scale = |milliseconds| (milliseconds / 0.1).ln().max(0.0);

fn chart(title: &str, unit: &str, bars: &[Bar], scale: Scale) -> Result<String, Box<dyn Error>> {
    let most = bars.iter().map(|bar| scale(bar.value)).fold(0.0, f64::max);
    let height = 40.0 + ROW * bars.len() as f64 + 10.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{title}\">\n\
         <style>text{{font:14px system-ui,sans-serif;fill:#1f2328}}.bar{{fill:#0969da}}.measure{{fill:#8c959f}}\
         @media(prefers-color-scheme:dark){{text{{fill:#e6edf3}}.bar{{fill:#4493f8}}.measure{{fill:#6e7681}}}}</style>\n\
         <text x=\"0\" y=\"22\" font-weight=\"600\">{title}</text>\n"
    );
    for (at, bar) in bars.iter().enumerate() {
        let y = 40.0 + ROW * at as f64;
        let length = (WIDTH - NAME_WIDTH - 110.0) * scale(bar.value) / most;
        let class = if bar.is_measure { "measure" } else { "bar" };
        let Bar { name, value, .. } = bar;
        writeln!(svg, "<text x=\"0\" y=\"{}\">{name}</text>", y + 15.0)?;
        writeln!(
            svg,
            "<rect class=\"{class}\" x=\"{NAME_WIDTH}\" y=\"{y}\" width=\"{length:.1}\" height=\"{}\" rx=\"2\"/>",
            ROW - 6.0
        )?;
        let x = NAME_WIDTH + length + 8.0;
        writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{}\">{value} {unit}</text>",
            y + 15.0
        )?;
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

/// The figures whose names begin with one of `begins`, each in thousandths of its unit.
fn figures(rows: &[Vec<String>], begins: &[&str], thousandths: bool) -> Vec<Bar> {
    let fits = |name: &str| begins.iter().any(|begin| name.starts_with(begin));
    let bar = |row: &Vec<String>| {
        let value: f64 = row.get(1)?.parse().ok()?;
        Some(Bar {
            name: row[0].clone(),
            value: if thousandths { value / 1000.0 } else { value },
            is_measure: row[0].starts_with("p99") && !row[0].contains("gateway"),
        })
    };
    rows.iter()
        .filter(|row| fits(&row[0]))
        .filter_map(bar)
        .collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/results");
    let cpu = rows(&folder.join("cpu.csv"))?;
    let bars: Vec<Bar> = cpu
        .iter()
        .filter_map(|row| {
            Some(Bar {
                name: row[0].replace('-', " "),
                value: row.get(1)?.parse().ok()?,
                is_measure: !row[0].starts_with("stepgate"),
            })
        })
        .collect();
    fs::write(
        folder.join("cpu.svg"),
        chart("CPU a step, on one core", "µs", &bars, LINEAR)?,
    )?;

    // Only what was measured is drawn.
    let Ok(scale) = rows(&folder.join("scale.csv")) else {
        return Ok(());
    };
    let latency = figures(
        &scale,
        &["p99 direct", "p99 nginx", "p99 pingora", "p99 gateway"],
        true,
    );
    let title = "99th percentile from when a step was due, by the share of what one core takes (logarithmic)";
    let latency = chart(title, "ms", &latency, LOGARITHMIC)?;
    fs::write(folder.join("latency.svg"), latency)?;
    let size = figures(&scale, &["CPU a step of"], false);
    let title = "CPU a step, by the size of the configuration and of the step";
    fs::write(folder.join("size.svg"), chart(title, "µs", &size, LINEAR)?)?;
    Ok(())
}
