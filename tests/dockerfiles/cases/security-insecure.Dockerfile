# what: RUN --security=insecure
# is: refused: Dockerfile:4: `RUN --security=insecure` is not allowed
FROM debian:bookworm-slim
RUN --security=insecure true
CMD ["echo", "ok"]
