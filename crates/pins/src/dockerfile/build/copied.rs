//! What `COPY` and `ADD` take of the context: only paths without which the step fails for sure.
//!
//! Source: BuildKit, `dispatchCopy` in `frontend/dockerfile/dockerfile2llb`, `docopy` in `solver/llbsolver/file`: a path without a wildcard has
//! to be there; one with a wildcard may match nothing.

use super::reader::Reader;
use super::reading::CopiedPath;
use super::steps::{elsewhere, sources};
use super::values::{Expanded, Scope};
use crate::dockerfile::lines::DockerfileInstruction;
use rcrepro_model::content::name::TreePath;

/// Flags under which a source is a pattern, or only a part of it is taken.
const PATTERNS: [&str; 2] = ["--parents", "--exclude"];
/// Characters of wildcards and what escapes them, and quotes that are part of a name.
const WILD: [char; 6] = ['*', '?', '[', '\\', '"', '\''];

impl Reader<'_> {
    /// Notes the paths that a line takes of the context.
    pub(super) fn copies(&mut self, at: usize, step: &DockerfileInstruction, scope: &Scope) {
        let (flags, words) = step.flags();
        let is_pattern = |flag: &str| PATTERNS.iter().any(|pattern| flag.starts_with(pattern));
        // The lines of a stage that a named context replaces are read and not built.
        let is_replaced = self.given.images.contains(&self.stages.all[at].name);
        if is_replaced || flags.iter().any(|flag| is_pattern(&flag.text)) || !step.here_documents().is_empty() {
            return;
        }
        let is_of_list = step.is_list();
        if !is_of_list && words.iter().any(|word| word.text.starts_with('[')) {
            return;
        }
        for word in sources(step) {
            // What a base image sets comes before what an `ARG` says.
            if word.text.contains('$') && scope.is_open {
                continue;
            }
            let Some(Expanded { text, unset }) = scope.expand(&word.text) else { continue };
            let is_strange = text.contains(WILD) || text.contains(char::is_whitespace) || text.contains("<<");
            let is_remote = elsewhere(&text).is_some() || text.contains("://") || text.contains("github.com/");
            if !unset.is_empty() || is_strange || is_remote {
                continue;
            }
            if let Some(path) = cleaned(&text) {
                let (instruction, written) = (step.name.clone(), word.text.clone());
                self.copied.push((at, CopiedPath { line: word.line, instruction, written, path, is_of_list }));
            }
        }
    }
}

/// Writes a path from the context's root, above which nothing leads; none for the root itself.
fn cleaned(text: &str) -> Option<TreePath> {
    let mut parts = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/").parse().ok()
}

#[cfg(test)]
mod tests {
    use crate::dockerfile::build::{BuildGiven, read_build};

    fn copied(target: &str, text: &str) -> Vec<String> {
        let given = BuildGiven {
            target: target.to_owned(),
            images: ["debian".to_owned(), "payload".to_owned()].into(),
            arguments: [("GIVEN".to_owned(), "given".to_owned())].into(),
            ..BuildGiven::default()
        };
        let found = read_build(text, &given).copied;
        found.iter().map(|one| format!("{} {} {}", one.line, one.instruction, one.path)).collect()
    }

    #[test]
    fn what_a_step_takes_of_the_context_is_told_where_it_has_to_be_there() {
        let cases: [(&str, &[&str]); 6] = [
            (
                "FROM debian\nCOPY a ./b/ /c/../d ../e /x/\nADD [\"f\", \"g\", \"/x/\"]\n",
                &["2 COPY a", "2 COPY b", "2 COPY d", "2 COPY e", "3 ADD f", "3 ADD g"],
            ),
            ("FROM debian\nCOPY --chown=1:1 --link a \\\n  b /x/\nCOPY . / ./ /x/\n", &["2 COPY a", "3 COPY b"]),
            ("FROM debian\nCOPY a* b? [c]d /x/\nCOPY --parents a/./b /x/\nCOPY --exclude=*.md a /x/\n", &[]),
            ("FROM debian\nCOPY <<EOF <<END c /x/\na\nEOF\nb\nEND\nCOPY << EOF /x\nEOF\n", &[]),
            (
                "FROM debian\nADD https://example.com/a git@example.com:a/b.git github.com/a/b /x/\nCOPY --from=payload a /x\n",
                &[],
            ),
            (
                "FROM debian\nONBUILD COPY a /x\nFROM debian AS payload\nCOPY b /x\nFROM payload\nCOPY c /x\n",
                &["6 COPY c"],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(copied("", text), expected, "{text}");
        }
    }

    #[test]
    fn a_variable_is_replaced_where_no_base_can_set_it() {
        let text = "ARG GIVEN\nFROM scratch\nARG GIVEN\nARG B=b\nCOPY $GIVEN/${B} $NONE ${B%x} /x/\n";
        assert_eq!(copied("", text), ["5 COPY given/b"]);
        assert_eq!(copied("", &text.replace("scratch", "debian")), Vec::<String>::new());
    }

    #[test]
    fn what_the_target_does_not_need_is_not_built() {
        let text = "FROM debian AS base\nONBUILD COPY z /z\nCOPY a /x\nFROM debian AS lint\nCOPY b /x\nFROM base AS end\nCOPY c /x\n";
        assert_eq!(copied("", text), ["3 COPY a", "2 COPY z", "7 COPY c"]);
        assert_eq!(copied("lint", text), ["5 COPY b"]);
        assert_eq!(copied("none", text), Vec::<String>::new());
    }
}
