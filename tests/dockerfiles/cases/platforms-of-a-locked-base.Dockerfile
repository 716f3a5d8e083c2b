# what: Two platforms on a base that is locked for one
# is: refused: Dockerfile:4: `debian:bookworm-slim` is locked for linux/amd64, and this line takes it for linux/arm64
# platforms: "linux/amd64", "linux/arm64"
FROM debian:bookworm-slim
CMD ["echo", "never"]
