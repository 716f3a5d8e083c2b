# what: COPY --from a stage, a number, an image
# is: builds
# says: one two root
FROM debian:bookworm-slim AS one
RUN printf 'one ' > /one
FROM debian:bookworm-slim
RUN printf 'two ' > /two
FROM debian:bookworm-slim
COPY --from=one /one /r/1
COPY --from=1 /two /r/2
COPY --from=debian:bookworm-slim /etc/passwd /r/passwd
RUN (cat /r/1 /r/2; head -c 4 /r/passwd; echo) > /result
CMD ["cat", "/result"]
