# what: RUN --mount from an image that is not mapped
# is: refused: Dockerfile:4: `alpine:3.20` is not an image of the plan
FROM debian:bookworm-slim
RUN --mount=type=bind,from=alpine:3.20,target=/t ls /t
CMD ["echo", "ok"]
