//! A document of YAML or JSON, every node with its place.

/// A node of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxNode {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1; that of the text itself where it is in quotes.
    pub column: usize,
    /// What it holds.
    pub value: Value,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text, a number or a word.
    Scalar(String),
    /// The members of a sequence or an array, in their order.
    List(Vec<SyntaxNode>),
    /// Keys with values, in their order.
    Map(Vec<(SyntaxNode, SyntaxNode)>),
}

impl SyntaxNode {
    /// Returns line and column, both from 1.
    #[must_use]
    pub const fn place(&self) -> (usize, usize) {
        (self.line, self.column)
    }

    /// Returns the text of a scalar.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        if let Value::Scalar(text) = &self.value { Some(text) } else { None }
    }

    /// Lists the pairs of a map; none for anything else.
    #[must_use]
    pub fn pairs(&self) -> &[(Self, Self)] {
        if let Value::Map(pairs) = &self.value { pairs } else { &[] }
    }

    /// Lists the members of a list; none for anything else.
    #[must_use]
    pub fn members(&self) -> &[Self] {
        if let Value::List(members) = &self.value { members } else { &[] }
    }

    /// Looks a key up.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.pairs().iter().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    /// Looks up key after key.
    #[must_use]
    pub fn path(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Lists the values of a node: its members, or itself.
    #[must_use]
    pub fn each(&self) -> Vec<&Self> {
        if let Value::List(members) = &self.value { members.iter().collect() } else { vec![self] }
    }
}

/// Why a document cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}
