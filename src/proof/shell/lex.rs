//! Words and operators (POSIX.1-2017, Shell Command Language, 2.3), quotes removed.

/// Is a piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A word without its quotes, and the lines inside its command substitutions.
    Word { text: String, quoted: bool, substitutions: Vec<String> },
    /// `&&`, `||`, `;`, `&`, `|`, `(`, `)` or a line feed.
    Operator(&'static str),
    /// A redirection of these descriptors to a file; `None` is what leads nowhere else, such as `2>&1`.
    Redirection { standard: bool },
}

const OPERATORS: [&str; 10] = ["&&", "||", ";;", "|&", ";", "&", "|", "(", ")", "\n"];

/// Splits a line.
pub(super) fn tokens(line: &str) -> Vec<Token> {
    let mut lexer = Lexer { rest: line, tokens: Vec::new(), heredocs: Vec::new() };
    while lexer.step() {}
    lexer.tokens
}

struct Lexer<'a> {
    rest: &'a str,
    tokens: Vec<Token>,
    heredocs: Vec<String>,
}

impl Lexer<'_> {
    fn step(&mut self) -> bool {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r']);
        if let Some(rest) = self.rest.strip_prefix("\\\n") {
            self.rest = rest;
            return true;
        }
        let Some(first) = self.rest.chars().next() else { return false };
        if first == '#' {
            self.rest = &self.rest[self.rest.find('\n').unwrap_or(self.rest.len())..];
            return true;
        }
        if self.redirection() {
            return true;
        }
        if let Some(operator) = OPERATORS.iter().find(|operator| self.rest.starts_with(**operator)) {
            self.rest = &self.rest[operator.len()..];
            self.tokens.push(Token::Operator(match *operator {
                "|&" => "|",
                ";;" => ";",
                other => other,
            }));
            if *operator == "\n" {
                self.skip_heredocs();
            }
            return true;
        }
        let word = self.word();
        self.tokens.push(word);
        true
    }

    /// Reads `[N]>word`, `>>`, `>|`, `<`, `<<word`, `<<<`, `&>`, `N>&M`.
    fn redirection(&mut self) -> bool {
        let digits = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
        let (descriptor, after) = self.rest.split_at(digits);
        let forms = ["&>>", "&>", "<<<", "<<-", "<<", "<&", "<>", "<", ">>", ">&", ">|", ">"];
        let Some(form) = forms.iter().find(|form| after.starts_with(**form)) else { return false };
        self.rest = after[form.len()..].trim_start_matches([' ', '\t']);
        let target = match self.word() {
            Token::Word { text, .. } => text,
            _ => String::new(),
        };
        if matches!(*form, "<<" | "<<-") {
            self.heredocs.push(target);
            return true;
        }
        let duplicate = *form == ">&" && (target == "-" || target.bytes().all(|byte| byte.is_ascii_digit()));
        if form.contains('>') && *form != "<>" {
            let standard = !duplicate && matches!(descriptor, "" | "1" | "2");
            self.tokens.push(Token::Redirection { standard });
        }
        true
    }

    fn skip_heredocs(&mut self) {
        for delimiter in std::mem::take(&mut self.heredocs) {
            loop {
                let end = self.rest.find('\n').map_or(self.rest.len(), |end| end + 1);
                let (line, rest) = self.rest.split_at(end);
                self.rest = rest;
                if line.trim_end_matches('\n').trim_start_matches('\t') == delimiter || rest.is_empty() {
                    break;
                }
            }
        }
    }

    fn word(&mut self) -> Token {
        let (mut text, mut quoted, mut substitutions) = (String::new(), false, Vec::new());
        while let Some(c) = self.rest.chars().next() {
            let after = &self.rest[c.len_utf8()..];
            match c {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                '\'' => {
                    let end = after.find('\'').unwrap_or(after.len());
                    text.push_str(&after[..end]);
                    quoted = true;
                    self.rest = after.get(end + 1..).unwrap_or_default();
                }
                '"' => {
                    quoted = true;
                    self.rest = after;
                    self.double_quoted(&mut text, &mut substitutions);
                }
                '\\' => {
                    let mut escaped = after.chars();
                    match escaped.next() {
                        Some('\n') | None => {}
                        Some(other) => text.push(other),
                    }
                    quoted = true;
                    self.rest = escaped.as_str();
                }
                '$' | '`' if self.substitution(&mut text, &mut substitutions) => {}
                other => {
                    text.push(other);
                    self.rest = after;
                }
            }
        }
        Token::Word { text, quoted, substitutions }
    }

    fn double_quoted(&mut self, text: &mut String, substitutions: &mut Vec<String>) {
        while let Some(c) = self.rest.chars().next() {
            let after = &self.rest[c.len_utf8()..];
            match c {
                '"' => {
                    self.rest = after;
                    return;
                }
                '\\' => {
                    let mut escaped = after.chars();
                    let next = escaped.next();
                    if let Some(other) = next.filter(|next| *next != '\n') {
                        if !matches!(other, '$' | '`' | '"' | '\\') {
                            text.push('\\');
                        }
                        text.push(other);
                    }
                    self.rest = escaped.as_str();
                }
                '$' | '`' if self.substitution(text, substitutions) => {}
                other => {
                    text.push(other);
                    self.rest = after;
                }
            }
        }
    }

    /// Takes `$(…)` or `` `…` `` whole; the text keeps it as it stands.
    fn substitution(&mut self, text: &mut String, substitutions: &mut Vec<String>) -> bool {
        let (open, length) = if let Some(inside) = self.rest.strip_prefix("$(") {
            (inside, closing_parenthesis(inside))
        } else if let Some(inside) = self.rest.strip_prefix('`') {
            (inside, inside.find('`').unwrap_or(inside.len()))
        } else {
            return false;
        };
        substitutions.push(open[..length].to_owned());
        let taken = self.rest.len() - open.len() + (length + 1).min(open.len());
        text.push_str(&self.rest[..taken]);
        self.rest = &self.rest[taken..];
        true
    }
}

/// Finds the `)` that closes what was opened before this text.
fn closing_parenthesis(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return at,
            ')' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}
