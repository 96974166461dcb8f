//! Rows as they come.

use crate::{
    Result,
    row::{Floor, Row},
};

/// The rows so far.
#[derive(Debug)]
pub(crate) struct Report {
    group: &'static str,
    rows: Vec<Row>,
    postgres: bool,
}

impl Report {
    /// None yet, of a group.
    pub(crate) const fn of(group: &'static str) -> Self {
        Self { group, rows: Vec::new(), postgres: false }
    }

    /// From here on figures are those of `PostgreSQL`, which stand beside.
    pub(crate) const fn on_postgres(&mut self) {
        self.postgres = true;
    }

    /// A figure with its floor.
    pub(crate) fn floor(&mut self, name: &str, value: f64, unit: &'static str, floor: Floor) {
        self.add(name, value, unit, Some(floor));
    }

    /// A figure that only informs.
    pub(crate) fn figure(&mut self, name: &str, value: f64, unit: &'static str) {
        self.add(name, value, unit, None);
    }

    fn add(&mut self, name: &str, value: f64, unit: &'static str, floor: Option<Floor>) {
        let row = if self.postgres {
            Row::new(self.group, format!("{name} (PostgreSQL)"), value, unit, floor).informing()
        } else {
            Row::new(self.group, name, value, unit, floor)
        };
        eprintln!("    {}", crate::row::table(std::slice::from_ref(&row)).trim_end());
        self.rows.push(row);
    }

    /// Makes a row of a measurement that failed: what could not be measured does not pass.
    pub(crate) fn note(&mut self, what: &str, outcome: Result<()>) {
        if let Err(error) = outcome {
            eprintln!("    {what} could not be measured: {error}");
            let on = if self.postgres { " (PostgreSQL)" } else { "" };
            let name = format!("{what}{on}: not measured");
            self.rows.push(Row::new(self.group, name, f64::NAN, "", Some(Floor::AtMost(0.0))));
        }
    }

    pub(crate) fn rows(self) -> Vec<Row> {
        self.rows
    }
}
