//! Tests of the BuildKit normalizer, rule by rule; the recorded builds are in `properties.rs`.

use super::*;

fn canonical(raw: &str) -> String {
    String::from_utf8(apply(raw.as_bytes())).expect("text in, text out")
}

#[test]
fn steps_are_gathered_sorted_and_counted_anew() {
    let raw = "#1 [b] RUN x\n#1 0.432 one\n#1 ...\n\n#2 [a] RUN y\n#2 1.026 two DONE 0.3s\n#2 DONE 1.4s\n\n#1 [b] RUN x\n#1 DONE 1.7s\n";
    let expected = "#1 [a] RUN y\n#1 <elapsed> two DONE 0.3s\n#1 DONE <elapsed>\n\n#2 [b] RUN x\n#2 <elapsed> one\n#2 DONE <elapsed>\n";
    assert_eq!(canonical(raw), expected);
    assert_eq!(canonical(expected), expected);
}

#[test]
fn progress_goes_where_its_end_is_told() {
    let raw = "#1 a\n#1 transferring context:\n#1 transferring context: 30B\n#1 transferring context: 1.5MB / 2MB 5.0s\n#1 transferring context: 2MB 5.1s done\n#1 extracting sha256:ab 0.1s\n#1 DONE 0.2s\n";
    let expected = "#1 a\n#1 transferring context: 2MB done\n#1 extracting sha256:ab 0.1s\n#1 DONE <elapsed>\n";
    assert_eq!(canonical(raw), expected);
}

#[test]
fn a_step_told_twice_is_told_once() {
    let raw = "#1 a\n#1 DONE 0.0s\n\n#1 a\n#1 DONE 0.0s\n";
    assert_eq!(canonical(raw), "#1 a\n#1 DONE <elapsed>\n");
    let doubled = "#1 a\n#1 DONE <elapsed>\n#1 DONE <elapsed>\n";
    assert_eq!(canonical(doubled), doubled);
    let cached = "#1 a\n#1 CACHED\n\n#1 a\n#1 CACHED\n";
    assert_eq!(canonical(cached), "#1 a\n#1 CACHED\n#1 CACHED\n");
}

#[test]
fn a_broken_order_is_left_alone_from_there() {
    for tail in [
        "\n#1 another name\n#1 DONE 0.3s\n",
        "\n#2 ...\n#2 DONE 0.3s\n",
        "\n#2 alone\n",
        "\n#2 b\n#2 DONE 0.3s",
        "\n\n#2 b\n#2 DONE 0.3s\n",
        "said\n",
        "\n#x b\n#x DONE 0.3s\n",
    ] {
        assert_eq!(canonical(&format!("#1 a\n#1 DONE 0.2s\n{tail}")), format!("#1 a\n#1 DONE <elapsed>\n{tail}"));
    }
}

#[test]
fn the_error_at_the_end_loses_times_in_its_frame_only() {
    let raw = "#1 a\n#1 ERROR: 0.3s\n------\n > a:\n0.305 before\nplain\n------\n0.305 after\n------\n0.305 x\n";
    let expected =
        "#1 a\n#1 ERROR: 0.3s\n------\n > a:\n<elapsed> before\nplain\n------\n0.305 after\n------\n0.305 x\n";
    assert_eq!(canonical(raw), expected);
}

#[test]
fn what_fits_no_form_stays() {
    for raw in ["", "said\n#1 a\n#1 DONE 0.2s\n", "#1 a\n#1 DONE 0.22s\n", "#1 a\n#1 0.12 x\n", "#1 a\n#1 DONE\n"] {
        assert_eq!(canonical(raw), raw);
    }
    assert_eq!(apply(b"#1 \xff\n#1 0.123 \xfe\n\xff"), b"#1 \xff\n#1 <elapsed> \xfe\n\xff");
}
