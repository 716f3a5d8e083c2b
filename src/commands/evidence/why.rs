//! `rcrepro why`.

#![expect(clippy::disallowed_methods, reason = "asks for the width of the terminal")]

use std::path::Path;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{print, print_json, print_quoted};
use crate::today::today;
use rcrepro_app::why::error::WhyError;
use rcrepro_app::why::target::Places;
use rcrepro_app::why::{diffoscope, why as explain};
use rcrepro_app::workspace::{Workspace, WorkspaceError};
use rcrepro_model::plan::PacketId;
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
    let sides = match (places.sides(first, second), workspace) {
        // A packet is the plan's, and the plan could not be read.
        (Err(WhyError::NoTarget { target }), Err(error)) if target.parse::<PacketId>().is_ok() => {
            return Err(error.into());
        }
        (sides, _) => sides?,
    };
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
        // Above the counts are lines of evidence; the remedies stand beside the counts.
        let text = why_text::text(&why, width());
        let at = text.rfind("\n\n").map_or(0, |at| at + 2);
        print_quoted(&text[..at])?;
        print(&text[at..])?;
    }
    Ok(why.standing().into())
}

/// Gives the terminal's width; a pipe or file has none.
fn width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok();
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0).or(said)
}
