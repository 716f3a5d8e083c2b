//! How many processors programs are told of.

use crate::support::{self, need, text, under};

#[test]
fn programs_are_told_of_as_many_as_were_asked_for() {
    need("node", "nodejs");
    need("python3", "python3");
    let go = support::go("probe");
    for cpus in ["1", "3", "7"] {
        let option = format!("--cpus={cpus}");
        for program in [
            &["nproc"][..],
            &[text(&go), "processors"],
            &["python3", "-c", "import os; print(len(os.sched_getaffinity(0)))"],
            &["node", "-e", "console.log(require('os').availableParallelism())"],
        ] {
            assert_eq!(under(&[&option], program).output(), cpus, "{program:?}");
        }
    }
}

#[test]
fn a_bound_program_hears_the_truth() {
    assert_eq!(under(&["--cpus=4"], &["taskset", "-c", "0", "nproc"]).output(), "1");
    let go = support::go("probe");
    assert_eq!(under(&["--cpus=4"], &["taskset", "-c", "0", text(&go), "processors"]).output(), "1");
}
