//! The report `--report-format junit`: the order of its test cases.

use crate::normalizer::Normalizer;

/// The normalizer `gitleaks-junit`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "gitleaks-junit", version: 1, rules: RULES, apply };

const RULES: &str = r#"A case is a line that begins with TAB TAB "<testcase ", with all lines to the next that is TAB TAB "</testcase>".
Each unbroken run of cases is sorted (bytes). Nothing is dropped or changed; a line that is in no case stays.
"#;

fn apply(stream: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = stream.split_inclusive(|&byte| byte == b'\n').collect();
    let mut out = Vec::with_capacity(stream.len());
    let mut run: Vec<Vec<u8>> = Vec::new();
    let mut rest = lines.as_slice();
    while let Some((line, after)) = rest.split_first() {
        if let Some(length) = case(rest) {
            run.push(rest[..length].concat());
            rest = &rest[length..];
        } else {
            push_run(&mut run, &mut out);
            out.extend_from_slice(line);
            rest = after;
        }
    }
    push_run(&mut run, &mut out);
    out
}

fn push_run(run: &mut Vec<Vec<u8>>, out: &mut Vec<u8>) {
    run.sort_unstable();
    run.drain(..).for_each(|case| out.extend_from_slice(&case));
}

/// Counts the lines of the case that begins here, if one does.
fn case(lines: &[&[u8]]) -> Option<usize> {
    lines.first()?.starts_with(b"\t\t<testcase ").then_some(())?;
    lines.iter().position(|line| *line == b"\t\t</testcase>\n").map(|last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_sorted_with_what_they_hold() {
        let (a, b) = ("\t\t<testcase a>\n\t\t\t<failure/>\n\t\t</testcase>\n", "\t\t<testcase b>\n\t\t</testcase>\n");
        let canonical = format!("<x>\n{a}{b}</x>\n{b}");
        assert_eq!(String::from_utf8_lossy(&apply(format!("<x>\n{b}{a}</x>\n{b}").as_bytes())), canonical);
        for stream in ["\t\t<testcase b>\n\t\t<testcase a>\n", "\t\t<testcase b/>\n\t\t<testcase a/>\n"] {
            assert_eq!(String::from_utf8_lossy(&apply(stream.as_bytes())), stream);
        }
    }
}
