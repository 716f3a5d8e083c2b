//! `cargo run -p rcrepro-house [NAME]`: the figures as a table, or the places behind the checks whose name begins with NAME.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "it measures the repository's own files, and prints to its maintainers"
)]

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use rcrepro_house::{check::Figure, measure, report};

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/house lies in the repository");
    let checks = match measure(root) {
        Ok(checks) => checks,
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("caused by: {error}");
                cause = error.source();
            }
            return ExitCode::from(3);
        }
    };
    match std::env::args().nth(1).as_deref() {
        None => print!("{}", report::table(&checks)),
        Some("ratchets") => print!("{}", report::ratchets(&checks)),
        Some(name) => print!("{}", report::places(&checks, name)),
    }
    ExitCode::from(u8::from(!checks.iter().all(Figure::holds)))
}
