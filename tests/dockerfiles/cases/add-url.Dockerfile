# what: ADD of a URL
# is: refused: 2:5: `ADD https://example.com/x.tgz`
FROM debian:bookworm-slim
ADD https://example.com/x.tgz /x
CMD ["echo", "ok"]
