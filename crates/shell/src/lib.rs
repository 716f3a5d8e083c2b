//! Tier 1: shell text as tokens with places. Pure, and everything that reads shell lines reads them through here.
//!
//! This is a lexer and not a shell: it knows quotes, escapes, expansions, substitutions, operators, redirections,
//! here-documents, comments and continued lines (POSIX.1-2017, Shell Command Language, 2.2 to 2.7, and what bash has beyond
//! that), and expands nothing. Every text has tokens: what is left open goes on to the end.
//!
//! The tokens of a text are in its order and leave nothing out, so that their ranges, one after the other, are the text. The
//! same holds for a word and its parts. The time is linear in the length of the text: brackets in brackets are followed
//! [`DEEPEST`] levels deep, and are characters like all others below that.
//!
//! The compiler refuses what lies above or beside, because `Cargo.toml` does not name it:
//!
//! ```no_run
//! use rcrepro_shell as _;
//! ```
//!
//! ```compile_fail,E0432
//! use rcrepro_model as _;
//! ```

#![warn(clippy::expect_used)]

mod heredoc;
mod lexer;
mod parameter;
#[cfg(test)]
mod properties;
mod quote;
#[cfg(test)]
mod tests;
mod token;
mod word;

pub use lexer::{DEEPEST, ShellDialect, tokens, tokens_within};
pub use parameter::{ShellParameter, TemplatePiece, template};
pub use quote::quoted;
pub use token::{PartKind, Redirection, ShellToken, ShellTokenKind, ShellWord, Substitution, WordPart};
