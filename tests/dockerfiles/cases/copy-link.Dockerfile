# what: COPY --link
# is: builds
# says: a
FROM debian:bookworm-slim
COPY --link src/a.txt /result
CMD ["cat", "/result"]
