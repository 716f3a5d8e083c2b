# what: RUN --security=insecure
# is: fails: security.insecure is not allowed
FROM debian:bookworm-slim
RUN --security=insecure true
CMD ["echo", "ok"]
