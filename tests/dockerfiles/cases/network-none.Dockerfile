# what: RUN --network=none
# is: builds
# says: ok
FROM debian:bookworm-slim
RUN --network=none echo ok > /result
CMD ["cat", "/result"]
