//! `rcrepro why`.

#![expect(clippy::disallowed_methods, reason = "asks for the width of the terminal")]

use std::path::Path;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{print, print_json};
use crate::today::today;
use rcrepro_app::why::target::Places;
use rcrepro_app::why::{diffoscope, why as explain};
use rcrepro_app::workspace::{Workspace, WorkspaceError};
use rcrepro_report::why::{html as why_html, json as why_json, text as why_text};
use rcrepro_store::fs::FsStore;

/// Explains every difference of two runs, replays or manifests.
pub fn why(context: &Context, first: &str, second: Option<&str>, html: Option<&Path>) -> Result<Exit, Failure> {
    let store = FsStore::open(&context.store)?;
    // Two manifests are compared without any repository.
    let workspace = match Workspace::at(&context.directory, "HEAD") {
        Err(WorkspaceError::NoRepository { .. }) => Workspace::open(&context.directory),
        found => found,
    };
    let places = Places { workspace: workspace.as_ref(), store: &store, today: today(), directory: &context.directory };
    let sides = places.sides(first, second)?;
    let mut why = explain(sides, &store)?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(program) = diffoscope::find(std::env::split_paths(&path)) {
        diffoscope::attach(&mut why, &program, &store)?;
    }
    if let Some(path) = html {
        context.write_asked(path, why_html::html(&why).as_bytes())?;
    }
    if context.json {
        print_json(&why_json::json(&why))?;
    } else {
        print(why_text::text(&why, width()))?;
    }
    Ok(why.standing().into())
}

/// Gives the terminal's width; a pipe or file has none.
fn width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok();
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0).or(said)
}
