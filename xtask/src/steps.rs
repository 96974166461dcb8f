//! Progress: what is being done, how long it took.

use std::time::{Duration, Instant};

use anyhow::Result;

/// The steps so far.
#[derive(Debug)]
pub struct Steps {
    started: Instant,
    done: Vec<(String, Duration)>,
}

impl Steps {
    /// Nothing done yet.
    pub fn start() -> Self {
        Self { started: Instant::now(), done: Vec::new() }
    }

    /// Does one step and tells before and after.
    ///
    /// # Errors
    /// Those of the step.
    pub fn run<T>(&mut self, name: &str, step: impl FnOnce() -> Result<T>) -> Result<T> {
        eprintln!("xtask: {name} …");
        let started = Instant::now();
        let result = step();
        let took = started.elapsed();
        match &result {
            Ok(_) => {
                eprintln!("xtask: {name}: {}", seconds(took));
                self.done.push((name.to_owned(), took));
            }
            Err(_) => eprintln!("xtask: {name}: FAILED after {}", seconds(took)),
        }
        result
    }

    /// The last line.
    pub fn summary(&self, outcome: &str, what: &str) {
        eprintln!("xtask: {outcome} in {}: {what}", seconds(self.started.elapsed()));
    }

    /// One line per step, for the end of a long run.
    pub fn table(&self) {
        eprintln!();
        for (name, took) in &self.done {
            eprintln!("  {:>8}  {name}", seconds(*took));
        }
    }

    /// How many steps are done.
    pub fn count(&self) -> usize {
        self.done.len()
    }
}

/// Seconds with one decimal.
fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_went_well_is_counted() {
        let mut steps = Steps::start();
        assert_eq!(steps.run("one", || Ok(7)).unwrap(), 7);
        assert!(steps.run("two", || -> Result<()> { anyhow::bail!("no") }).is_err());
        assert_eq!(steps.count(), 1);
    }

    #[test]
    fn times_are_short() {
        assert_eq!(seconds(Duration::from_millis(1234)), "1.2 s");
    }
}
