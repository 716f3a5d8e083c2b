# what: RUN --mount=type=ssh that need not be there
# is: builds
# says: ok
FROM debian:bookworm-slim
RUN --mount=type=ssh echo ok > /result
CMD ["cat", "/result"]
