# what: WORKDIR, relative and absolute
# is: builds
# says: /a/b
FROM debian:bookworm-slim
WORKDIR /a
WORKDIR b
RUN pwd > /result
CMD ["cat", "/result"]
