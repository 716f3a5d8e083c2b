# what: ADD of files
# is: builds
# says: a
FROM debian:bookworm-slim
ADD --chmod=644 src/a.txt /result
CMD ["cat", "/result"]
