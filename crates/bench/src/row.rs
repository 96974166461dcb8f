//! A measurement, as it is printed and written.

use std::fmt::Write as _;

use serde::Serialize;

/// Which side of the floor is good.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Floor {
    /// Not more than this.
    AtMost(f64),
    /// Not less than this.
    AtLeast(f64),
}

impl Floor {
    const fn number(self) -> f64 {
        match self {
            Self::AtMost(n) | Self::AtLeast(n) => n,
        }
    }

    /// NaN holds nowhere.
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(n) => value <= n,
            Self::AtLeast(n) => value >= n,
        }
    }
}

/// One measurement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The group of measurements it belongs to.
    pub group: &'static str,
    /// What was measured.
    pub name: String,
    /// How much; null if it could not be measured.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
    /// What it must reach; null for figures that only inform.
    pub floor: Option<f64>,
    /// Whether it does; true without a floor.
    pub pass: bool,
    #[serde(skip)]
    sign: &'static str,
}

impl Row {
    /// A figure that must reach a floor.
    #[must_use]
    pub fn new(
        group: &'static str,
        name: impl Into<String>,
        value: f64,
        unit: &'static str,
        floor: Option<Floor>,
    ) -> Self {
        let sign = match floor {
            Some(Floor::AtMost(_)) => "≤",
            Some(Floor::AtLeast(_)) => "≥",
            None => "",
        };
        Self {
            group,
            name: name.into(),
            value,
            unit,
            floor: floor.map(Floor::number),
            pass: floor.is_none_or(|f| f.holds(value)),
            sign,
        }
    }

    /// The same without a floor: for figures that stand beside.
    #[must_use]
    pub fn informing(mut self) -> Self {
        (self.floor, self.pass, self.sign) = (None, true, "");
        self
    }
}

/// A number as people read it: three digits that matter, more only before the point.
fn number(value: f64) -> String {
    match value.abs() {
        _ if value.is_nan() => "–".to_owned(),
        v if v >= 100.0 || v.fract() == 0.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// All rows as a table for the terminal.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let cells: Vec<[String; 4]> = rows
        .iter()
        .map(|r| {
            let floor = r.floor.map_or_else(String::new, |f| format!("{} {}", r.sign, number(f)));
            let verdict = match (r.floor, r.pass) {
                (None, _) => "",
                (_, true) => "ok",
                (_, false) => "MISSED",
            };
            [r.name.clone(), format!("{} {}", number(r.value), r.unit), floor, verdict.to_owned()]
        })
        .collect();
    let width = |i: usize| cells.iter().map(|c| c[i].chars().count()).max().unwrap_or(0);
    let (a, b, c) = (width(0), width(1), width(2));
    let mut out = String::new();
    for [name, value, floor, verdict] in &cells {
        let line = format!("{name:<a$}  {value:>b$}  {floor:>c$}  {verdict}");
        // Writing into a String cannot fail.
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floors() {
        let row = |value, floor| Row::new("g", "n", value, "ms", Some(floor)).pass;
        assert!(row(10.0, Floor::AtMost(10.0)) && !row(10.1, Floor::AtMost(10.0)));
        assert!(row(2_000.0, Floor::AtLeast(2_000.0)) && !row(1_999.0, Floor::AtLeast(2_000.0)));
        assert!(!row(f64::NAN, Floor::AtMost(10.0)) && !row(f64::NAN, Floor::AtLeast(0.0)));
        assert!(Row::new("g", "n", f64::NAN, "ms", None).pass);
    }

    #[test]
    fn as_written() {
        let row = Row::new("main-job", "list", 1.5, "ms", Some(Floor::AtMost(10.0)));
        let json = serde_json::to_string(&row).unwrap();
        let expected =
            r#"{"group":"main-job","name":"list","value":1.5,"unit":"ms","floor":10.0,"pass":true}"#;
        assert_eq!(json, expected);
        let unknown = serde_json::to_string(&Row::new("g", "n", f64::NAN, "", None)).unwrap();
        assert!(unknown.contains(r#""value":null"#) && unknown.contains(r#""floor":null"#), "{unknown}");
    }

    #[test]
    fn as_printed() {
        let rows = [
            Row::new("g", "short", 0.1234, "ms", Some(Floor::AtMost(10.0))),
            Row::new("g", "a longer one", 1999.6, "/s", Some(Floor::AtLeast(2_000.0))),
            Row::new("g", "figure", 12.34, "s", None),
        ];
        let expected = "short         0.123 ms    ≤ 10  ok\n\
                        a longer one   2000 /s  ≥ 2000  MISSED\n\
                        figure          12.3 s\n";
        assert_eq!(table(&rows), expected);
    }
}
