# what: FROM name:tag@sha256 written out
# is: builds
# says: ok
FROM debian:bookworm-slim@sha256:1111111111111111111111111111111111111111111111111111111111111111
CMD ["echo", "ok"]
