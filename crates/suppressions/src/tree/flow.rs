//! Lists of YAML that are not written one item per line.

/// Why a list is not read, with the remedy.
pub(super) const WHY: &str = "a list in a form that is not understood here; write one item per line";

/// What is behind a key on its line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FlowList<'a> {
    /// Nothing, or a plain value: what is set in below is read by lines.
    None,
    /// A list in brackets.
    Items(Vec<&'a str>),
    /// A list or a mapping that goes on on other lines, nests, or is somewhere else.
    Unread,
}

/// Reads `[a, 'b']`.
pub(super) fn flow(value: &str) -> FlowList<'_> {
    let value = value.split(" #").next().unwrap_or_default().trim();
    if !value.starts_with(['[', '{', '*', '&', '!']) || value == "{}" {
        return FlowList::None;
    }
    let inner = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let Some(inner) = inner.filter(|inner| !inner.contains(['[', ']', '{', '}'])) else { return FlowList::Unread };
    let items = inner.split(',').map(|item| item.trim().trim_matches(['"', '\'']));
    FlowList::Items(items.filter(|item| !item.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_in_brackets_are_read_and_others_named() {
        assert_eq!(flow(" [a, 'b c', \"d\",] # e"), FlowList::Items(vec!["a", "b c", "d"]));
        assert_eq!(flow(" []"), FlowList::Items(Vec::new()));
        for plain in ["", " ", " true", " # a", " {}"] {
            assert_eq!(flow(plain), FlowList::None, "{plain:?}");
        }
        for other in [" [a,", " {a: b}", " *anchor", " &anchor", " [[a], b]", " !!set {a}"] {
            assert_eq!(flow(other), FlowList::Unread, "{other:?}");
        }
    }
}
