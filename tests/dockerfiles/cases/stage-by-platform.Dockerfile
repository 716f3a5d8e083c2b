# what: FROM build-$TARGETARCH
# is: builds
# says: ok
FROM debian:bookworm-slim AS build-amd64
FROM debian:bookworm-slim AS build-arm64
FROM build-$TARGETARCH
CMD ["echo", "ok"]
