# what: ARG in FROM
# is: builds
# says: ok
ARG TAG=bookworm-slim
FROM debian:${TAG}
CMD ["echo", "ok"]
