# what: A flag that no front end knows
# is: refused: Dockerfile:4: unknown flag: --nothing of COPY
FROM debian:bookworm-slim
COPY --nothing src /src
CMD ["echo", "ok"]
