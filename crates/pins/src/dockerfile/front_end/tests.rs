use super::*;

fn found(text: &str) -> Vec<String> {
    refusals(text).into_iter().map(|refusal| format!("{}: {}", refusal.line, refusal.says)).collect()
}

/// What comes after a good beginning.
fn after_from(line: &str) -> Vec<String> {
    found(&format!("FROM debian\n{line}\n"))
}

#[test]
fn what_the_front_end_takes_is_let_pass() {
    for line in [
        "RUN",
        "RUN echo \\\n\n# a comment\n  b",
        "RUN cat <<EOF > /a <<-'F' > /b\nCOPY\nEOF\n\tF",
        "RUN [\"a\", \"b\"",
        "RUN [ 1, 2",
        "RUN --mount=type=cache,target=/c --mount=type=tmpfs,target=/t --network=none --security=sandbox true",
        "run --device=x true",
        "CMD []",
        "ENTRYPOINT [\"a\"]",
        "ENV A=b C='d e' F=\"g h\" I=j\\ k",
        "ENV A b =d",
        "LABEL \"a b\"=c",
        "COPY --link --chown=1:1 --chmod=755 --exclude=a --exclude=b --parents a b /",
        "COPY --link=FALSE -- --a /b",
        "COPY <<a <<\"b\" /x/\na\nb",
        "ADD --checksum=sha256:1 --keep-git-dir=true --unpack=false a /",
        "ADD [\"a b\", \"/\"]",
        "HEALTHCHECK --interval=1m30s --timeout=.5s --start-period=0 --start-interval=1.5h --retries=3 CMD true",
        "HEALTHCHECK --nothing NONE",
        "healthcheck cmd [\"a\"]",
        "ONBUILD RUN <<EOF\nFROM x\nEOF",
        "ONBUILD NOTHING",
        "VOLUME /a /b",
        "VOLUME [\"/a\"]",
        "SHELL [\"/bin/sh\", \"-c\"]",
        "STOPSIGNAL --x SIGTERM",
        "ARG --x A B=c",
        "USER a b",
        "MAINTAINER a b c",
        "FROM --platform=linux/amd64 x AS A-b_c.1",
        "RUN echo \"a <<EOF\"",
        "EXPOSE 80 $PORT",
    ] {
        assert_eq!(after_from(line), Vec::<String>::new(), "{line}");
    }
    for text in [
        "\u{feff}# syntax=x\n# escape=`\n# check=skip=all;error=true\nARG A\nFROM a`\n  AS b\n",
        "# anything\n# escape=^\nFROM a\n",
        "FROM a\r\nRUN <<EOF\r\nx\r\nEOF\r\n",
    ] {
        assert_eq!(found(text), Vec::<String>::new(), "{text}");
    }
    assert_eq!(after_from(&format!("RUN {}", "x".repeat(65_531))), Vec::<String>::new());
}

#[test]
fn each_class_of_refusal_has_its_line() {
    for (line, expected) in [
        ("RUN cat <<EOF\nx", "2: the here-document `<<EOF` has no end"),
        ("RUN cat << EOF\nx\n EOF", "2: the here-document `<<EOF` has no end"),
        ("RUN <<A <<B\nA", "2: the here-document `<<B` has no end"),
        ("ONBUILD COPY <<A /\nB", "2: the here-document `<<A` has no end"),
        ("RUM true", "2: unknown instruction: RUM"),
        ("true", "2: unknown instruction: true"),
        ("COPY --nothing src /src", "2: unknown flag: --nothing of COPY"),
        ("COPY --frm=a src /src", "2: unknown flag: --frm of COPY: did you mean --from?"),
        ("ENV --x A=b", "2: unknown flag: --x of ENV: it has no flags"),
        ("ONBUILD --x RUN a", "2: unknown flag: --x of ONBUILD"),
        ("COPY --link --link a /", "2: duplicate flag specified: --link"),
        ("COPY --link=maybe a /", "2: expecting boolean value for flag --link of COPY, not: maybe"),
        ("COPY --link= a /", "2: missing a value on flag: --link"),
        ("COPY --chown a /", "2: missing a value on flag: --chown"),
        ("RUN --mount= true", "2: `RUN --mount=` is empty"),
        ("COPY a", "2: COPY requires at least two arguments"),
        ("ADD []", "2: ADD requires at least two arguments"),
        ("COPY a <<EOF\nEOF", "2: COPY cannot accept a heredoc as a destination"),
        ("CMD [\"a\", 1]", "2: `CMD [\"a\", 1]`: a list in JSON may hold texts only"),
        ("ONBUILD CMD [1]", "2: `CMD [1]`: a list in JSON may hold texts only"),
        ("HEALTHCHECK CMD [null]", "2: `HEALTHCHECK [null]`: a list in JSON may hold texts only"),
        ("ENV A", "2: `ENV A`: ENV must have two arguments"),
        ("ENV A=b C", "2: `C` of `ENV` has no `=`"),
        ("LABEL =a", "2: `LABEL =a`: LABEL names can not be blank"),
        ("ENV", "2: ENV requires at least one argument"),
        ("ARG", "2: ARG requires at least one argument"),
        ("ARG =a", "2: `ARG =a`: ARG names can not be blank"),
        ("EXPOSE", "2: EXPOSE requires at least one argument"),
        ("VOLUME", "2: VOLUME requires at least one argument"),
        ("VOLUME [\"\"]", "2: VOLUME specified can not be an empty string"),
        ("USER", "2: USER requires exactly one argument"),
        ("WORKDIR", "2: WORKDIR requires exactly one argument"),
        ("STOPSIGNAL", "2: STOPSIGNAL requires exactly one argument"),
        ("MAINTAINER", "2: MAINTAINER requires exactly one argument"),
        ("SHELL sh -c", "2: `SHELL sh -c`: SHELL requires the arguments to be in JSON form"),
        ("SHELL []", "2: SHELL requires at least one argument"),
        ("ONBUILD ONBUILD RUN a", "2: Chaining ONBUILD"),
        ("ONBUILD FROM a", "2: FROM isn't allowed as an ONBUILD trigger"),
        ("HEALTHCHECK", "2: HEALTHCHECK requires at least one argument"),
        ("HEALTHCHECK NONE a", "2: HEALTHCHECK NONE takes no arguments"),
        ("HEALTHCHECK CMD", "2: missing command after HEALTHCHECK CMD"),
        ("HEALTHCHECK true", "2: unknown type `true` in HEALTHCHECK"),
        ("HEALTHCHECK --interval=5 CMD a", "2: `--interval=5` of HEALTHCHECK: expected a time"),
        ("HEALTHCHECK --timeout=1us CMD a", "2: `--timeout=1us` of HEALTHCHECK: it cannot be less than 1ms"),
        ("HEALTHCHECK --retries=-1 CMD a", "2: `--retries=-1` of HEALTHCHECK: expected a whole number"),
        ("FROM a b", "2: `FROM a b`: FROM requires either one or three arguments"),
        ("FROM a AS b # c", "2: `FROM a AS b # c`: FROM requires either one or three arguments"),
        ("FROM", "2: `FROM `: FROM requires either one or three arguments"),
        ("FROM a AS 1", "2: invalid name for build stage: `1`"),
        ("FROM a AS a/b", "2: invalid name for build stage: `a/b`"),
    ] {
        let found = after_from(line);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{line}: {found:?}\nexpected {expected}");
    }
}

#[test]
fn a_file_that_is_none_is_refused() {
    for (text, expected) in [
        ("", "1: the Dockerfile has no instructions"),
        ("# a comment\n\n", "1: the Dockerfile has no instructions"),
        ("RUN true\nFROM a\n", "1: `RUN` is before the first `FROM`"),
        ("# escape=^\nFROM a\n", "1: `# escape=^`: expected ` or \\"),
        ("# escape=`\n# escape=`\nFROM a\n", "2: `# escape=` is there twice"),
        ("# check=strict\nFROM a\n", "1: `# check=strict`: invalid check option `strict`"),
        ("# check=error=yes\nFROM a\n", "1: `# check=error=yes`: invalid check option `error=yes`"),
    ] {
        let found = found(text);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{text}: {found:?}\nexpected {expected}");
    }
    let long = format!("FROM a\nRUN {}\nRUM\n", "x".repeat(65_532));
    assert_eq!(found(&long), ["2: a line of 65536 bytes: expected at most 65535"]);
}
