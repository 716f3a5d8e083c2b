use super::*;

fn texts() -> BTreeMap<String, String> {
    [("board", "| a |\n|---|\n| b |\n"), ("verdict", "GO")]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into()
}

const DOCUMENT: &str = "# T\n\n<!-- rcrepro:begin board -->\nold\n<!-- rcrepro:end board -->\n\nprose\n\
                        <!-- rcrepro:begin verdict -->\n<!-- rcrepro:end verdict -->";

#[test]
fn sections_are_written_and_the_rest_stays() {
    let written = replace(DOCUMENT, &texts()).expect("good markers");
    let expected = "# T\n\n<!-- rcrepro:begin board -->\n\n| a |\n|---|\n| b |\n\n<!-- rcrepro:end board -->\n\nprose\n\
                    <!-- rcrepro:begin verdict -->\n\nGO\n\n<!-- rcrepro:end verdict -->";
    assert_eq!(written, expected);
    assert_eq!(replace(&written, &texts()).expect("good markers"), written, "writing twice changes nothing");
    assert_eq!(check(&written, &texts()), Ok(Vec::new()));
    assert!(names(DOCUMENT).expect("good markers").into_iter().eq([("board".into(), true), ("verdict".into(), false)]));
}

#[test]
fn a_stale_section_is_named_with_its_line_and_what_differs() {
    let stale = check(DOCUMENT, &texts()).expect("good markers");
    assert_eq!(
        stale.iter().map(|stale| (stale.name.as_str(), stale.line)).collect::<Vec<_>>(),
        [("board", 3), ("verdict", 8)]
    );
    assert_eq!(stale[0].difference, ["-old", "+", "+| a |", "+|---|", "+| b |", "+"]);
    let written = replace(DOCUMENT, &texts()).expect("good markers");
    let touched = written.replacen("| b |", "| c |", 1);
    assert_eq!(check(&touched, &texts()).expect("good markers")[0].difference, ["-| c |", "+| b |"]);
}

#[test]
fn line_ends_are_the_documents() {
    let written = replace(&DOCUMENT.replace('\n', "\r\n"), &texts()).expect("good markers");
    assert_eq!(written.replace("\r\n", "").matches('\n').count(), 0);
    assert_eq!(check(&written, &texts()), Ok(Vec::new()));
}

#[test]
fn markers_that_do_not_fit_are_refused_with_their_line() {
    let (begin, end) = ("<!-- rcrepro:begin board -->\n", "<!-- rcrepro:end board -->\n");
    let verdict = "<!-- rcrepro:begin verdict -->\n";
    for (document, expected) in [
        (begin.to_owned(), "line 1: section `board` begins and never ends"),
        (format!("\n{end}"), "line 2: section `board` ends, but none of that name has begun"),
        (format!("{begin}{verdict}{end}"), "line 2: section `verdict` begins inside section `board`"),
        (format!("{verdict}{end}"), "line 2: section `board` ends, but none of that name has begun"),
        (
            format!("{begin}{end}\n{begin}{end}"),
            "line 4: section `board` occurs twice in the document, first at line 1",
        ),
        (
            "<!-- rcrepro:begin bord -->\n<!-- rcrepro:end bord -->\n".to_owned(),
            "line 1: unknown section `bord`: expected one of `board`, `verdict`",
        ),
    ] {
        let error = replace(&document, &texts()).expect_err(expected);
        assert!(error.to_string().starts_with(expected), "{error}");
        assert_eq!(check(&document, &texts()), Err(error));
    }
}

#[test]
fn markers_in_code_and_other_comments_are_text() {
    let document = "```\n<!-- rcrepro:begin board -->\n```\n\n    <!-- rcrepro:begin board -->\n\n<!-- other -->\n\n\
                    A `<!-- rcrepro:begin board -->` in prose.\n";
    assert_eq!(replace(document, &texts()).expect("no marker"), document);
}

#[test]
fn a_section_after_a_table_or_a_paragraph_is_still_one() {
    let document =
        "| a |\n|---|\n| b |\n<!-- rcrepro:begin verdict -->\n<details>\n</details>\n<!-- rcrepro:end verdict -->\n";
    assert!(replace(document, &texts()).expect("good markers").contains("\nGO\n"));
}

#[test]
fn what_is_written_can_be_taken_out() {
    let written = replace(DOCUMENT, &texts()).expect("good markers");
    let left = emptied(&written).expect("good markers");
    assert_eq!(left, emptied(DOCUMENT).expect("good markers"), "no writing changes it");
    assert!(!left.contains("| b |") && left.contains("prose"));
    let blanked = blanked(&written).expect("good markers");
    let place = |text: &str| text.lines().position(|line| line == "prose");
    assert!(place(&blanked).is_some() && place(&blanked) == place(&written) && !blanked.contains("| b |"));
}
