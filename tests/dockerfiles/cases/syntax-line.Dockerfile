# syntax=docker/dockerfile:1.7-labs
# what: # syntax= names another front end
# is: builds
# says: ok
FROM debian:bookworm-slim
CMD ["echo", "ok"]
