# what: RUN <<EOF, RUN with an interpreter, COPY <<EOF
# is: builds
# says: one two three
FROM debian:bookworm-slim
RUN <<EOF
set -e
printf 'one ' > /result
EOF
RUN <<EOF bash
printf 'two ' >> /result
EOF
COPY <<-"EOF" /three
	three
EOF
RUN cat /three >> /result
CMD ["cat", "/result"]
