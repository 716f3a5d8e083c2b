//! Debian's control format: stanzas of `Name: value` lines.
//!
//! Source: deb822(5). Only the first line of a value is read, except where a field is a list of lines.

/// Returns the stanzas of a text, which empty lines part.
pub(super) fn stanzas(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n\n").map(|stanza| stanza.trim_matches('\n')).filter(|stanza| !stanza.is_empty())
}

/// Returns a stanza's fields, each with the first line of its value; continued lines are passed over.
pub(super) fn fields(stanza: &str) -> impl Iterator<Item = (&str, &str)> {
    let whole = stanza.split('\n').filter(|line| !line.starts_with([' ', '\t', '#']));
    whole.filter_map(|line| line.split_once(':').map(|(name, value)| (name, value.trim())))
}

/// Returns the lines that continue a field.
pub(super) fn continued<'a>(stanza: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let mut lines = stanza.split('\n');
    let found = lines.by_ref().any(|line| line.split_once(':').is_some_and(|(found, _)| found == name));
    lines.take_while(move |line| found && line.starts_with([' ', '\t'])).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stanzas_fields_and_lists_are_told_apart() {
        let text = "A: 1\nList:\n x 1\n y 2\nB:  two words \n\n\nA: 2\n";
        let found: Vec<_> = stanzas(text).collect();
        assert_eq!(found.len(), 2);
        assert_eq!(fields(found[0]).collect::<Vec<_>>(), [("A", "1"), ("List", ""), ("B", "two words")]);
        assert_eq!(continued(found[0], "List").collect::<Vec<_>>(), ["x 1", "y 2"]);
        assert_eq!(continued(found[0], "B").count() + continued(found[0], "Other").count(), 0);
    }
}
