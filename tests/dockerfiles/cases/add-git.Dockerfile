# what: ADD of a git repository
# is: refused: Dockerfile:4: `ADD git@example.com:x/y.git`
FROM debian:bookworm-slim
ADD git@example.com:x/y.git /x
CMD ["echo", "ok"]
