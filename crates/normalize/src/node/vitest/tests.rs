//! Tests of the vitest normalizer, line form by line form; the recorded runs are in `properties.rs`.

use super::*;

fn canonical(raw: &str) -> String {
    String::from_utf8(apply(raw.as_bytes())).expect("text in, text out")
}

#[test]
fn files_are_sorted_with_what_they_printed() {
    let raw = "\n RUN  v3.2.7 /work\n\nstdout | b.test.ts > x\nsaid 12ms\n\n ✓ a (1).test.ts (1 test) 3ms\n \
               ✓ b.test.ts (2 tests | 1 skipped) 12ms\n\n Test Files  2 passed (2)\n";
    let expected = "\n RUN  v3.2.7 /work\n\n ✓ a (1).test.ts (1 test) <elapsed>\nstdout | b.test.ts > x\nsaid 12ms\n\n \
                    ✓ b.test.ts (2 tests | 1 skipped) <elapsed>\n\n Test Files  2 passed (2)\n";
    assert_eq!(canonical(raw), expected);
}

#[test]
fn a_project_name_stays_and_does_not_lead_the_order() {
    let raw = " ✓ |unit| b.test.ts (1 test) 3ms\n ✓ |web| a.test.ts (1 test) 3ms\n";
    assert_eq!(canonical(raw), " ✓ |web| a.test.ts (1 test) <elapsed>\n ✓ |unit| b.test.ts (1 test) <elapsed>\n");
}

#[test]
fn slow_tests_go_from_passed_files_only() {
    let raw = " ✓ a.ts (3 tests) 900ms\n   ✓ is slow  400ms\n   ✓ flaked  420ms (retry x1)\n   ✓ is slower  500ms\n";
    assert_eq!(canonical(raw), " ✓ a.ts (3 tests) <elapsed>\n   ✓ flaked <elapsed> (retry x1)\n");
    let raw =
        " ❯ a.ts (3 tests | 1 failed) 900ms\n   × bad 1ms\n     → two\nlines 5ms\n   ✓ slow  400ms\n   ↓ later 2ms\n";
    let expected = " ❯ a.ts (3 tests | 1 failed) <elapsed>\n   × bad <elapsed>\n     → two\nlines 5ms\n   ✓ slow <elapsed>\n   ↓ later 2ms\n";
    assert_eq!(canonical(raw), expected);
}

#[test]
fn what_a_test_printed_is_never_touched() {
    for text in [
        "stdout | a.ts > t\n   ✓ printed  400ms\n   Start at  12:00:00\n   Duration  1.00s\n\n",
        " ✓ a.ts (1 test) <elapsed>\nnot in the list\n   ✓ printed  400ms\n",
        " ✓ a.ts (1 thing) 12ms\n",
        " ✓ 12ms\n",
        " ✓ <elapsed>\n",
        " ✓ a.ts (1 test | 2 lost) 12ms\n",
        " a.ts (1 test) 12ms\n",
    ] {
        assert_eq!(canonical(text), text);
    }
}

#[test]
fn summary_times_go_and_counts_stay() {
    let raw = " Test Files  4 passed (4)\n      Tests  8 passed | 3 skipped (11)\n   Start at  17:45:11\n   \
               Duration  2.89s (transform 81ms, tests 1.60s)\n";
    let expected = " Test Files  4 passed (4)\n      Tests  8 passed | 3 skipped (11)\n   Start at  <time>\n   \
                    Duration  <elapsed> (transform <elapsed>, tests <elapsed>)\n";
    assert_eq!(canonical(raw), expected);
    for odd in
        ["   Start at  noon\n", "   Duration  2.89s (soon)\n", "   Duration  2.89s extra\n", "   Duration  long\n"]
    {
        let raw = format!(" Test Files  1 passed (1)\n{odd}");
        assert_eq!(canonical(&raw), raw);
    }
}

#[test]
fn an_unfinished_stream_keeps_its_last_line_last() {
    let raw = " ✓ b.ts (1 test) 3ms\n ✓ a.ts (1 test) 3ms\n ✓ A.ts (1 te";
    assert_eq!(canonical(raw), " ✓ a.ts (1 test) <elapsed>\n ✓ b.ts (1 test) <elapsed>\n ✓ A.ts (1 te");
    assert_eq!(apply(b"\xff\n\xfe"), b"\xff\n\xfe");
    assert_eq!(apply(b""), b"");
}
