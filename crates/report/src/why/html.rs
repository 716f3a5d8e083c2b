//! `rcrepro why --html`: one file that needs nothing else: no script, no font, no picture from elsewhere.

use std::fmt::Write as _;

use rcrepro_model::text::printable::is_active;
use rcrepro_model::why::Why;
use rcrepro_model::why::difference::Explained;

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}\
h2{font-size:1.1rem;margin:2rem 0 .4rem}table{border-collapse:collapse;width:100%;table-layout:fixed}\
td,th{border:1px solid #8886;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}\
td.s{font:13px/1.4 ui-monospace,monospace;white-space:pre-wrap}th:nth-child(1){width:18%}th:nth-child(2){width:11%}\
th:nth-child(5){width:26%}.real{background:#d0302022}.follows{opacity:.6}pre{overflow:auto;max-height:30rem;border:1px solid #8886;padding:.5rem}";

/// Writes the page.
#[must_use]
pub fn html(why: &Why) -> String {
    let packet = escape(&why.packet.to_string());
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{packet}: why it differs</title>\n<style>{STYLE}</style>\n<h1>{packet}: why it differs</h1>\n"
    );
    let mut put = |text: std::fmt::Arguments<'_>| page.write_fmt(text).expect("a string takes everything");
    for (letter, side) in ["A", "B"].into_iter().zip(&why.sides) {
        put(format_args!("<p>{letter}: {}, manifest <code>{}</code></p>\n", escape(&side.name), side.digest));
    }
    put(format_args!("<p>{}</p>\n<table><tr><th>class<th>differences<th>remedies\n", escape(&why.counts.to_string())));
    for (class, count) in why.classes() {
        let mut remedies: Vec<&str> = why
            .differences()
            .filter(|one| one.class == class && !one.follows)
            .filter_map(|one| one.remedy.as_deref())
            .collect();
        remedies.sort_unstable();
        remedies.dedup();
        put(format_args!("<tr><td>{class}<td>{count}<td>{}\n", escape(&remedies.join("; or "))));
    }
    put(format_args!("</table>\n"));
    for missing in &why.missing {
        put(format_args!("<p>Missing: {}, blob <code>{}</code></p>\n", escape(&missing.what), missing.digest));
    }
    table(&mut page, "Inputs", &why.inputs);
    table(&mut page, "Endings", &why.endings);
    for part in &why.parts {
        table(&mut page, &format!("{} {}, {}", part.command, part.part, part.equality.as_str()), &part.differences);
        if let Some(diffoscope) = &part.diffoscope {
            page.push_str(&format!(
                "<details><summary>diffoscope</summary><pre>{}</pre></details>\n",
                escape(diffoscope)
            ));
        }
    }
    for image in &why.images {
        table(&mut page, &image.to_string(), &image.differences);
    }
    page.push_str("</html>\n");
    page
}

fn table(page: &mut String, title: &str, differences: &[Explained]) {
    if differences.is_empty() {
        return;
    }
    page.push_str(&format!(
        "<h2>{}</h2>\n<table><tr><th>place<th>class<th>A<th>B<th>cause and remedy\n",
        escape(title)
    ));
    for one in differences {
        let marks = [(one.class.as_str() == "real").then_some("real"), one.follows.then_some("follows")];
        let marks: Vec<&str> = marks.into_iter().flatten().collect();
        let remedy = one.remedy.as_deref().map(|remedy| format!("<br>Remedy: {}", escape(remedy))).unwrap_or_default();
        let follows = if one.follows { "Follows from the others. " } else { "" };
        page.push_str(&format!(
            "<tr class=\"{}\"><td>{}<td>{}<td class=\"s\">{}<td class=\"s\">{}<td>{follows}{}{remedy}\n",
            marks.join(" "),
            escape(&one.at),
            one.class,
            escape(&one.left),
            escape(&one.right),
            escape(&one.cause)
        ));
    }
    page.push_str("</table>\n");
}

/// Escapes text for HTML; control characters, which HTML cannot hold, and what reorders text are written out.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(character),
            character if is_active(character) => escaped.extend(character.escape_default()),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_printed_gets_into_the_page_as_markup() {
        let hostile = "<script>alert(1)</script>\" onload='x'\u{0}&";
        let mut page = String::new();
        let one = Explained::real(hostile, [hostile, hostile], hostile);
        table(&mut page, hostile, &[one]);
        assert!(!page.contains("<script") && !page.contains("onload='") && !page.contains('\0'), "{page}");
    }
}
