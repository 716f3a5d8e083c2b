//! The commands of a shell line, as words.

use rcrepro_shell::{ShellDialect, ShellTokenKind, tokens};

/// How many lines in quotes are followed, as `bash -c '…'` has one.
const DEEPEST: usize = 4;

/// Splits a line into its commands, each the words of one call; those in quotes behind `-c` among them.
pub fn commands(line: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    gather(line, 0, &mut found);
    found
}

fn gather(line: &str, depth: usize, found: &mut Vec<Vec<String>>) {
    let mut words: Vec<String> = Vec::new();
    let end = |words: &mut Vec<String>, found: &mut Vec<Vec<String>>| {
        let words = std::mem::take(words);
        if let (Some(at), true) = (words.iter().position(|word| word == "-c"), depth < DEEPEST)
            && let Some(inner) = words.get(at + 1)
        {
            gather(inner, depth + 1, found);
        }
        if !words.is_empty() {
            found.push(words);
        }
    };
    for token in tokens(line, ShellDialect::Shell) {
        match token.kind {
            ShellTokenKind::Word(word) => words.push(word.text),
            ShellTokenKind::Operator(_) => end(&mut words, found),
            _ => {}
        }
    }
    end(&mut words, found);
}

/// Returns the file name of a program.
pub fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}
