//! Images in shell lines of every kind.

use super::shell::*;
use crate::reference::{ReferencedTool, SourceKind};

fn images(text: &str) -> Vec<(usize, String, bool, bool)> {
    images_of(text, "run.sh")
}

fn images_of(text: &str, path: &str) -> Vec<(usize, String, bool, bool)> {
    let found =
        mentions_of_file(path, text, SourceKind::Script).into_iter().filter(|m| m.tool == ReferencedTool::Image);
    found.map(|m| (m.line, m.value, m.unclear.is_some(), m.look_alike.is_some())).collect()
}

#[test]
fn an_image_that_a_loop_builds_is_no_image_of_others() {
    let text = "for t in a b; do\n  docker build --tag \"app:$t\" .\ndone\nid=$(docker run app:a)\ndocker run apple:a\n\
                docker build -t \"$NAME\" .\ndocker run other:1\n";
    let expected = [(4, "app:a", false, true), (5, "apple:a", false, false), (7, "other:1", false, false)];
    assert_eq!(images(text), expected.map(|(line, text, unclear, built)| (line, text.to_owned(), unclear, built)));
}

#[test]
fn images_of_run_and_pull_are_found_behind_their_options() {
    let text = "IMG=alpine:3\ndocker run --rm -it -v \"$PWD:/src\" --name=x golang:1.26 go test ./...\n\
                sudo podman pull quay.io/a/b:1 && docker run \\\n  -e A=b \\\n  $IMG sh\n\
                docker build -t ours:dev .\ndocker run ours:dev\ndocker run \"$WHO\"\n# docker run no:1\ndocker ps -a\n";
    let expected = [
        (2, "golang:1.26", false, false),
        (3, "quay.io/a/b:1", false, false),
        (5, "alpine:3", false, false),
        (7, "ours:dev", false, true),
        (8, "$WHO", true, false),
    ];
    assert_eq!(images(text), expected.map(|(line, text, unclear, built)| (line, text.to_owned(), unclear, built)));
}

#[test]
fn makefiles_have_their_own_variables() {
    let text = "IMAGE ?= tools:1\nlint:\n\t@docker run --rm $(IMAGE) lint\n\t-docker pull ${OTHER}\n";
    assert_eq!(
        images_of(text, "Makefile"),
        [(3, "tools:1".to_owned(), false, false), (4, "${OTHER}".to_owned(), true, false)]
    );
    let nested = "dex: sh -c \"true && docker run --rm -p 1:1 dex:2 serve\"\n";
    assert_eq!(images(nested), [(1, "dex:2".to_owned(), false, false)]);
    let piped = "docs:\n\tgrep image a.yml | xargs -n 1 docker pull\n\tdocker run $(DOCKER_OPTS) x:1 true\n";
    assert_eq!(
        images_of(piped, "build/docs.mk"),
        [(2, "$(standard input)".to_owned(), true, false), (3, "x:1".to_owned(), false, false)]
    );
}

#[test]
fn lines_are_read_as_a_shell_reads_them() {
    let found = |text: &str| -> Vec<String> {
        let unclear = |unclear| if unclear { "?" } else { "" };
        images(text).into_iter().map(|(_, value, is_unclear, _)| format!("{value}{}", unclear(is_unclear))).collect()
    };
    for (text, expected) in [
        ("docker run -e A=it\\'s a:1 sh", &["a:1"][..]),
        ("docker run -e \"A=\\\"b c\\\"\" a:1 sh", &["a:1"]),
        ("docker run 2>&1 --rm a:1 >log", &["a:1"]),
        ("docker pull a:1>/dev/null&docker pull b:1", &["a:1", "b:1"]),
        ("x=$(docker run a:1) && (docker run b:1)", &["b:1", "a:1"]),
        ("x=`docker run a:1`", &["a:1"]),
        ("docker run $(cat image) sh", &["$(cat image)?"]),
        ("I=a:1\ndocker run $(I) sh", &["$(I)?"]),
        ("I='a:1' # pinned\ndocker run \"${I}\" sh # docker run no:1", &["a:1"]),
        ("docker run '$I' sh", &["$I?"]),
        ("docker run \"$(docker build -q .)\"", &["$(docker build -q .)?"]),
        ("docker run <image> a:1", &[]),
        ("echo it's\ndocker run a:1", &["a:1"]),
        ("docker run \\\r\n  a:1\r\n", &["a:1"]),
        ("echo \\\\\ndocker run a:1", &["a:1"]),
        ("bash -c \"docker run -e X=\\\"y\\\" a:1\"", &["a:1"]),
        ("- run: 'docker pull a:1", &["a:1"]),
        ("x='docker run -v '\"${P}\"':rw a:1'", &["a:1"]),
        ("docker run ${CI:+-e CI=$CI} a:1", &["a:1"]),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
    let make = "R := reg/x\nI ?= $(R):1\nall:\n\tdocker run $(I); docker run $$(cat f); docker run $$J; docker run $(shell cat g)\n";
    let expected = [("reg/x:1", false), ("$$(cat f)", true), ("$$J", true), ("$(shell cat g)", true)];
    assert_eq!(images_of(make, "Makefile"), expected.map(|(text, unclear)| (4, text.to_owned(), unclear, false)));
}

#[test]
fn a_place_is_that_of_the_name_within_its_quotes() {
    let place = |text: &str| {
        let found = mentions(text, SourceKind::Script);
        found.first().map(|mention| (mention.line, mention.column))
    };
    assert_eq!(place("\n docker run \\\n -e ä=1 'a:1'"), Some((3, 10)));
    assert_eq!(place("sh -c \"docker run 'a:1'\""), Some((1, 20)));
    assert_eq!(place("x=$(docker run \"a:1\")"), Some((1, 17)));
}
