//! The here-documents that a line begins, by the words that BuildKit's shell lexer makes of it.
//!
//! Source: BuildKit, `heredocsFromLine` in `frontend/dockerfile/parser` and `frontend/dockerfile/shell`.

use std::iter::Peekable;
use std::str::Chars;

/// The end of a here-document.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DocumentEnd {
    /// The line that ends it.
    pub end: String,
    /// Whether tabs may come before the end, `<<-`.
    pub is_indented: bool,
}

/// Lists the here-documents of a line; none where its words cannot be told.
pub(super) fn documents(line: &str) -> Vec<DocumentEnd> {
    if !line.contains("<<") {
        return Vec::new();
    }
    words(line).unwrap_or_default().iter().filter_map(|word| document(word)).collect()
}

/// Reads a word as `[0-9]*<<-?END`.
fn document(word: &str) -> Option<DocumentEnd> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let (is_indented, rest) = rest.strip_prefix('-').map_or((false, rest), |rest| (true, rest));
    let rest = rest.trim_start();
    if rest.is_empty() || rest.contains('<') {
        return None;
    }
    Some(DocumentEnd { end: unquoted(rest)?, is_indented })
}

/// Removes quotes and escapes of a single word; none where it is not one.
fn unquoted(word: &str) -> Option<String> {
    let mut text = String::new();
    let mut characters = word.chars();
    let mut quote = None;
    while let Some(c) = characters.next() {
        match quote {
            None if c.is_whitespace() => return None,
            None if c == '\'' || c == '"' => quote = Some(c),
            Some(open) if c == open => quote = None,
            None if c == '\\' => text.extend(characters.next()),
            Some('"') if c == '\\' => match characters.next() {
                Some(next @ ('"' | '$' | '\\')) => text.push(next),
                Some(next) => text.extend([c, next]),
                None => {}
            },
            _ => text.push(c),
        }
    }
    (quote.is_none() && !text.is_empty()).then_some(text)
}

/// Splits a line at white space outside of quotes, which stay; none where a quote or a variable does not end.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = vec![String::new()];
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        let last = words.last_mut()?;
        match c {
            '\'' => {
                last.push(c);
                until(&mut characters, last, c, false)?;
            }
            '"' => {
                last.push(c);
                until(&mut characters, last, c, true)?;
            }
            '$' => {
                let mut text = String::from(c);
                if characters.peek() == Some(&'{') {
                    variable(&mut characters, &mut text)?;
                }
                // White space in a default ends a word, too.
                let mut parts = text.split(char::is_whitespace);
                last.push_str(parts.next().unwrap_or_default());
                words.extend(parts.map(str::to_owned));
            }
            '<' if characters.peek() == Some(&'<') => {
                characters.next();
                last.push_str("<<");
                while let Some(blank) = characters.next_if(|c| matches!(c, ' ' | '\t' | '\r' | '\n')) {
                    last.push(blank);
                }
            }
            '\\' => {
                last.push(c);
                last.extend(characters.next());
            }
            c if c.is_whitespace() => words.push(String::new()),
            c => last.push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    Some(words)
}

/// Takes what is quoted, with the quote that ends it.
fn until(characters: &mut Peekable<Chars<'_>>, text: &mut String, end: char, has_escapes: bool) -> Option<()> {
    loop {
        let c = characters.next()?;
        text.push(c);
        if c == end {
            return Some(());
        }
        if has_escapes && c == '\\' {
            text.extend(characters.next());
        }
        if has_escapes && c == '$' && characters.peek() == Some(&'{') {
            variable(characters, text)?;
        }
    }
}

/// Takes `{…}`, which may hold further ones.
fn variable(characters: &mut Peekable<Chars<'_>>, text: &mut String) -> Option<()> {
    text.push(characters.next()?);
    if matches!(characters.peek()?, '{' | '}' | ':') {
        return None;
    }
    loop {
        let c = characters.next()?;
        text.push(c);
        match c {
            '}' => return Some(()),
            '\'' => until(characters, text, c, false)?,
            '"' => until(characters, text, c, true)?,
            '\\' => text.extend(characters.next()),
            '$' if characters.peek() == Some(&'{') => variable(characters, text)?,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn here_documents_are_those_of_buildkit() {
        for (line, ends) in [
            ("RUN <<EOF", ["EOF"].as_slice()),
            ("RUN cat <<-'E F' 3<<X", &["E F", "X"]),
            ("RUN cat << EOF", &["EOF"]),
            ("RUN cat <<\"E\"OF > /x", &["EOF"]),
            ("RUN echo $((1 << 2))", &["2))"]),
            ("RUN echo \"<<EOF\" a<<EOF <<<x \\<<EOF '<<E'", &[]),
            ("RUN cat <<- EOF", &[]),
            ("RUN echo it's <<EOF", &[]),
            ("RUN echo ${x <<EOF", &[]),
            ("RUN echo ${x:-<<EOF} 3\"<<EOF\"", &[]),
        ] {
            let found: Vec<String> = documents(line).into_iter().map(|document| document.end).collect();
            assert_eq!(found, ends, "{line}");
        }
    }
}
