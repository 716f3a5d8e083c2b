//! The last thing that a command prints: its error.

use std::path::Path;

use super::exit::Exit;
use super::failure::Failure;
use super::output::{complain, has_printed, print_json};
use rcrepro_report::json;

/// Prints an error and gives the exit code: on standard error for people, and on standard output as the one document where
/// that is wanted.
pub fn report(failure: &Failure, json: bool) -> Exit {
    if failure.silent {
        return failure.exit;
    }
    let Failure { exit, message, causes, hint, .. } = failure;
    if json && !has_printed() {
        let document = json::error(exit.as_str(), exit.code(), message, causes, hint.as_deref());
        // When standard output is closed, the exit code still says it.
        drop(print_json(&document));
    }
    // What goes on below is indented, so that no message can look like another one or like a hint.
    let indented = |text: &str| text.trim_end().replace('\n', "\n    ");
    let mut text = format!("error: {}\n", indented(message));
    for cause in causes {
        text.push_str(&format!("caused by: {}\n", indented(cause)));
    }
    if let Some(hint) = hint {
        text.push_str(&format!("hint: {}\n", indented(hint)));
    }
    complain(&text);
    *exit
}

/// Lets the commands of a hint work in the folder that `-C` named, so that they can be run as they are.
pub fn in_folder(failure: Failure, directory: &Path) -> Failure {
    if directory == Path::new(".") {
        return failure;
    }
    let names = rcrepro_arguments::command_names();
    let folder = format!("rcrepro -C {} ", directory.display());
    let hint = failure.hint.map(|hint| {
        let mut parts = hint.split("rcrepro ");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| {
            let word = part.split(|letter: char| !letter.is_ascii_alphabetic()).next().unwrap_or_default();
            let program = if names.iter().any(|name| name == word) { &folder } else { "rcrepro " };
            text + program + part
        })
    });
    Failure { hint, ..failure }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_of_a_hint_work_in_the_folder_that_was_named() {
        let hint = |text: &str, folder: &str| {
            let failure = Failure::plain(Exit::Usage, "x", Some(text.to_owned()));
            in_folder(failure, Path::new(folder)).hint.expect("a hint")
        };
        for (text, expected) in [
            ("rcrepro run RC-05", "rcrepro -C sub run RC-05"),
            ("first rcrepro lock, then: rcrepro check", "first rcrepro -C sub lock, then: rcrepro -C sub check"),
            (
                "name the folder with rcrepro.toml: rcrepro -C DIR …",
                "name the folder with rcrepro.toml: rcrepro -C DIR …",
            ),
            ("use the rcrepro that reads it", "use the rcrepro that reads it"),
        ] {
            assert_eq!(hint(text, "sub"), expected);
            assert_eq!(hint(text, "."), text);
        }
    }
}
