# what: .dockerignore with an exception
# is: builds
# says: kept.md
FROM debian:bookworm-slim
COPY docs /docs
RUN ls /docs > /result
CMD ["cat", "/result"]
