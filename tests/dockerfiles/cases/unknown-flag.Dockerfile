# what: A flag that no front end knows
# is: fails: unknown flag: --nothing
FROM debian:bookworm-slim
COPY --nothing src /src
CMD ["echo", "ok"]
