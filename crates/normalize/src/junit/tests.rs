//! Tests of the JUnit normalizer, rule by rule; the recorded reports are in `properties.rs`.

use super::*;

fn canonical_of(raw: &str) -> String {
    String::from_utf8(apply(raw.as_bytes())).expect("text in, text out")
}

#[test]
fn times_dates_and_hosts_go_and_the_rest_stays_byte_for_byte() {
    let raw = "<?xml version='1.0' ?>\r\n<testsuites name=\"t\" tests='2' time = '1,234.5'>\n\t<testsuite hostname=\"me\" \
               timestamp=\"2026-11-23T00:17:38.673Z\" time=\"0\"  ><testcase name=\"a\" time=\"1e-05\"/></testsuite>\n\
               </testsuites>\n";
    let expected = "<?xml version='1.0' ?>\r\n<testsuites name=\"t\" tests='2' time = '&lt;elapsed&gt;'>\n\t<testsuite \
                    hostname=\"&lt;host&gt;\" timestamp=\"&lt;time&gt;\" time=\"&lt;elapsed&gt;\"  ><testcase name=\"a\" \
                    time=\"&lt;elapsed&gt;\"/></testsuite>\n</testsuites>\n";
    assert_eq!(canonical_of(raw), expected);
    assert_eq!(canonical_of(expected), expected);
}

#[test]
fn what_a_case_holds_is_never_touched() {
    let inner = "<testcase time=\"&lt;elapsed&gt;\"><failure time=\"1\" message=\"took 3ms\">time=\"2\"</failure><system-out>\
                 <testcase time=\"3\" timestamp=\"2026-11-23T00:17:38\"/></system-out></testcase><properties><property \
                 name=\"time\" value=\"4\" time=\"5\"/></properties>";
    let raw = format!("<testsuite>{inner}</testsuite>");
    assert_eq!(canonical_of(&raw), raw);
}

#[test]
fn values_of_another_shape_stay() {
    for attribute in [
        "time=\"soon\"",
        "time=\"\"",
        "time=\"1.5s\"",
        "time=\"-1\"",
        "time=\"1,\"",
        "timestamp=\"today\"",
        "timestamp=\"2026-11-23\"",
        "timestamp=\"2026-11-23T00:17:38+1\"",
        "timestamp=\"2026-11-23T00:17:38Z \"",
        "Time=\"1\"",
    ] {
        let raw = format!("<testsuite {attribute}></testsuite>");
        assert_eq!(canonical_of(&raw), raw);
    }
    for date in
        ["2026-11-23T00:17:38", "2026-11-23T00:17:38.1Z", "2026-11-23T00:17:38+01:00", "2026-11-23T00:17:38-01:00"]
    {
        assert!(is_date(date.as_bytes()), "{date}");
    }
}

#[test]
fn suites_are_sorted_where_nothing_else_stands_beside_them() {
    let raw = "<testsuites>\n  <testsuite name=\"b\" time=\"1\"/>\n\n <testsuite name=\"a\"><testcase/></testsuite></testsuites>";
    let expected = "<testsuites>\n  <testsuite name=\"a\"><testcase/></testsuite>\n\n <testsuite name=\"b\" \
                    time=\"&lt;elapsed&gt;\"/></testsuites>";
    assert_eq!(canonical_of(raw), expected);
    for raw in [
        "<testsuites><testsuite name=\"b\"/><testsuite name=\"a\"/><properties/></testsuites>",
        "<testsuite><testsuite name=\"b\"/><testsuite name=\"a\"/></testsuite>",
        "<testsuites><testsuite><testcase name=\"b\"/><testcase name=\"a\"/></testsuite></testsuites>",
    ] {
        assert_eq!(canonical_of(raw), raw);
    }
}

#[test]
fn only_the_closing_comment_of_node_is_a_time() {
    let raw = "<testsuites><!-- duration_ms 1 --><!-- todo 0 -->\n\t<!-- duration_ms 1.5 --></testsuites>";
    let expected =
        "<testsuites><!-- duration_ms 1 --><!-- todo 0 -->\n\t<!-- duration_ms &lt;elapsed&gt; --></testsuites>";
    assert_eq!(canonical_of(raw), expected);
    for raw in [
        "<testsuites><!-- todo 0 --><testsuite/><!-- duration_ms 1.5 --></testsuites>",
        "<testsuites><!-- todo 0 -->x<!-- duration_ms 1.5 --></testsuites>",
        "<testsuites><testsuite><!-- todo 0 --><!-- duration_ms 1.5 --></testsuite></testsuites>",
        "<testsuites><!-- todo 0 --><!-- duration_ms soon --></testsuites>",
    ] {
        assert_eq!(canonical_of(raw), raw);
    }
}

#[test]
fn what_is_no_report_stays() {
    for raw in [
        "<other time=\"1\"/>",
        "<testcase time=\"1\"/>",
        "<testsuite time=\"1\">",
        "<testsuite time=\"1\"/> and more",
        "said <testsuite time=\"1\"/>",
        "",
    ] {
        assert_eq!(canonical_of(raw), raw);
    }
    assert_eq!(apply(b"<testsuite time=\"1\">\xff</testsuite>"), b"<testsuite time=\"1\">\xff</testsuite>");
}
