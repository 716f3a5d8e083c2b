# what: git in a step, and a repository in the context
# is: builds
# says: 2026-01-02T03:04:05+00:00 0 changed
# bases: "debian:bookworm-slim" = "debian"
# frozen: "gitdebs"
# git: true
FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends git && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN git rev-parse --verify HEAD && echo "$(git log -1 --format=%cI) $(git status --porcelain server src | wc -l) changed" > /version
FROM debian:bookworm-slim
COPY --from=build /version /version
CMD ["cat", "/version"]
