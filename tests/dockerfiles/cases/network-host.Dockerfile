# what: RUN --network=host
# is: refused: Dockerfile:4: `RUN --network=host` is not allowed
FROM debian:bookworm-slim
RUN --network=host true
CMD ["echo", "ok"]
