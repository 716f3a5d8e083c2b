//! Whether the files that a client's step is given can be read at all: the first thing that the client would complain of, found
//! before a registry is asked, and by `rcrepro check`.

use serde_json::Value;

use crate::frozen::read_source::ReadSource;
use rcrepro_format::go::go_syntax;
use rcrepro_model::execution::fault::Fault;

/// Finds the first line of each file that its client cannot read, by place; `paths` are those of the files in the source.
///
/// # Errors
/// What `read` fails with.
pub(super) fn judge<'a, E>(paths: impl IntoIterator<Item = &'a str>, read: ReadSource<'_, E>) -> Result<Vec<Fault>, E> {
    let mut faults = Vec::new();
    for path in paths {
        let Some(bytes) = read(path)? else { continue };
        faults.extend(fault(path, &bytes));
    }
    faults.sort();
    Ok(faults)
}

fn fault(path: &str, bytes: &[u8]) -> Option<Fault> {
    let text = String::from_utf8_lossy(bytes);
    let (refused, hint) = match path.rsplit('/').next().unwrap_or(path) {
        "go.mod" => (go_syntax::of_module(&text), format!("go mod edit -json {path} says what go reads")),
        "go.work" => (go_syntax::of_workspace(&text), format!("go work edit -json {path} says what go reads")),
        "go.sum" | "go.work.sum" => (go_syntax::of_sums(&text), "go mod tidy, and commit".to_owned()),
        "package.json" => (of_json(&text), format!("mend it, then: git add {path} && git commit")),
        // One that is JSON and no lock is refused by what reads it.
        "package-lock.json" => {
            (of_json(&text), format!("npm install --package-lock-only && git add {path}, and commit"))
        }
        _ => return None,
    };
    let (line, says) = refused?;
    Some(Fault::of_file(path, format!("it cannot be read: {says}")).at(line).hint(hint))
}

/// Finds the line in which a document stops being JSON; npm reads one with a mark of its byte order, too.
fn of_json(text: &str) -> Option<(usize, String)> {
    match serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}')) {
        Ok(Value::Object(_)) => None,
        Ok(_) => Some((1, "expected an object: `{ … }`".to_owned())),
        Err(error) => Some((error.line().max(1), error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let read = |_: &str| Ok::<_, Infallible>(Some(text.as_bytes().to_vec()));
        let Ok(faults) = judge([path], &read);
        assert!(faults.iter().all(|fault| fault.hint.is_some()));
        faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_file_that_its_client_cannot_read_is_found_by_its_line() {
        for (path, text, starts) in [
            ("a/go.mod", "module m\n<<<<<<< HEAD\n", "a/go.mod:2: it cannot be read: unknown word"),
            ("go.work", "go 1.26\nuse\n", "go.work:2: it cannot be read: `use` has 0 words"),
            ("go.sum", "a.example/a v1.0.0\n", "go.sum:1: it cannot be read: expected a module"),
            ("web/package.json", "{\n\"name\": \n}", "web/package.json:3: it cannot be read: expected value"),
            ("package.json", "[]", "package.json:1: it cannot be read: expected an object"),
            ("package-lock.json", "{\n<<<<<<< HEAD\n", "package-lock.json:2: it cannot be read: "),
        ] {
            let found = found(path, text);
            assert!(found.len() == 1 && found[0].starts_with(starts), "{found:?}");
        }
        for (path, text) in [("package.json", "\u{feff}{}"), ("go.mod", "module m\n"), ("yarn.lock", "<<<<<<<")] {
            assert!(found(path, text).is_empty(), "{path}");
        }
    }
}
