//! What a text consists of.

use std::borrow::Cow;
use std::ops::Range;

/// A piece of a text, with its place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellToken {
    /// The bytes of the text that it is made of.
    pub range: Range<usize>,
    /// A word, a mark between words, or what is skipped.
    pub kind: ShellTokenKind,
}

/// What a shell makes of a piece of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShellTokenKind {
    /// Blanks, carriage returns and marks that continue a line, between other tokens.
    Blank,
    /// From `#` to the end of the line, without its line feed.
    Comment,
    /// A word, which may hold blanks and line feeds in quotes and in substitutions.
    Word(ShellWord),
    /// One of `&&`, `||`, `;`, `;;`, `;&`, `;;&`, `&`, `|`, `|&`, `(`, `)` and the line feed.
    Operator(&'static str),
    /// A redirection with its target.
    Redirection(Redirection),
    /// The body of a here-document and the line that ends it.
    HereDocument {
        /// The substitutions in the body; none where the delimiter was quoted.
        substitutions: Vec<Substitution>,
    },
}

/// Characters that a shell reads as one argument or one name, before it expands anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShellWord {
    /// The characters without quotes, escapes and marks of continued lines; expansions and substitutions as they are written. Of
    /// `$'…'` the dollar stays and its escapes, too.
    pub text: String,
    /// Whether any part of it is quoted or escaped: then it is neither a word of the shell's own nor an operator.
    pub quoted: bool,
    /// Whether the shell may make several words of it, or none: an expansion or a pattern outside of quotes.
    pub splits: bool,
    /// The parts in their order, without gaps.
    pub parts: Vec<WordPart>,
    /// All command and process substitutions, also those within `${…}`, in the order in which they end.
    pub substitutions: Vec<Substitution>,
}

/// Characters of a word that are quoted alike, or one expansion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordPart {
    /// The bytes of the text that it is made of.
    pub range: Range<usize>,
    /// How a shell quotes or expands it.
    pub kind: PartKind,
    /// Whether it lies within double quotes.
    pub quoted: bool,
}

/// What a part of a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartKind {
    /// Characters that represent themselves, or a pattern where they are not within double quotes.
    Literal,
    /// A backslash and the character behind it, which represents itself.
    Escape,
    /// A backslash before a line feed: nothing.
    Continuation,
    /// `'…'` with its quotes.
    SingleQuotes,
    /// `$'…'` with its quotes.
    AnsiQuotes,
    /// `"`, which opens or closes.
    DoubleQuote,
    /// `$NAME`, `${…}`, `$?`; in makefiles also `$(NAME)`.
    Parameter,
    /// `$(…)`, `` `…` ``, `$((…))`, `<(…)` or `>(…)`.
    Substitution,
}

/// A part of a text that is a text of its own: what is in the brackets of `$(…)`, `<(…)`, `>(…)` or between backquotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Substitution {
    /// The bytes between the brackets.
    pub inside: Range<usize>,
    /// Whether these are backquotes.
    pub backquoted: bool,
}

impl Substitution {
    /// Returns the lines that run. Between backquotes a backslash before `` ` ``, `$` or another one is taken away.
    #[must_use]
    pub fn line<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let inside = &text[self.inside.clone()];
        if !self.backquoted || !inside.contains('\\') {
            return Cow::Borrowed(inside);
        }
        let mut line = String::with_capacity(inside.len());
        let mut characters = inside.chars().peekable();
        while let Some(c) = characters.next() {
            let escaped = characters.next_if(|next| c == '\\' && matches!(next, '`' | '$' | '\\'));
            line.push(escaped.unwrap_or(c));
        }
        Cow::Owned(line)
    }
}

/// `[N]>word`, `>>`, `>|`, `<`, `<>`, `<<word`, `<<-`, `<<<`, `<&`, `>&`, `&>`, `&>>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirection {
    /// The digits before the operator; empty where it is the operator's own stream.
    pub descriptor: String,
    /// The characters such as `>>`.
    pub operator: &'static str,
    /// What is behind it, which may be empty.
    pub target: ShellWord,
}

impl Redirection {
    /// Whether it leads an output stream elsewhere: into a file, or away. `2>&1` does not.
    #[must_use]
    pub fn leads_output_away(&self) -> bool {
        let target = self.target.text.as_str();
        let is_copy = self.operator == ">&" && (target == "-" || target.bytes().all(|byte| byte.is_ascii_digit()));
        let writes = self.operator.contains('>') && self.operator != "<>";
        writes && !is_copy && matches!(self.descriptor.as_str(), "" | "1" | "2")
    }
}
