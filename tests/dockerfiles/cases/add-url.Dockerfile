# what: ADD of a URL
# is: refused: Dockerfile:4: `ADD https://example.com/x.tgz`
FROM debian:bookworm-slim
ADD https://example.com/x.tgz /x
CMD ["echo", "ok"]
