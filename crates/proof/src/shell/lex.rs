//! Words and operators (POSIX.1-2017, Shell Command Language, 2.3), quotes removed.

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum XmlToken {
    /// A word without its quotes, and the lines inside its command substitutions. `splits` says that the shell may make
    /// several words of it.
    Word { text: String, quoted: bool, splits: bool, substitutions: Vec<String> },
    /// `&&`, `||`, `;`, `&`, `|`, `(`, `)` or a line feed.
    Operator(&'static str),
    /// A redirection, and the lines inside the substitutions of its target. `standard` says that an output stream goes
    /// elsewhere by it.
    Redirection { standard: bool, substitutions: Vec<String> },
}

impl XmlToken {
    /// Whether it is a redirection of an output stream to elsewhere.
    pub(super) const fn leads_away(&self) -> bool {
        matches!(self, Self::Redirection { standard: true, .. })
    }
}

const OPERATORS: [&str; 10] = ["&&", "||", ";;", "|&", ";", "&", "|", "(", ")", "\n"];

/// Splits a line.
pub(super) fn tokens(line: &str) -> Vec<XmlToken> {
    let mut lexer = Lexer { rest: line, tokens: Vec::new(), heredocs: Vec::new() };
    while lexer.step() {}
    lexer.tokens
}

struct Lexer<'a> {
    rest: &'a str,
    tokens: Vec<XmlToken>,
    /// Delimiters, and whether tabs before them are taken away.
    heredocs: Vec<(String, bool)>,
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
            // A line that ends with one of these goes on in the next.
            let goes_on = matches!(self.tokens.last(), Some(XmlToken::Operator("&&" | "||" | "|")));
            if *operator != "\n" || !goes_on {
                self.tokens.push(XmlToken::Operator(match *operator {
                    "|&" => "|",
                    ";;" => ";",
                    other => other,
                }));
            }
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
        if matches!(*form, "<" | ">") && after[1..].starts_with('(') {
            return false;
        }
        self.rest = after[form.len()..].trim_start_matches([' ', '\t']);
        let (target, substitutions) = match self.word() {
            XmlToken::Word { text, substitutions, .. } => (text, substitutions),
            _ => (String::new(), Vec::new()),
        };
        if matches!(*form, "<<" | "<<-") {
            self.heredocs.push((target, *form == "<<-"));
            return true;
        }
        let duplicate = *form == ">&" && (target == "-" || target.bytes().all(|byte| byte.is_ascii_digit()));
        let out = form.contains('>') && *form != "<>";
        let standard = out && !duplicate && matches!(descriptor, "" | "1" | "2");
        self.tokens.push(XmlToken::Redirection { standard, substitutions });
        true
    }

    fn skip_heredocs(&mut self) {
        for (delimiter, indented) in std::mem::take(&mut self.heredocs) {
            loop {
                let end = self.rest.find('\n').map_or(self.rest.len(), |end| end + 1);
                let (line, rest) = self.rest.split_at(end);
                self.rest = rest;
                let line = line.trim_end_matches('\n');
                let line = if indented { line.trim_start_matches('\t') } else { line };
                if line == delimiter || rest.is_empty() {
                    break;
                }
            }
        }
    }

    fn word(&mut self) -> XmlToken {
        let (mut text, mut quoted, mut splits, mut substitutions) = (String::new(), false, false, Vec::new());
        while let Some(c) = self.rest.chars().next() {
            let after = &self.rest[c.len_utf8()..];
            match c {
                '<' | '>' if after.starts_with('(') => self.process(&mut text, &mut substitutions),
                '$' if after.starts_with('\'') => {
                    let end = ansi_quote(&after[1..]);
                    text.push('$');
                    text.push_str(after[1..].get(..end).unwrap_or_default());
                    (quoted, splits) = (true, true);
                    self.rest = after.get(end + 2..).unwrap_or_default();
                }
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
                '$' | '`' if self.substitution(&mut text, &mut substitutions) => splits = true,
                other => {
                    splits |= matches!(other, '$' | '*' | '?' | '[' | '{');
                    text.push(other);
                    self.rest = after;
                }
            }
        }
        XmlToken::Word { text, quoted, splits, substitutions }
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

    /// Takes `<(…)` or `>(…)` whole.
    fn process(&mut self, text: &mut String, substitutions: &mut Vec<String>) {
        let inside = &self.rest[2..];
        let length = closing(inside, '(', ')');
        substitutions.push(inside[..length].to_owned());
        let taken = (2 + length + 1).min(self.rest.len());
        text.push_str(&self.rest[..taken]);
        self.rest = &self.rest[taken..];
    }

    /// Takes `$(…)`, `${…}` or `` `…` `` whole; the text keeps it as it is.
    fn substitution(&mut self, text: &mut String, substitutions: &mut Vec<String>) -> bool {
        let (open, length) = if let Some(inside) = self.rest.strip_prefix("$(") {
            (inside, closing(inside, '(', ')'))
        } else if let Some(inside) = self.rest.strip_prefix("${") {
            (inside, closing(inside, '{', '}'))
        } else if let Some(inside) = self.rest.strip_prefix('`') {
            (inside, inside.find('`').unwrap_or(inside.len()))
        } else {
            return false;
        };
        if self.rest.starts_with("${") {
            let words = tokens(&open[..length]).into_iter();
            substitutions.extend(words.flat_map(|token| match token {
                XmlToken::Word { substitutions, .. } | XmlToken::Redirection { substitutions, .. } => substitutions,
                XmlToken::Operator(_) => Vec::new(),
            }));
        } else {
            substitutions.push(open[..length].to_owned());
        }
        let taken = self.rest.len() - open.len() + (length + 1).min(open.len());
        text.push_str(&self.rest[..taken]);
        self.rest = &self.rest[taken..];
        true
    }
}

/// Finds what closes what was opened before this text, outside of quotes.
fn closing(text: &str, open: char, close: char) -> usize {
    let (mut depth, mut quote) = (0_usize, None);
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match (c, quote) {
            ('\'', Some('\'')) | ('"', Some('"')) => quote = None,
            (_, Some('\'')) => {}
            ('\\', _) => {
                characters.next();
            }
            (_, Some(_)) => {}
            ('\'' | '"', None) => quote = Some(c),
            _ if c == open => depth += 1,
            _ if c == close && depth == 0 => return at,
            _ if c == close => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

/// Finds the quote that ends `$'…'`, in which a backslash keeps the quote behind it.
fn ansi_quote(text: &str) -> usize {
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => {
                characters.next();
            }
            '\'' => return at,
            _ => {}
        }
    }
    text.len()
}
