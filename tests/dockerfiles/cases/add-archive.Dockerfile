# what: ADD of an archive unpacks it
# is: builds
# says: packed
FROM debian:bookworm-slim
ADD packed.tar /p
CMD ["cat", "/p/f"]
