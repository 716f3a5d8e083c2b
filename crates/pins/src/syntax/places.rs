//! Places that people leave open in lines, such as `<version>`: a shell would take them for redirections.

/// Whether a word is one that people replace.
#[must_use]
pub fn is_place(word: &str) -> bool {
    word.len() > 2 && word.starts_with('<') && word.ends_with('>')
}

/// Returns the text with underscores in the stead of places, byte for byte as long.
#[must_use]
pub fn masked(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        let place = word.trim_end();
        if is_place(place) {
            masked.extend(std::iter::repeat_n('_', place.len()));
            masked.push_str(&word[place.len()..]);
        } else {
            masked.push_str(word);
        }
    }
    masked
}
