//! What holds for every text.

use std::ops::Range;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::{ShellDialect, ShellTokenKind, ShellWord, Substitution, TemplatePiece};
use crate::{quoted, template, tokens, tokens_within};

const DIALECTS: [ShellDialect; 2] = [ShellDialect::Shell, ShellDialect::Make];

/// Whether ranges are in order and leave nothing out.
fn covers<'a>(whole: &Range<usize>, ranges: impl Iterator<Item = &'a Range<usize>>) -> bool {
    let mut at = whole.start;
    for range in ranges {
        if range.start != at || range.end <= at {
            return false;
        }
        at = range.end;
    }
    at == whole.end
}

fn check_word(text: &str, word: &ShellWord, whole: &Range<usize>) {
    let range = word.parts.first().map_or(whole.end, |part| part.range.start)..whole.end;
    assert!(covers(&range, word.parts.iter().map(|part| &part.range)), "{text:?}: {word:?}");
    check_inside(text, &word.substitutions, whole);
}

fn check_inside(text: &str, substitutions: &[Substitution], whole: &Range<usize>) {
    for substitution in substitutions {
        let inside = &substitution.inside;
        assert!(whole.start <= inside.start && inside.end <= whole.end, "{text:?}: {substitution:?}");
        let within = tokens_within(text, inside.clone(), ShellDialect::Shell);
        assert!(covers(inside, within.iter().map(|token| &token.range)), "{text:?}: {within:?}");
        assert!(substitution.line(text).len() <= inside.len());
    }
}

fn check(text: &str) {
    for dialect in DIALECTS {
        let found = tokens(text, dialect);
        assert!(covers(&(0..text.len()), found.iter().map(|token| &token.range)), "{text:?}: {found:?}");
        for token in &found {
            match &token.kind {
                ShellTokenKind::Word(word) => {
                    assert_eq!(word.parts.first().map(|part| part.range.start), Some(token.range.start), "{text:?}");
                    check_word(text, word, &token.range);
                }
                ShellTokenKind::Redirection(redirection) => check_word(text, &redirection.target, &token.range),
                ShellTokenKind::HereDocument { substitutions } => check_inside(text, substitutions, &token.range),
                ShellTokenKind::Operator(operator) => assert_eq!(&text[token.range.clone()], *operator),
                ShellTokenKind::Comment => assert!(text[token.range.clone()].starts_with('#')),
                ShellTokenKind::Blank => {
                    assert_eq!(text[token.range.clone()].trim_matches([' ', '\t', '\r', '\\', '\n']), "")
                }
            }
        }
    }
    let _ = template(text, ShellDialect::Make);
}

/// Texts in which most characters mean something.
fn shell() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => prop::sample::select(vec![
            "$(", ")", "${", "}", "`", "'", "\"", "\\", "\n", "\\\n", "<<E", "<<-'E'", "\nE\n", "((", "))", "$((", "$'", "<(", ">(", "&&",
            "||", ";;", "|&", ";", "&", "|", "(", "2>&1", ">", "<", "<<<", "&>", "#", " ", "\t", "\r", "$$", "$X", "$(X)", "=", "12",
        ]).prop_map(str::to_owned),
        2 => "[a-z]{1,3}",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn tokens_cover_what_looks_like_a_shell_line(text in shell()) {
        check(&text);
    }

    #[test]
    fn tokens_cover_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_quoted_text_is_one_word_that_reads_as_it(text in any::<String>()) {
        let line = format!("a {}", quoted(&text));
        let found = tokens(&line, ShellDialect::Shell);
        let Some(ShellTokenKind::Word(word)) = found.last().map(|token| &token.kind) else { panic!("a word") };
        prop_assert_eq!(&word.text, &text);
        prop_assert!(word.quoted && !word.splits && word.substitutions.is_empty());
    }

    #[test]
    fn a_template_without_dollars_is_one_text(text in "[^$]{1,30}") {
        prop_assert_eq!(template(&text, ShellDialect::Shell), [TemplatePiece::Text(&text)]);
    }
}

/// Returns the fastest of a few readings.
fn time(text: &str) -> Duration {
    let once = || {
        let begin = Instant::now();
        for dialect in DIALECTS {
            assert!(!tokens(text, dialect).is_empty());
        }
        assert!(!template(text, ShellDialect::Make).is_empty());
        begin.elapsed()
    };
    (0..3).map(|_| once()).min().unwrap_or_default()
}

#[test]
fn hostile_texts_take_linear_time() {
    let unit = 500;
    for piece in [
        "$(",
        "${",
        "`",
        "\"",
        "'",
        "\\",
        "$((",
        "((",
        "<(",
        "$'",
        "<<E ",
        "<<E\n",
        "\"$(",
        "${x:-",
        "$(cat <<E\n",
        "$(a ",
        "1",
        "$",
        "$(\"",
        "${\"",
        "<",
        "a&",
        "#",
        "$\"`",
        "<<E\n$(cat <<F\n",
        "\n",
        "\\\n",
        "$(x)",
        "(",
        ")",
        "$(case x in x) a;; esac)",
    ] {
        let (short, long) = (time(&piece.repeat(unit)), time(&piece.repeat(unit * 8)));
        // Sixteen times the time would be much for eight times the text, and sixty-four times what squares take.
        let most = short * 24 + Duration::from_millis(40);
        assert!(long < most, "{piece:?}: {short:?} for {unit}, {long:?} for {}", unit * 8);
    }
}
