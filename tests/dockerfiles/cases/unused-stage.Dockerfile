# what: A stage that is not needed is not built
# is: builds
# says: ok
FROM debian:bookworm-slim AS broken
RUN false
FROM debian:bookworm-slim
CMD ["echo", "ok"]
