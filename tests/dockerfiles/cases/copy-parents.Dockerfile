# syntax=docker/dockerfile:1.20
# what: COPY --parents
# is: builds
# says: src/lib/b.txt
FROM debian:bookworm-slim
WORKDIR /w
COPY --parents src/lib/*.txt ./
RUN find . -type f | sed 's|^./||' > /result
CMD ["cat", "/result"]
