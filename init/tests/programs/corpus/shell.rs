//! Programs of shells and of the tools that they call.

use super::row::{Row, Section, Way};

const ANY: &[Row] = &[
    Row::fails("compare", "`date +%s` before and after `sleep 1.1` is the same"),
    Row::hangs("until", "`date +%s` never reaches a deadline"),
    Row::fails("give-up", "the same, with 30 tries"),
    Row::same("patient", "it waits 30 s by `date` at most for what comes before"),
    Row::same("order", "`date +%s%N` never goes backwards"),
    Row::fails("stamps", "backups that are named by the millisecond overwrite each other"),
    Row::same("dates", "`date -d tomorrow` is within a day and an hour"),
    Row::same("timeout", "`timeout` ends what takes too long, and nothing else"),
    Row::same("kill-after", "`timeout -k` kills what does not listen"),
    Row::same("flock", "`flock -w` gives up"),
    Row::same("age", "`ps -o etimes` goes by the time since the machine began"),
    Row::same("certificate", "`openssl` makes a certificate of a day, and finds it good"),
    Row::fails("started", "`ps -o lstart` is reckoned from `btime` in `/proc/stat`, the machine's time").differs(),
];

const BASH: &[Row] = &[
    Row::fails("seconds", "`$SECONDS` stays 0"),
    Row::fails("realtime", "`$EPOCHREALTIME` twice is how long it slept"),
    Row::fails("time", "the keyword `time` goes by the wall clock"),
    Row::same("read", "`read -t`, for what does not come and for what does"),
    Row::same("tmout", "`$TMOUT`"),
    Row::hangs("spin", "`$SECONDS` never reaches a deadline"),
    Row::same("wait", "`wait -n` for the first of two jobs"),
    Row::same("agree", "`$EPOCHSECONDS` and `date` agree"),
];

pub fn sections() -> Vec<Section> {
    let section = |title, source, ways, rows| Section { title, source, ways, of_files: false, rows };
    vec![
        section("Shell", "programs.sh", &[Way::By("dash")], ANY),
        section("Bash", "programs.bash", &[Way::By("bash")], BASH),
    ]
}
