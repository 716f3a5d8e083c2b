# what: RUN --mount=type=cache
# is: builds
# says: ok
FROM debian:bookworm-slim
RUN --mount=type=cache,target=/cache,id=one,sharing=locked echo kept > /cache/f
RUN --mount=type=cache,target=/cache,id=one cat /cache/f && echo ok > /result
CMD ["cat", "/result"]
