# what: ADD of a git repository
# is: refused: 2:5: `ADD git@example.com:x/y.git`
FROM debian:bookworm-slim
ADD git@example.com:x/y.git /x
CMD ["echo", "ok"]
