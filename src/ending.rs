//! The last thing that a command prints: its error.

use super::exit::Exit;
use super::failure::Failure;
use super::folder;
use super::output::{complain, complain_json, has_printed, print_json};
use rcrepro_report::json;

/// Prints an error and gives the exit code: on standard error for people; where documents are wanted, as a line there, and on
/// standard output if nothing was printed.
pub fn report(failure: &Failure, json: bool) -> Exit {
    if failure.silent {
        return failure.exit;
    }
    let Failure { exit, message, causes, hint, .. } = failure;
    let hint = hint.as_deref().map(folder::hint);
    if json {
        let mut document = json::error(exit.as_str(), exit.code(), message, causes, hint.as_deref());
        if !has_printed() {
            // When standard output is closed, the exit code still says it.
            drop(print_json(&document));
        }
        document["event"] = "error".into();
        complain_json(&document);
        return *exit;
    }
    // What goes on below is indented, so that no message can look like another one or like a hint.
    let indented = |text: &str| text.trim_end().replace('\n', "\n    ");
    let mut text = format!("error: {}\n", indented(message));
    for cause in causes {
        text.push_str(&format!("caused by: {}\n", indented(cause)));
    }
    if let Some(hint) = hint {
        text.push_str(&format!("hint: {}\n", indented(&hint)));
    }
    complain(&text);
    *exit
}
